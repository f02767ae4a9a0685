//! Store uploaded images, and reject anything that is not an image or is too large.
//!
//! The prompt is in README.md. The route, the folder, the responses and the errors are given; you
//! write what the form contains, what happens to the file and how a form is rejected.
//! Change anything you like: types, signatures and crates.
//!
//! Run it with `cargo xtask run 20`, and check it on every save with `cargo xtask watch 20`.

use std::{fs, io, path::PathBuf};

use actix_multipart::form::MultipartForm;
use actix_web::{App, HttpResponse, HttpServer, ResponseError, http::StatusCode, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let uploads = web::Data::new(Uploads::open()?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(uploads.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/upload").post(upload_image));
}

async fn upload_image(
    uploads: web::Data<Uploads>,
    form: MultipartForm<UploadForm>,
) -> HttpResponse {
    // TODO: store the image and return `Uploaded`, or return an `UploadError`.
    shared::not_implemented((&uploads.directory, form))
}

#[derive(MultipartForm)]
struct UploadForm {
    // TODO: the field `file` and its size limit.
}

#[derive(Serialize)]
#[allow(dead_code, reason = "the handler returns it once it is written")]
struct Uploaded {
    message: &'static str,
    file: StoredFile,
}

#[derive(Serialize)]
#[allow(dead_code, reason = "the handler returns it once it is written")]
struct StoredFile {
    filename: String,
    size: usize,
    path: PathBuf,
}

struct Uploads {
    /// Holds the images.
    directory: PathBuf,
}

impl Uploads {
    fn open() -> Result<Self, shared::StartError> {
        let directory = shared::path_setting("UPLOAD_DIR", "uploads");
        if directory.to_str().is_none() {
            return Err(shared::StartError::new("UPLOAD_DIR must be UTF-8: responses contain it"));
        }
        fs::create_dir_all(&directory).map_err(|error| {
            shared::StartError::new(format!("UPLOAD_DIR {directory:?} cannot be created: {error}"))
        })?;
        Ok(Self { directory })
    }
}

/// Why an upload is not stored. `shared::json_errors` writes the JSON body.
#[derive(Debug, thiserror::Error)]
#[allow(dead_code, reason = "the handler returns it once it is written")]
enum UploadError {
    /// 400: the field `file` is missing or empty.
    #[error("No file uploaded")]
    NoFile,
    /// 400: the content is not JPEG, PNG or GIF.
    #[error("Only images allowed")]
    NotAnImage,
    /// 413: the file or the form is too large.
    #[error("Upload too large")]
    TooLarge,
    /// 500: the file cannot be stored.
    #[error("failed to store the file: {0}")]
    Disk(#[from] io::Error),
}

impl ResponseError for UploadError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoFile | Self::NotAnImage => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Disk(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
