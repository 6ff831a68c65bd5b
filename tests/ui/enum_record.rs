use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("id")]
pub enum User {
    One,
    Two,
}

fn main() {}
