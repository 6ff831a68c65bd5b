//! The library under another name, and behind a module of the app.
#![deny(warnings)]
#![allow(dead_code)]

extern crate indexie as renamed;

mod facade {
    pub use ::indexie as ix;
}

use serde::{Deserialize, Serialize};

#[derive(renamed::Store, Serialize, Deserialize)]
#[store("++id, name, status", crate = renamed)]
pub struct User {
    pub id: u32,
    pub name: String,
    pub status: Status,
}

#[derive(renamed::Key, Serialize, Deserialize, Clone)]
#[key(crate = renamed)]
pub enum Status {
    Open,
    Closed,
}

mod inner {
    use serde::{Deserialize, Serialize};

    #[derive(crate::facade::ix::Store, Serialize, Deserialize)]
    #[store(++id, title, crate = crate::facade::ix)]
    pub struct Todo {
        pub id: u32,
        pub title: String,
    }
}

renamed::schema! {
    pub struct AppDb("app");
    version 1 { users: User, todos: inner::Todo }
}

fn main() {
    let _ = AppDb::new();
    let _ = (User::INDEX.name, inner::Todo::INDEX.title);
}
