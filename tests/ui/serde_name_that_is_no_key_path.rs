use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id, first_name)]
#[serde(rename_all = "kebab-case")]
pub struct User {
    id: u32,
    first_name: String,
}

fn main() {}
