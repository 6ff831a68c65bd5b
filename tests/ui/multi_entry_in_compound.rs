use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id, [name+*tags])]
pub struct User {
    id: u32,
    name: String,
    tags: Vec<String>,
}

fn main() {}
