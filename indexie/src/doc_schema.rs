// The schema that the examples in the documentation use. Included by them; not part of the library.
use indexie::prelude::*;
use serde::{Deserialize, Serialize};

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

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, action")]
pub struct Log {
    pub id: u32,
    pub action: String,
}

schema! {
    pub struct AppDb("MyAppDatabase");

    version 1 {
        users: User,
        logs: Log,
    }
}
