use indexie::prelude::*;

#[derive(Key, Clone)]
pub enum Status {
    Open,
    Closed(u32),
}

fn main() {}
