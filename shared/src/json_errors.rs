use std::io::{self, Write};

use actix_web::{
    Error, HttpResponse, Result,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    error::{InternalError, JsonPayloadError},
    http::{
        Method, StatusCode, Uri,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::{Next, from_fn},
};
use serde_json::json;

/// Middleware that sends every error as `{"error": "<message>"}`: errors that handlers and inner
/// middleware return, failed extractors, unknown routes and methods.
///
/// A client error (4xx) carries the message of the error. A server error (5xx) carries only the
/// reason phrase of its status, and its cause goes to stderr as one line with the method and the
/// path. The status and the headers of the response stay as they are. So does a body that is
/// already JSON, with the media type `application/json` or one that ends in `+json`.
///
/// Without this middleware actix-web sends the message of an error as `text/plain`.
pub fn json_errors<S, B>() -> impl Transform<
    S,
    ServiceRequest,
    Response = ServiceResponse<EitherBody<B>>,
    Error = Error,
    InitError = (),
>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    from_fn(send_errors_as_json)
}

async fn send_errors_as_json<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    match next.call(request).await {
        Ok(response) => {
            let status = response.status();
            let error = response.response().error();
            log_server_error(status, error, &method, &uri);
            let is_error = status.is_client_error() || status.is_server_error();
            if !is_error || is_json(response.headers()) {
                return Ok(response.map_into_left_body());
            }
            let (status, body) = describe(status, error);
            let mut response = response.map_body(|head, _| {
                head.headers.insert(header::CONTENT_TYPE, JSON);
                EitherBody::right(body)
            });
            *response.response_mut().status_mut() = status;
            Ok(response)
        }
        // The request went with the call, so there is nothing to build a `ServiceResponse` from.
        Err(error) => {
            let response = error.error_response();
            log_server_error(response.status(), Some(&error), &method, &uri);
            let response =
                if is_json(response.headers()) { response } else { into_json(response, &error) };
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn into_json(response: HttpResponse, error: &Error) -> HttpResponse {
    let (status, body) = describe(response.status(), Some(error));
    let mut response = response.set_body(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The status and the body to send for a response with `status` that `error` led to.
fn describe(status: StatusCode, error: Option<&Error>) -> (StatusCode, BoxBody) {
    let status = match error {
        Some(error) if is_wrong_content_type(error) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        _ => status,
    };
    let message = match error {
        Some(error) if status.is_client_error() => error.to_string(),
        _ => status.canonical_reason().unwrap_or("Error").to_owned(),
    };
    (status, BoxBody::new(json!({ "error": message }).to_string()))
}

/// `Debug` escapes line breaks, so that a cause is always one line, and shows the sources that
/// `Display` leaves out.
fn log_server_error(status: StatusCode, error: Option<&Error>, method: &Method, uri: &Uri) {
    // The response of a handler that is still to be written is not a failure.
    if !status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED {
        return;
    }
    let path = uri.path().escape_debug();
    // Nobody is left to tell when stderr is closed.
    let _ = match error {
        Some(error) => writeln!(io::stderr(), "{status} {method} {path}: {error:?}"),
        None => writeln!(io::stderr(), "{status} {method} {path}"),
    };
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// actix-web responds with 400 to a body that is not declared as JSON; HTTP has 415 for it.
fn is_wrong_content_type(error: &Error) -> bool {
    matches!(error.as_error(), Some(JsonPayloadError::ContentType))
}
