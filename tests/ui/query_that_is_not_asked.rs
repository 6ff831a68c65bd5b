#![deny(unused_must_use)]

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, &email, age")]
pub struct User {
    id: u32,
    email: String,
    age: u32,
}

#[derive(Store, Serialize, Deserialize)]
#[store("++id, title")]
pub struct Todo {
    id: u32,
    title: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store("", key = String)]
pub struct Setting {
    value: u32,
}

schema! {
    pub struct AppDb("app");
    version 1 { users: User, todos: Todo, settings: Setting }
}

pub fn use_it(db: AppDb) {
    db.users.where_(|user| user.age).above(17);
}

fn main() {}
