//! A record that also derives another crate's `Store`: that one reads `#[store]`, ours `#[indexie]`.
#![deny(warnings)]
#![allow(dead_code)]

use serde::{Deserialize, Serialize};

#[derive(indexie::Store, Serialize, Deserialize)]
#[store(ident: whatever => the_other(crate) means)]
#[indexie("++id, *tags")]
pub struct User {
    pub id: u32,
    #[store(key: String = |tag| tag.clone())]
    pub tags: Vec<String>,
}

fn main() {
    let _ = User::INDEX.tags;
}
