//! Shared fixtures of the test suites.

#[cfg(not(target_family = "wasm"))]
pub mod loose;
#[cfg(target_family = "wasm")]
pub mod page;
#[cfg(not(target_family = "wasm"))]
mod spawn;
#[cfg(target_family = "wasm")]
mod uncaught;

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

/// The record of the contract's examples.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &email, name, age, *tags, [name+age]")]
pub struct User {
    pub id: u32,
    pub email: String,
    pub name: String,
    pub age: u32,
    #[serde(default)]
    pub tags: Vec<String>,
}

schema! {
    /// A database of users.
    pub struct UserDb("users");

    version 1 {
        users: User,
    }
}

/// A new user.
#[must_use]
pub fn user(email: &str, name: &str, age: u32) -> NewUser {
    NewUser { email: email.into(), name: name.into(), age, tags: Vec::new() }
}

/// A database of its own for each test, deleted first.
///
/// # Panics
///
/// If the old one cannot be deleted.
pub async fn fresh<D: indexie::Database + std::ops::Deref<Target = indexie::Indexie>>(name: &str) -> D {
    let db = builder::<D>(name).build();
    db.delete().await.expect("the old database goes");
    db
}

/// The settings of a database by its name.
pub fn builder<D: indexie::Database>(name: &str) -> indexie::Builder<D> {
    indexie::Builder::new().name(name)
}

/// A test that runs in a browser, and on the host in memory.
#[cfg(not(target_family = "wasm"))]
pub use tokio::test as wasm_bindgen_test;
#[cfg(target_family = "wasm")]
pub use wasm_bindgen_test::wasm_bindgen_test;

/// Runs a future on this thread, beside the test.
#[cfg(not(target_family = "wasm"))]
pub use spawn::spawn_local;
#[cfg(target_family = "wasm")]
pub use wasm_bindgen_futures::spawn_local;

#[cfg(target_family = "wasm")]
pub use uncaught::Uncaught;
