//! The table of the tour, and the people that its queries find.

use std::fmt;

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &email, name, age")]
pub struct User {
    pub id: u32,
    pub email: String,
    pub name: String,
    pub age: u32,
}

schema! {
    /// What the tour works on.
    pub struct AppDb("indexie-quickstart");

    version 1 {
        users: User,
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { id, email, name, age } = self;
        write!(f, "#{id} {name}, {age}, {email}")
    }
}

/// Enough people for a second page of ten.
pub fn crowd() -> Vec<NewUser> {
    let people = [
        ("Alice", 30, "alice"),
        ("Bob", 17, "bob"),
        ("Carla", 45, "carla"),
        ("David", 19, "david"),
        ("Elena", 62, "elena"),
        ("Farid", 28, "farid"),
        ("Grace", 12, "grace"),
        ("Hugo", 33, "hugo"),
        ("Ines", 51, "ines"),
        ("Jonas", 24, "jonas"),
        ("Kofi", 39, "kofi"),
        ("Lena", 16, "lena"),
        ("Mei", 47, "mei"),
        ("Nora", 20, "nora"),
        ("Omar", 58, "omar"),
        ("Paula", 22, "paula"),
        ("Quentin", 41, "quentin"),
        ("Rosa", 70, "rosa"),
        ("Sven", 18, "sven"),
        ("Tomas", 36, "tomas"),
        ("Uma", 9, "uma"),
        ("Alice", 15, "alice.b"),
        ("Anton", 66, "anton"),
        ("Aya", 27, "aya"),
    ];
    let person = |(name, age, mailbox): (&str, u32, &str)| NewUser {
        email: format!("{mailbox}@example.com"),
        name: name.to_owned(),
        age,
    };
    people.into_iter().map(person).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_has_an_address_of_their_own() {
        let crowd = crowd();
        let addresses: HashSet<_> = crowd.iter().map(|user| &user.email).collect();

        assert_eq!(addresses.len(), crowd.len());
        assert!(crowd.len() > 20, "the second page of ten is full");
    }
}
