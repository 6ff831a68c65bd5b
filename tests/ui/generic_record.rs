use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("id")]
pub struct User<T> {
    id: T,
}

fn main() {}
