use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::ServiceResponse,
    error::JsonPayloadError,
    http::{
        StatusCode,
        header::{self, ContentType, TryIntoHeaderValue},
    },
    middleware::{ErrorHandlerResponse, ErrorHandlers},
};
use serde_json::json;

/// Middleware that sends every error as `{"error": "<message>"}`: errors that handlers return,
/// failed extractors, unknown routes and methods.
///
/// A client's mistake is explained by the error's own message, a server's failure only by the
/// reason phrase of its status. A response that is JSON already stays as it is.
pub fn json_errors<B: MessageBody + 'static>() -> ErrorHandlers<B> {
    ErrorHandlers::new().default_handler(into_json)
}

fn into_json<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
) -> actix_web::Result<ErrorHandlerResponse<B>> {
    if is_json(&response) {
        return Ok(ErrorHandlerResponse::Response(response.map_into_left_body()));
    }

    let error = response.response().error();
    let status = match error {
        Some(error) if is_wrong_content_type(error) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        _ => response.status(),
    };
    let message = match error {
        Some(error) if status.is_client_error() => error.to_string(),
        _ => status.canonical_reason().unwrap_or("Error").to_owned(),
    };

    let mut response =
        response.map_body(|_, _| BoxBody::new(json!({ "error": message }).to_string()));
    *response.response_mut().status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, ContentType::json().try_into_value()?);
    Ok(ErrorHandlerResponse::Response(response.map_into_right_body()))
}

fn is_json<B>(response: &ServiceResponse<B>) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

/// actix-web answers 400 to a body that does not say it is JSON; HTTP has 415 for it.
fn is_wrong_content_type(error: &Error) -> bool {
    matches!(error.as_error(), Some(JsonPayloadError::ContentType))
}
