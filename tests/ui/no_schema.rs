use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
pub struct User {
    id: u32,
}

fn main() {}
