use indexie::prelude::*;

pub struct User {
    pub id: u32,
}

schema! {
    pub struct AppDb("app");
    version 1 { users: User }
}

fn main() {}
