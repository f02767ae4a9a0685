//! Refuse an invalid user and name every mistake at once.
//!
//! Each rule stands at the field it is about, and `#[derive(Validate)]` checks all of them before
//! it reports. What is missing is read as empty text: serde would stop at the first member that
//! is not there, and the client would learn of its mistakes one by one.
//!
//! Parsing into newtypes, which cannot hold an invalid name at all, is stronger wherever the value
//! lives on; but a parser gives up at its first error. What is no text is refused by serde after
//! all, so the errors of the extractor are put into the same shape.
//!
//! Run it with `cargo run -p q12-request-validation`, then
//! `curl -i --json '{"name":"A","email":"nobody"}' http://127.0.0.1:3000/users`.

use std::fmt;

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer, ResponseError, error::JsonPayloadError,
    http::StatusCode, web,
};
use serde::{Deserialize, Deserializer, Serialize};
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
    cfg.app_data(web::JsonConfig::default().error_handler(refuse_body))
        .service(web::resource("/users").post(create_user));
}

async fn create_user(user: web::Json<User>) -> Result<HttpResponse, Invalid> {
    user.validate()?;
    Ok(HttpResponse::Created().json(user.into_inner()))
}

/// A body that cannot be parsed is one mistake; its size and content type are not the user's.
fn refuse_body(error: JsonPayloadError, _: &HttpRequest) -> Error {
    match error {
        JsonPayloadError::Deserialize(error) => Invalid { errors: vec![error.to_string()] }.into(),
        error => error.into(),
    }
}

#[derive(Serialize, Deserialize, Validate)]
struct User {
    #[serde(default, deserialize_with = "trimmed")]
    #[validate(length(min = 2, message = "name must have at least 2 characters"))]
    name: String,
    #[serde(default)]
    #[validate(email(message = "email must be an address like ada@example.com"))]
    email: String,
}

fn trimmed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|text| text.trim().to_owned())
}

/// 400: what is wrong with the user, one text per mistake.
#[derive(Debug, Serialize)]
struct Invalid {
    errors: Vec<String>,
}

impl From<ValidationErrors> for Invalid {
    fn from(errors: ValidationErrors) -> Self {
        let errors = errors.field_errors().into_values().flatten();
        let mut errors: Vec<_> = errors.map(ToString::to_string).collect();
        // The fields come from a hash map.
        errors.sort();
        Self { errors }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.errors.join(", "))
    }
}

impl ResponseError for Invalid {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(self)
    }
}
