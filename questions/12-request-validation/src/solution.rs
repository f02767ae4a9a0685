//! Reject an invalid user and report every error at once.
//!
//! Each rule is an attribute of the field that it is about, and `#[derive(Validate)]` checks all of
//! them before it reports. serde would stop at the first property that is missing or not a string,
//! so both are read as an empty string, which the rules then reject like any other.
//!
//! Newtypes that cannot hold an invalid name are stronger wherever the value is used later, but a
//! parser stops at its first error. The email rule is the one that browsers use: ASCII only. To
//! accept `jörg@example.com`, use another rule; in any case, send a confirmation email.
//!
//! Run it with `cargo run -p q12-request-validation`, then
//! `curl -i --json '{"name":"A","email":"nobody"}' http://127.0.0.1:3000/users`.

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer, ResponseError, error::JsonPayloadError,
    http::StatusCode, web,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use validator::{Validate, ValidationErrors};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| App::new().wrap(shared::json_errors()).configure(routes))
        .workers(shared::workers())
        .shutdown_timeout(3)
        .listen(shared::listen!()?)?
        .run()
        .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::JsonConfig::default().error_handler(reject_body))
        .service(web::resource("/users").post(create_user));
}

async fn create_user(user: web::Json<User>) -> Result<HttpResponse, InvalidUser> {
    user.validate()?;
    Ok(HttpResponse::Created().json(user.into_inner()))
}

/// A body without a user is invalid too. Its size and content type have responses of their own.
fn reject_body(error: JsonPayloadError, _: &HttpRequest) -> Error {
    match error {
        JsonPayloadError::Deserialize(_) => InvalidUser {
            errors: vec!["the body must be a JSON object with name and email".to_owned()],
        }
        .into(),
        error => error.into(),
    }
}

#[derive(Serialize, Deserialize, Validate)]
struct User {
    #[serde(default, deserialize_with = "trimmed")]
    #[validate(length(min = 2, message = "name must be a string of at least 2 characters"))]
    name: String,
    #[serde(default, deserialize_with = "trimmed")]
    #[validate(email(message = "email must be an address like ada@example.com"))]
    email: String,
}

/// A string without the whitespace around it; empty if the value is not a string.
fn trimmed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().unwrap_or_default().trim().to_owned())
}

/// 400: what is wrong with the user, one message per problem.
#[derive(Debug, Serialize, thiserror::Error)]
#[error("{}", errors.join(", "))]
struct InvalidUser {
    errors: Vec<String>,
}

impl From<ValidationErrors> for InvalidUser {
    fn from(errors: ValidationErrors) -> Self {
        let errors = errors.field_errors().into_values().flatten();
        let mut errors: Vec<_> = errors.map(ToString::to_string).collect();
        // The fields come from a hash map.
        errors.sort();
        Self { errors }
    }
}

impl ResponseError for InvalidUser {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(self)
    }
}
