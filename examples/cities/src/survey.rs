//! How much of the data set the database has, and of which countries. `app` watches it.

use indexie::LiveQuery;
use indexie::prelude::*;

use crate::atlas::{Atlas, Country};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// By name.
    pub countries: Vec<Country>,
    pub places: usize,
}

/// How much of the data set the database has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    pub done: usize,
    /// 0 while nothing at all is known about it.
    pub total: usize,
}

impl Survey {
    /// Asks the database.
    pub async fn read(atlas: &Atlas) -> Result<Self> {
        let countries = atlas.countries.order_by(|c| c.name).to_vec().await?;
        let places = atlas.places.count().await?;
        Ok(Self { countries, places })
    }

    pub fn live(atlas: &Atlas) -> LiveQuery<Self> {
        let atlas = atlas.clone();
        live_query(async move || Self::read(&atlas).await)
    }

    /// The countries are written first, and each knows its share.
    pub fn progress(&self) -> Progress {
        let total = self.countries.iter().map(|country| country.places as usize).sum();
        Progress { done: self.places, total }
    }
}

impl Progress {
    pub fn is_complete(self) -> bool {
        self.total > 0 && self.done >= self.total
    }

    /// Whether it will stay so: nobody is importing.
    pub fn is_at_rest(self) -> bool {
        self.done == 0 || self.is_complete()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_database_is_not_a_complete_one() {
        assert!(!Progress { done: 0, total: 0 }.is_complete());
        assert!(!Progress { done: 500, total: 27_394 }.is_complete());
        assert!(Progress { done: 27_394, total: 27_394 }.is_complete());
    }

    #[test]
    fn each_country_knows_how_many_places_there_will_be() {
        let country = |code: &str, places| Country { code: code.into(), name: code.into(), places };
        let survey = Survey { countries: vec![country("CH", 2), country("JP", 3)], places: 1 };

        assert_eq!(survey.progress(), Progress { done: 1, total: 5 });
    }
}
