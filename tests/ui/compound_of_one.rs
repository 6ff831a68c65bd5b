use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id, [name])]
pub struct User {
    id: u32,
    email: String,
    name: String,
    age: u32,
}

fn main() {}
