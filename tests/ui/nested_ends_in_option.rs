use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id, address.city? as String)]
pub struct User {
    id: u32,
    address: Address,
}

#[derive(Serialize, Deserialize)]
pub struct Address {
    city: Option<String>,
}

fn main() {}
