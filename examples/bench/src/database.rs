//! The database that indexie has.

use indexie::prelude::*;

use crate::people::Person;

schema! {
    pub struct BenchDb("bench");

    version 1 {
        people: Person,
        strangers: Person,       // the same, and nobody watches them
    }
}
