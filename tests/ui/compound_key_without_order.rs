use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store([name+place])]
pub struct User {
    name: String,
    place: Place,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Place {
    x: f64,
}

fn main() {}
