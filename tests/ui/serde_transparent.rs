use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(id)]
#[serde(transparent)]
pub struct User {
    id: u32,
}

fn main() {}
