//! A REST API for todos, kept in memory and shared by all workers.
//!
//! actix-web calls the factory in `main` once per worker, so the todos are made outside it and
//! every worker gets a handle on the same ones. A `BTreeMap` keyed by a number that only grows
//! finds a todo by id, lists them in order of creation and never gives an id to a second todo.
//!
//! A `Mutex` is enough: it is held for a lookup and never across an `.await`. A `RwLock` would pay
//! off only if reading took long; a `DashMap` would need the counter beside it and would lose the
//! order. A title is checked where it is parsed, so no handler can forget it.
//!
//! Run it with `cargo run -p q13-crud-inmemory`, then `curl -i http://127.0.0.1:3000/todos`.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard},
};

use actix_web::{
    App, HttpResponse, HttpServer, ResponseError, Result,
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
    cfg.service(web::resource("/todos").get(list_todos).post(create_todo))
        .service(web::resource("/todos/{id}").get(get_todo).put(update_todo).delete(delete_todo));
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
struct NewTodo {
    title: Title,
    #[serde(default)]
    completed: bool,
}

/// What is absent stays as it is.
#[derive(Deserialize)]
struct TodoPatch {
    title: Option<Title>,
    completed: Option<bool>,
}

/// Text that is not blank.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Title(String);

impl TryFrom<String> for Title {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("title must not be blank") } else { Ok(Self(text)) }
    }
}

#[derive(Default)]
struct Todos(Mutex<TodoList>);

#[derive(Default)]
struct TodoList {
    /// The id of the newest todo. It only grows, so that an id is never used twice.
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

/// 404: no todo has this id.
#[derive(Debug)]
struct NotFound;

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Todo not found")
    }
}

impl ResponseError for NotFound {
    fn status_code(&self) -> StatusCode {
        StatusCode::NOT_FOUND
    }
}
