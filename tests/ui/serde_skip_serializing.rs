use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id, [name+age])]
pub struct User {
    id: u32,
    #[serde(skip_serializing)]
    name: String,
    age: u32,
}

fn main() {}
