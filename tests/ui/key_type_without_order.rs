use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, place")]
pub struct User {
    id: u32,
    place: Place,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Place {
    x: f64,
}

fn main() {}
