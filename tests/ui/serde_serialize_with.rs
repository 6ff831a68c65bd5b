use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(++id, born)]
pub struct User {
    id: u32,
    #[serde(serialize_with = "as_text")]
    born: u32,
}

fn as_text<S: serde::Serializer>(value: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn main() {}
