//! The rows: made from their ids alone, so that `people.js` makes the same ones. Every Rust side of a page has this record.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

/// A record of ordinary size: some 300 bytes.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &email, name, age")]
pub struct Person {
    pub id: u32,
    pub email: String,
    pub name: String,
    pub age: u32,
    pub done: bool,
    pub score: f64,
    pub tags: Vec<String>,
    pub created_at: f64,
    pub note: String,
    pub address: Address,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Address {
    pub city: String,
    pub zip: String,
}

/// Sorted: the first ones go to the row that is written, which is so on the first page.
const FIRST: [&str; 16] = [
    "Ada", "Bob", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hanna", "Ivo", "June", "Kurt", "Lena", "Moe", "Nora", "Otto",
    "Zoe",
];
const LAST: [&str; 16] = [
    "Abbott", "Berg", "Curie", "Dahl", "Engel", "Falk", "Gauss", "Holm", "Ising", "Jung", "Klein", "Lund", "Moser",
    "Noether", "Olsen", "Planck",
];
const CITIES: [&str; 4] = ["Oslo", "Paris", "Quito", "Rome"];
const TAGS: [&str; 3] = ["red", "green", "blue"];

pub fn person(id: u32) -> Person {
    let of = |names: &[&str], at: u32| names[at as usize % names.len()].to_owned();
    Person {
        id,
        email: format!("user{id}@example.com"),
        name: format!("{} {}", of(&FIRST, id * 7), of(&LAST, id / 16 * 11)),
        // Neighbours are not alike.
        age: 18 + (id.wrapping_mul(2_654_435_761) >> 16) % 80,
        done: id.is_multiple_of(3),
        score: f64::from(id % 1_000) / 8.0,
        tags: TAGS.iter().take(id as usize % 4).map(|tag| (*tag).to_owned()).collect(),
        created_at: 1_700_000_000_000.0 + f64::from(id) * 60_000.0,
        note: format!("The note of number {id}, which is about as long as what people write into such a field."),
        address: Address { city: of(&CITIES, id), zip: format!("{:05}", id % 100_000) },
    }
}
