use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id, *labels)]
pub struct User {
    id: u32,
    labels: Labels,
}

type Labels = Vec<String>;

fn main() {}
