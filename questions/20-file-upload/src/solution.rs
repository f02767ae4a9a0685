//! Store uploaded images, and refuse what is no image or too large.
//!
//! The form extractor writes the field into a temporary file as it arrives, so memory does not
//! grow with the upload. That file removes itself unless it is given a name for good: a refusal, a
//! client that hangs up and an error of the disk leave nothing behind, and no line here cleans up.
//!
//! Nothing that the client says about the file is used. Its first bytes decide what it is and give
//! the extension, and a random number is its name. Reading the field by hand with `Multipart` could
//! refuse a text at its first byte and not at its last; it would need a loop, a counter and a guard
//! that cleans up. Looking at signatures keeps mistakes out, not attackers: whoever shows uploads
//! to others decodes and encodes them again.
//!
//! Run it with `cargo run -p q20-file-upload`, then
//! `curl -i -F file=@photo.png http://127.0.0.1:3000/upload`.

use std::{
    env, fmt, fs,
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
    // Beside the images, because a file can be renamed only within its file system.
    let temporary_files = TempFileConfig::default().directory(&uploads.directory);
    HttpServer::new(move || {
        App::new()
            .wrap(shared::json_errors())
            .app_data(uploads.clone())
            .app_data(temporary_files.clone())
            .app_data(MultipartFormConfig::default().error_handler(refuse_form))
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

/// The extractor reports a field beyond its limit as 400.
fn refuse_form(error: MultipartError, _: &HttpRequest) -> actix_web::Error {
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
    /// Holds the images, and while they arrive their temporary files.
    directory: PathBuf,
}

impl Uploads {
    fn open() -> Result<Self, shared::StartError> {
        let directory = env::var("UPLOAD_DIR").unwrap_or_else(|_| "uploads".to_owned()).into();
        fs::create_dir_all(&directory).map_err(|error| {
            shared::StartError::new(format!("UPLOAD_DIR {directory:?} cannot be made: {error}"))
        })?;
        Ok(Self { directory })
    }

    /// Gives the file a name for good if it is an image. Blocks.
    fn store(&self, upload: TempFile) -> Result<StoredFile, UploadError> {
        let TempFile { mut file, size, .. } = upload;
        let mut head = Vec::new();
        file.by_ref().take(8).read_to_end(&mut head)?;
        let extension = image_extension(&head).ok_or(UploadError::NotAnImage)?;

        let filename = format!("{}.{extension}", Uuid::new_v4());
        let path = self.directory.join(&filename);
        file.persist(&path).map_err(|error| error.error)?;
        Ok(StoredFile { filename, size, path })
    }
}

/// By the signature in the first 8 bytes.
fn image_extension(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xff, 0xd8, 0xff, ..] => Some("jpg"),
        b"\x89PNG\r\n\x1a\n" => Some("png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("gif"),
        _ => None,
    }
}

#[derive(Debug)]
enum UploadError {
    /// 400: there is no field `file`, or nothing is in it.
    NoFile,
    /// 400: the content is neither JPEG nor PNG nor GIF.
    NotAnImage,
    /// 413: the file has more than 5 MiB.
    TooLarge,
    /// 500: the file cannot be stored.
    Disk(io::Error),
}

impl From<io::Error> for UploadError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("No file uploaded"),
            Self::NotAnImage => f.write_str("Only images allowed"),
            Self::TooLarge => f.write_str("File too large"),
            Self::Disk(error) => write!(f, "failed to store the file: {error}"),
        }
    }
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
