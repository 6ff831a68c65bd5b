use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("place")]
pub struct User {
    place: Place,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Place {
    x: f64,
}

fn main() {}
