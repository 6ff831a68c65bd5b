use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("id, firstName")]
#[serde(rename_all = "camelCase")]
pub struct User {
    id: u32,
    first_name: String,
}

fn main() {}
