use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, *places")]
pub struct User {
    id: u32,
    places: Vec<Place>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Place {
    x: f64,
}

fn main() {}
