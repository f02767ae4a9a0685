//! Store uploaded images, and refuse what is no image or too large.
//!
//! The prompt is in README.md. The route is given, and so is the folder; what the form holds, what
//! becomes of it and how it is refused is yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 20`, and judge it on every save with `cargo xtask watch 20`.

use std::{env, fs, path::PathBuf};

use actix_multipart::form::MultipartForm;
use actix_web::{App, HttpResponse, HttpServer, web};

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
    // TODO: 200 with what has been stored, or why nothing has.
    shared::not_implemented((&uploads.directory, form))
}

#[derive(MultipartForm)]
struct UploadForm {
    // TODO: the field of the form, and its limit.
}

struct Uploads {
    /// Holds the images.
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
}
