use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id, name)]
pub struct User {
    id: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
}

fn main() {}
