use actix_web::HttpResponse;
use serde_json::json;

/// The response of a handler that is still to be written: 501 Not Implemented.
///
/// `inputs` is what the handler will work with; naming it here keeps the compiler from reporting it
/// as unused. `todo!()` would drop the connection instead, and a check could only report that no
/// response arrived.
pub fn not_implemented<T>(inputs: T) -> HttpResponse {
    drop(inputs);
    HttpResponse::NotImplemented().json(json!({ "error": "not implemented yet" }))
}
