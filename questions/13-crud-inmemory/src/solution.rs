//! A REST API for todos, kept in memory and shared by all workers.
//!
//! actix-web calls the factory in `main` once per worker, so the todos are created outside it and
//! every worker gets a handle to the same ones. A `BTreeMap` keyed by a number that only grows
//! finds a todo by id, lists todos in order of creation, and never reuses an id.
//!
//! A `Mutex` is enough: it is held for a lookup and never across an `.await`. A `RwLock` pays off
//! only when reads take long; a `DashMap` needs a separate counter and loses the order. A title is
//! checked where it is parsed, so no handler can forget it. The list has no upper bound here; an API
//! for other people's todos needs one, per user, and pages.
//!
//! Run it with `cargo run -p q13-crud-inmemory`, then `curl -i http://127.0.0.1:3000/todos`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer, ResponseError,
    error::PathError,
    http::{StatusCode, header},
    web,
};
use serde::{Deserialize, Serialize};

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
    cfg.app_data(web::PathConfig::default().error_handler(reject_id))
        .service(web::resource("/todos").get(list_todos).post(create_todo))
        .service(web::resource("/todos/{id}").get(get_todo).put(update_todo).delete(delete_todo));
}

/// No todo has an id that is not a number.
fn reject_id(_: PathError, _: &HttpRequest) -> Error {
    NotFound.into()
}

async fn list_todos(todos: web::Data<Todos>) -> web::Json<Vec<Todo>> {
    web::Json(todos.lock().by_id.values().cloned().collect())
}

async fn create_todo(todos: web::Data<Todos>, new: web::Json<NewTodo>) -> HttpResponse {
    let NewTodo { title, completed } = new.into_inner();
    let todo = todos.lock().insert(title, completed);
    HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/todos/{}", todo.id)))
        .json(todo)
}

async fn get_todo(
    todos: web::Data<Todos>,
    id: web::Path<u64>,
) -> Result<web::Json<Todo>, NotFound> {
    let todo = todos.lock().by_id.get(&id).cloned();
    todo.map(web::Json).ok_or(NotFound)
}

async fn update_todo(
    todos: web::Data<Todos>,
    id: web::Path<u64>,
    patch: web::Json<TodoPatch>,
) -> Result<web::Json<Todo>, NotFound> {
    let TodoPatch { title, completed } = patch.into_inner();
    let mut todos = todos.lock();
    let todo = todos.by_id.get_mut(&id).ok_or(NotFound)?;
    if let Some(title) = title {
        todo.title = title;
    }
    if let Some(completed) = completed {
        todo.completed = completed;
    }
    Ok(web::Json(todo.clone()))
}

async fn delete_todo(
    todos: web::Data<Todos>,
    id: web::Path<u64>,
) -> Result<HttpResponse, NotFound> {
    todos.lock().by_id.remove(&id).ok_or(NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Clone, Serialize)]
struct Todo {
    id: u64,
    title: Title,
    completed: bool,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with a title")]
struct NewTodo {
    title: Title,
    #[serde(default)]
    completed: bool,
}

/// An update. A property that is absent does not change.
#[derive(Deserialize)]
#[serde(expecting = "an object with the properties to change")]
struct TodoPatch {
    title: Option<Title>,
    completed: Option<bool>,
}

/// A string that is not empty and not only whitespace.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Title(String);

impl TryFrom<String> for Title {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("title must not be empty") } else { Ok(Self(text)) }
    }
}

#[derive(Default)]
struct Todos(Mutex<TodoList>);

#[derive(Default)]
struct TodoList {
    /// The id of the newest todo. It only grows, so that no id is reused.
    last_id: u64,
    /// In order of id, which is the order of creation.
    by_id: BTreeMap<u64, Todo>,
}

impl Todos {
    fn lock(&self) -> MutexGuard<'_, TodoList> {
        self.0.lock().expect("no handler panics while it holds the lock")
    }
}

impl TodoList {
    fn insert(&mut self, title: Title, completed: bool) -> Todo {
        self.last_id += 1;
        let todo = Todo { id: self.last_id, title, completed };
        self.by_id.insert(todo.id, todo.clone());
        todo
    }
}

/// 404: no todo has this id. `shared::json_errors` makes the message a JSON body.
#[derive(Debug, thiserror::Error)]
#[error("Todo not found")]
struct NotFound;

impl ResponseError for NotFound {
    fn status_code(&self) -> StatusCode {
        StatusCode::NOT_FOUND
    }
}
