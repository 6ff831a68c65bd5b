use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("email, name")]
pub struct User {
    email: String,
    name: String,
}

schema! {
    pub struct AppDb("app");
    version 1 { users: User = "++id, name" }
    version 2 { users: User = "email, name" }
}

fn main() {}
