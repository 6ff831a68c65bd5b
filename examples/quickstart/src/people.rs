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
        let Self {
            id,
            email,
            name,
            age,
        } = self;
        write!(f, "#{id} {name}, {age}, {email}")
    }
}

/// Enough people for a second page of ten.
pub fn crowd() -> Vec<NewUser> {
    let people = [
        ("Alice", 30),
        ("Bob", 17),
        ("Carla", 45),
        ("David", 19),
        ("Elena", 62),
        ("Farid", 28),
        ("Grace", 12),
        ("Hugo", 33),
        ("Ines", 51),
        ("Jonas", 24),
        ("Kofi", 39),
        ("Lena", 16),
        ("Mei", 47),
        ("Nora", 20),
        ("Omar", 58),
        ("Paula", 22),
        ("Quentin", 41),
        ("Rosa", 70),
        ("Sven", 18),
        ("Tomas", 36),
        ("Uma", 9),
        ("Alice", 15),
        ("Anton", 66),
        ("Aya", 27),
    ];
    let person = |(number, (name, age)): (usize, (&str, u32))| NewUser {
        email: match number {
            0 => "alice@example.com".to_owned(),
            _ => format!("{}{number}@example.com", name.to_lowercase()),
        },
        name: name.to_owned(),
        age,
    };
    people.into_iter().enumerate().map(person).collect()
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
