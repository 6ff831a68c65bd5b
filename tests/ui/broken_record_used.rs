use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, [name+agee]")]
pub struct User {
    id: u32,
    name: String,
    age: u32,
}

schema! {
    pub struct AppDb("app");
    version 1 { users: User }
}

pub async fn use_it(db: AppDb) -> Result<()> {
    db.users.add(&NewUser { name: String::new(), age: 1 }).await?;
    db.users.where_(|user| user.name_age).equals(("a", 1)).to_vec().await?;
    Ok(())
}

fn main() {}
