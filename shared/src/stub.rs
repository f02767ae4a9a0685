use actix_web::HttpResponse;
use serde_json::json;

/// The answer of a handler that is still to be written: 501 Not Implemented.
///
/// `inputs` is what the handler has to work with. `todo!()` would drop the connection instead,
/// and a check could only say that nothing came back.
pub fn not_implemented<T>(inputs: T) -> HttpResponse {
    drop(inputs);
    HttpResponse::NotImplemented().json(json!({ "error": "not implemented yet" }))
}
