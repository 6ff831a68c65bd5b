use indexie::prelude::*;

#[derive(Key, Clone)]
pub struct UserId {
    id: u32,
}

fn main() {}
