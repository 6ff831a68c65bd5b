use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(id)]
#[serde(into = "u32")]
pub struct User {
    id: u32,
}

impl Clone for User {
    fn clone(&self) -> Self {
        Self { id: self.id }
    }
}

impl From<User> for u32 {
    fn from(user: User) -> Self {
        user.id
    }
}

fn main() {}
