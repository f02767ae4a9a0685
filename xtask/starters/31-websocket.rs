//! Let clients join rooms over a WebSocket and message everyone in them.
//!
//! The prompt is in README.md. Routes and signatures are given; the handler is yours, and so is
//! what `Lobby` holds. Change whatever you like.
//!
//! Run it with `cargo xtask run 31`, and judge it on every save with `cargo xtask watch 31`.

use std::sync::Mutex;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

/// The most that a message may have, in one frame or in several.
const MESSAGE_LIMIT: usize = 64 * 1024;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let lobby = web::Data::new(Mutex::new(Lobby::default()));
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(lobby.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/ws").get(open_socket))
        .service(web::resource("/ws/{namespace}").get(open_socket));
}

async fn open_socket(
    request: HttpRequest,
    body: web::Payload,
    namespace: Option<web::Path<String>>,
    lobby: web::Data<Mutex<Lobby>>,
) -> HttpResponse {
    // TODO: 101, and a task that welcomes the client, hears what it says and sends what it is to hear.
    // `actix_ws::handle` makes the answer, a session to send with and a stream of what comes in.
    shared::not_implemented((request, body, namespace, lobby, MESSAGE_LIMIT))
}

#[derive(Default)]
struct Lobby {
    // TODO: who is connected, and who is in which room.
}
