//! What the reader asked for, as a query and as the Rust text of that query. Pure: `app` runs it.

use indexie::prelude::*;

use crate::atlas::Place;

/// The state of the search form and of the table's headings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// The start of a name; empty for all.
    pub text: String,
    /// The code of a country.
    pub country: Option<String>,
    pub column: Column,
    pub direction: Direction,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Column {
    #[default]
    Population,
    Name,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Direction {
    Up,
    #[default]
    Down,
}

impl Column {
    /// The direction one expects first: the largest place, the letter A.
    fn first_direction(self) -> Direction {
        match self {
            Self::Population => Direction::Down,
            Self::Name => Direction::Up,
        }
    }
}

impl Search {
    /// Orders by `column`; a second time, the other way round.
    pub fn order_by(&mut self, column: Column) {
        self.direction = match (self.column == column, self.direction) {
            (false, _) => column.first_direction(),
            (true, Direction::Up) => Direction::Down,
            (true, Direction::Down) => Direction::Up,
        };
        self.column = column;
    }

    pub fn is_narrowed(&self) -> bool {
        !self.text.is_empty() || self.country.is_some()
    }

    /// The query that answers this search, in its order.
    pub fn query(&self, places: &Table<Place>) -> Query<Place> {
        let ordered = match (&self.country, self.text.is_empty()) {
            (None, true) => self.all(places),
            (Some(country), true) => self.in_country(places, country),
            (country, false) => self.by_name(places, country.clone()),
        };
        match self.direction {
            Direction::Up => ordered,
            Direction::Down => ordered.reverse(),
        }
    }

    fn all(&self, places: &Table<Place>) -> Query<Place> {
        match self.column {
            Column::Population => places.order_by(|p| p.population),
            Column::Name => places.order_by(|p| p.name),
        }
    }

    /// The compound indexes hold each country's places in order already.
    fn in_country(&self, places: &Table<Place>, country: &str) -> Query<Place> {
        match self.column {
            Column::Population => places.where_(|p| p.country_population).prefix(country),
            Column::Name => places.where_(|p| p.country_name).prefix(country),
        }
    }

    fn by_name(&self, places: &Table<Place>, country: Option<String>) -> Query<Place> {
        let found = places.where_(|p| p.names).starts_with_ignore_case(&self.text);
        let found = match country {
            Some(country) => found.filter(move |place| place.country == country),
            None => found,
        };
        match self.column {
            Column::Population => found.order_by(|p| p.population),
            Column::Name => found.order_by(|p| p.name),
        }
    }

    /// The query as one would write it.
    pub fn as_rust(&self) -> String {
        let column = match self.column {
            Column::Population => "population",
            Column::Name => "name",
        };
        let mut lines = vec!["db.places".to_owned()];
        match (&self.country, self.text.is_empty()) {
            (None, true) => lines.push(format!(".order_by(|p| p.{column})")),
            (Some(country), true) => {
                lines.push(format!(".where_(|p| p.country_{column})"));
                lines.push(format!(".prefix({country:?})"));
            }
            (country, false) => {
                lines.push(".where_(|p| p.names)".to_owned());
                lines.push(format!(".starts_with_ignore_case({:?})", self.text));
                lines.extend(country.iter().map(|code| format!(".filter(|p| p.country == {code:?})")));
                lines.push(format!(".order_by(|p| p.{column})"));
            }
        }
        if self.direction == Direction::Down {
            lines.push(".reverse()".to_owned());
        }
        lines.join("\n    ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_search_lists_the_largest_places_first() {
        assert_eq!(Search::default().as_rust(), "db.places\n    .order_by(|p| p.population)\n    .reverse()");
    }

    #[test]
    fn a_country_alone_is_read_from_its_compound_index() {
        let search =
            Search { country: Some("FR".into()), column: Column::Name, direction: Direction::Up, ..Search::default() };

        assert_eq!(search.as_rust(), "db.places\n    .where_(|p| p.country_name)\n    .prefix(\"FR\")");
    }

    #[test]
    fn text_and_country_together_filter_what_the_text_finds() {
        let search = Search { text: "par".into(), country: Some("FR".into()), ..Search::default() };

        assert_eq!(
            search.as_rust(),
            "db.places\n    .where_(|p| p.names)\n    .starts_with_ignore_case(\"par\")\n    \
             .filter(|p| p.country == \"FR\")\n    .order_by(|p| p.population)\n    .reverse()"
        );
    }

    #[test]
    fn a_heading_starts_with_its_usual_direction_and_then_turns() {
        let mut search = Search::default();

        search.order_by(Column::Name);
        assert_eq!((search.column, search.direction), (Column::Name, Direction::Up));
        search.order_by(Column::Name);
        assert_eq!((search.column, search.direction), (Column::Name, Direction::Down));
        search.order_by(Column::Population);
        assert_eq!((search.column, search.direction), (Column::Population, Direction::Down));
        search.order_by(Column::Population);
        assert_eq!((search.column, search.direction), (Column::Population, Direction::Up));
    }
}
