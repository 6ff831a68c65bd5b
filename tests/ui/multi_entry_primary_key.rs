use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("*tags")]
pub struct User {
    id: u32,
    tags: Vec<String>,
}

fn main() {}
