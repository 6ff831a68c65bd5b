use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, &email")]
pub struct User {
    id: u32,
    email: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store("++id, title")]
pub struct Todo {
    id: u32,
    title: String,
}

schema! {
    pub struct AppDb("app");
    version 1 { self: User }
}

fn main() {}
