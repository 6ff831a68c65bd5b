use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id)]
pub struct User {
    id: String,
    name: String,
}

fn main() {}
