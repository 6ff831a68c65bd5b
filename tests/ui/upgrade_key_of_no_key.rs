use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, &email, age")]
pub struct User {
    id: u32,
    email: String,
    age: u32,
}

#[derive(Store, Serialize, Deserialize)]
#[store("++id, title")]
pub struct Todo {
    id: u32,
    title: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store("", key = String)]
pub struct Setting {
    value: u32,
}

schema! {
    pub struct AppDb("app");
    version 1 { users: User, todos: Todo, settings: Setting }
}

pub async fn on_upgrade_v2(tx: Upgrade) -> Result<()> {
    tx.table::<User>("users")?.where_("email").equals(Some("a")).count().await?;
    Ok(())
}

fn main() {}
