use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++di")]
pub struct User {
    id: u32,
    email: String,
    name: String,
    age: u32,
}

pub fn rows() -> NewUser {
    NewUser { email: String::new(), name: String::new(), age: 0 }
}

fn main() {}
