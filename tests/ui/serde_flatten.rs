use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, address")]
pub struct User {
    id: u32,
    #[serde(flatten)]
    address: Address,
}

#[derive(Serialize, Deserialize)]
pub struct Address {
    city: String,
}

fn main() {}
