use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id, place, [place+name])]
pub struct User {
    id: u32,
    name: String,
    place: Option<Place>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Place {
    x: f64,
}

fn main() {}
