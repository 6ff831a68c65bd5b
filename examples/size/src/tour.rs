//! The operations that nearly every app has: a row written and read, a page of rows, and a transaction.

use indexie::Indexie;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &email, name, age")]
pub struct User {
    pub id: u32,
    pub email: String,
    pub name: String,
    pub age: u32,
    pub score: f64,
    pub done: bool,
    #[serde(default)]
    pub tags: Vec<String>,
    pub note: Option<String>,
}

/// Somebody to begin with.
#[must_use]
pub fn alice() -> NewUser {
    NewUser {
        email: "alice@example.com".into(),
        name: "Alice".into(),
        age: 30,
        score: 0.5,
        done: false,
        tags: Vec::new(),
        note: None,
    }
}

/// Works on an open database's table.
///
/// # Errors
///
/// What the database refuses.
pub async fn tour(db: &Indexie, users: &Table<User>) -> Result<()> {
    let id = users.add(&alice()).await?;
    if let Some(user) = users.get(id).await? {
        users.put(&User { age: user.age + 1, ..user }).await?;
    }
    let adults = users.where_(|u| u.age).above(17).limit(20).to_vec().await?;
    let page = users.order_by(|u| u.name).offset(10).limit(10).to_vec().await?;
    for user in adults.iter().chain(&page) {
        users.delete(user.id).await?;
    }
    db.transaction(Mode::ReadWrite, users, async move |users| {
        users.add(&alice()).await?;
        users.delete(id).await
    })
    .await
}
