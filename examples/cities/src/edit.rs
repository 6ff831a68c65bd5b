//! What the reader changes about a place: from the fields of the form to the place. Pure: `view` has the
//! fields, `app` saves.

use crate::atlas::Place;
use crate::data::spellings;

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    /// What the page has put into it.
    pub given: &'a str,
    /// What is in it.
    pub typed: &'a str,
}

/// The fields that the reader has changed, and no others: what other tabs change meanwhile stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit {
    pub name: Option<Name>,
    pub population: Option<u32>,
}

/// A name, and what the place is found by.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    name: String,
    names: Vec<String>,
}

impl<'a> Field<'a> {
    /// Whether the reader is at it. What is typed and is what the place has by now is no edit any more.
    pub fn is_edited(self, now: &str) -> bool {
        self.typed != self.given && self.typed != now
    }

    fn edit(self) -> Option<&'a str> {
        (self.typed != self.given).then(|| self.typed.trim())
    }
}

impl Edit {
    /// `decompose` takes letters and their accents apart, which the browser can do.
    pub fn of(name: Field, population: Field, decompose: impl Fn(&str) -> String) -> Self {
        let name = name.edit().filter(|name| !name.is_empty());
        Self {
            name: name
                .map(|name| Name { name: name.to_owned(), names: spellings(name, &plain(name, &decompose(name))) }),
            population: population.edit().and_then(|population| population.parse().ok()),
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn apply(self, place: &mut Place) {
        if let Some(Name { name, names }) = self.name {
            (place.name, place.names) = (name, names);
        }
        place.population = self.population.unwrap_or(place.population);
    }
}

/// The name without accents; nothing where it has none.
fn plain(name: &str, decomposed: &str) -> String {
    let plain: String = decomposed.chars().filter(|letter| !('\u{300}'..='\u{36f}').contains(letter)).collect();
    if plain == name { String::new() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            id: 2,
            name: "Zürich".into(),
            names: vec!["Zürich".into(), "Zurich".into()],
            country: "CH".into(),
            region: String::new(),
            population: 436_332,
            latitude: 47.367,
            longitude: 8.55,
        }
    }

    fn field<'a>(given: &'a str, typed: &'a str) -> Field<'a> {
        Field { given, typed }
    }

    fn edited(name: Field, population: Field) -> Place {
        let mut place = place();
        Edit::of(name, population, |name| name.replace('è', "e\u{300}")).apply(&mut place);
        place
    }

    #[test]
    fn a_field_that_is_not_touched_changes_nothing() {
        let untouched = edited(field("Old", "Old"), field("1", "1"));

        assert_eq!(untouched, place());
        assert!(Edit::of(field("Old", "Old"), field("1", "1"), str::to_owned).is_empty());
    }

    #[test]
    fn a_place_is_found_by_its_new_name_with_and_without_accents() {
        let edited = edited(field("Zürich", " Genève "), field("436332", "500000"));

        assert_eq!(edited.name, "Genève");
        assert_eq!(edited.names, ["Genève", "Geneve"]);
        assert_eq!(edited.population, 500_000);
    }

    #[test]
    fn a_name_without_accents_has_one_spelling() {
        assert_eq!(edited(field("Zürich", "Basel"), field("1", "1")).names, ["Basel"]);
    }

    #[test]
    fn an_empty_name_and_a_number_that_does_not_fit_are_no_edits() {
        assert_eq!(edited(field("Zürich", " "), field("436332", "-1")), place());
    }

    #[test]
    fn a_field_is_edited_until_the_place_has_what_is_in_it() {
        assert!(!field("1", "1").is_edited("2"));
        assert!(field("1", "3").is_edited("2"));
        assert!(!field("1", "2").is_edited("2"));
    }
}
