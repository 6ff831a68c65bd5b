use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, name")]
pub struct User {
    id: u32,
    #[serde(skip)]
    name: String,
}

fn main() {}
