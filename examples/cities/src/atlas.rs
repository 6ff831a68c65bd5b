//! What the database holds. Everything else here reads and writes these two tables.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

/// A city, a town or a village.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, *names, name, population, [country+population], [country+name]")]
pub struct Place {
    /// The number `GeoNames` gave it.
    pub id: u32,
    pub name: String,
    /// What it is found by: its name, and its name without accents where that differs.
    pub names: Vec<String>,
    /// The code of its country.
    pub country: String,
    /// Its first-level region; empty where there is none.
    pub region: String,
    pub population: u32,
    pub latitude: f64,
    pub longitude: f64,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("code, name")]
pub struct Country {
    pub code: String,
    pub name: String,
    /// How many of its places the whole data set has.
    pub places: u32,
}

schema! {
    /// The places and their countries.
    pub struct Atlas("indexie-cities");

    version 1 {
        places: Place,
        countries: Country,
    }
}
