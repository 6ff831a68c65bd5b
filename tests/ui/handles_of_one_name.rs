use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, name_age, [name+age]")]
pub struct User {
    id: u32,
    name: String,
    age: u32,
    name_age: String,
}

fn main() {}
