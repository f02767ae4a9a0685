//! Store uploaded images, and reject anything that is not an image or is too large.
//!
//! The form extractor writes the field to a temporary file as it arrives, so memory does not grow
//! with the upload. That file deletes itself unless it is moved to its final name: a rejected
//! upload, a client that hangs up and a disk error leave nothing behind, without any cleanup code.
//!
//! Nothing that the client says about the file is used: the first bytes decide what it is and give
//! the extension, and its name is a random number. Reading the field by hand with `Multipart` could
//! reject a text file at its first byte instead of its last; it costs a loop, a counter and a guard
//! that cleans up. A signature catches errors, not attacks: a service that shows uploads to others
//! decodes and re-encodes them.
//!
//! Run it with `cargo run -p q20-file-upload`, then
//! `curl -i -F file=@photo.png http://127.0.0.1:3000/upload`.

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
};

use actix_multipart::{
    MultipartError,
    form::{
        MultipartForm, MultipartFormConfig,
        tempfile::{TempFile, TempFileConfig},
    },
};
use actix_web::{
    App, HttpRequest, HttpServer, ResponseError, error::PayloadError, http::StatusCode, web,
};
use serde::Serialize;
use uuid::Uuid;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let uploads = web::Data::new(Uploads::open()?);
    // In the same folder as the images, because a rename works only within a file system.
    let temporary_files = TempFileConfig::default().directory(&uploads.directory);
    // Room for an image and for the other fields that a browser may send.
    let forms = MultipartFormConfig::default().total_limit(6 << 20).error_handler(reject_form);
    HttpServer::new(move || {
        App::new()
            .wrap(shared::json_errors())
            .app_data(uploads.clone())
            .app_data(temporary_files.clone())
            .app_data(forms.clone())
            .configure(routes)
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
) -> Result<web::Json<Uploaded>, UploadError> {
    let file = form.into_inner().file.filter(|file| file.size > 0).ok_or(UploadError::NoFile)?;
    let stored = web::block(move || uploads.store(file)).await;
    let file = stored.map_err(|error| UploadError::Disk(io::Error::other(error)))??;
    Ok(web::Json(Uploaded { message: "File uploaded", file }))
}

/// The extractor responds with 400 to a form or field that exceeds its limit.
fn reject_form(error: MultipartError, _: &HttpRequest) -> actix_web::Error {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => UploadError::TooLarge.into(),
        other => other.into(),
    }
}

#[derive(MultipartForm)]
struct UploadForm {
    #[multipart(limit = "5 MiB")]
    file: Option<TempFile>,
}

#[derive(Serialize)]
struct Uploaded {
    message: &'static str,
    file: StoredFile,
}

#[derive(Serialize)]
struct StoredFile {
    filename: String,
    size: usize,
    path: PathBuf,
}

struct Uploads {
    /// Holds the images, and their temporary files while they arrive.
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

    /// Moves the file to its final name if it is an image. Blocks.
    fn store(&self, upload: TempFile) -> Result<StoredFile, UploadError> {
        let TempFile { mut file, size, .. } = upload;
        let mut head = Vec::new();
        file.by_ref().take(8).read_to_end(&mut head)?;
        let extension = image_extension(&head).ok_or(UploadError::NotAnImage)?;

        // A temporary file is private to its owner, but a web server should be able to read this one.
        #[cfg(unix)]
        file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        let filename = format!("{}.{extension}", Uuid::new_v4());
        let path = self.directory.join(&filename);
        file.persist(&path).map_err(|error| error.error)?;
        Ok(StoredFile { filename, size, path })
    }
}

/// The extension for the signature in the first 8 bytes.
fn image_extension(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xff, 0xd8, 0xff, ..] => Some("jpg"),
        b"\x89PNG\r\n\x1a\n" => Some("png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("gif"),
        _ => None,
    }
}

/// Why an upload is not stored. `shared::json_errors` writes the JSON body.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    /// 400: the field `file` is missing or empty.
    #[error("No file uploaded")]
    NoFile,
    /// 400: the content is not JPEG, PNG or GIF.
    #[error("Only images allowed")]
    NotAnImage,
    /// 413: the file is larger than 5 MiB, or the form is larger than 6 MiB.
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
