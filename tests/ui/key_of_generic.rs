use indexie::prelude::*;

#[derive(Key, Clone)]
pub struct Id<T>(T);

fn main() {}
