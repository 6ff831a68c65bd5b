use indexie::prelude::*;
use serde::Serialize;

#[derive(Store, Serialize)]
#[store("id")]
pub struct User<'a> {
    id: u32,
    name: &'a str,
}

fn main() {}
