//! A REST API for todos, kept in memory and shared by all workers.
//!
//! The prompt is in README.md. The routes and signatures are given; the handlers are yours, and so is
//! what `Todos` contains.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 13`, and check it on every save with `cargo xtask watch 13`.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let todos = web::Data::new(Todos::default());
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(todos.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/todos").get(list_todos).post(create_todo))
        .service(web::resource("/todos/{id}").get(get_todo).put(update_todo).delete(delete_todo));
}

async fn list_todos(todos: web::Data<Todos>) -> HttpResponse {
    // TODO: 200 with all todos, in order of creation.
    shared::not_implemented(todos)
}

async fn create_todo(todos: web::Data<Todos>, new: web::Json<NewTodo>) -> HttpResponse {
    // TODO: 201 with the new todo and its location, or 400 without a title.
    shared::not_implemented((todos, new))
}

async fn get_todo(todos: web::Data<Todos>, id: web::Path<u64>) -> HttpResponse {
    // TODO: 200 with the todo, or 404.
    shared::not_implemented((todos, id))
}

async fn update_todo(
    todos: web::Data<Todos>,
    id: web::Path<u64>,
    patch: web::Json<TodoPatch>,
) -> HttpResponse {
    // TODO: 200 with the changed todo, or 404. Properties that the body omits do not change.
    shared::not_implemented((todos, id, patch))
}

async fn delete_todo(todos: web::Data<Todos>, id: web::Path<u64>) -> HttpResponse {
    // TODO: 204, or 404.
    shared::not_implemented((todos, id))
}

#[derive(Deserialize)]
struct NewTodo {
    // TODO: the properties of a new todo.
}

#[derive(Deserialize)]
struct TodoPatch {
    // TODO: the properties of an update.
}

#[derive(Default)]
struct Todos {
    // TODO: the state that all workers share.
}
