use indexie::prelude::*;

#[derive(Clone)]
pub struct Place {
    pub x: f64,
}

#[derive(Key, Clone)]
pub struct PlaceKey(Place);

fn main() {}
