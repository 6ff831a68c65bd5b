use indexie::prelude::*;

#[derive(Key, Clone)]
pub struct Place(f64, f64);

fn main() {}
