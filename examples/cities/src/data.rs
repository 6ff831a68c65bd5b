//! The text of `static/places.txt.gz`, read into records. Pure: `import` brings the text.
//!
//! One line is one column: its name, then its values, separated by tabs. Places stand grouped by
//! region, so a region says only how many of them are its own. Coordinates are in thousandths
//! of a degree. `tools/make_places.py` writes the file.

use std::collections::HashMap;
use std::str::{FromStr, Lines};

use crate::atlas::{Country, Place};

/// Everything the file holds, the largest place first.
#[derive(Debug)]
pub struct Data {
    pub countries: Vec<Country>,
    pub places: Vec<Place>,
}

/// What is wrong with the file, and where.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Malformed {
    #[error("the column {0} is missing")]
    Missing(&'static str),
    #[error("value {number} of the column {column} is not a number that fits: {value:?}")]
    Number { column: &'static str, number: usize, value: String },
    #[error("the column {column} has {found} values instead of {expected}")]
    Length { column: &'static str, found: usize, expected: usize },
}

/// Reads the whole file.
pub fn decode(text: &str) -> Result<Data, Malformed> {
    let mut columns = Columns(text.lines());
    let codes = columns.texts("country.code")?;
    let names = columns.texts("country.name")?;
    same_length("country.name", &names, codes.len())?;
    let places = decode_places(&mut columns)?;

    let mut counts = HashMap::new();
    for place in &places {
        *counts.entry(place.country.as_str()).or_insert(0) += 1;
    }
    let countries = codes
        .into_iter()
        .zip(names)
        .map(|(code, name)| Country {
            code: code.to_owned(),
            name: name.to_owned(),
            places: counts.get(code).copied().unwrap_or_default(),
        })
        .collect();
    Ok(Data { countries, places })
}

fn decode_places(columns: &mut Columns) -> Result<Vec<Place>, Malformed> {
    let countries = columns.texts("region.country")?;
    let regions = columns.texts("region.name")?;
    let counts: Vec<usize> = columns.numbers("region.places")?;
    same_length("region.name", &regions, countries.len())?;
    same_length("region.places", &counts, countries.len())?;

    let ids: Vec<u32> = columns.numbers("place.id")?;
    let names = columns.texts("place.name")?;
    let plain_names = columns.texts("place.plain")?;
    let populations: Vec<u32> = columns.numbers("place.population")?;
    let latitudes: Vec<i32> = columns.numbers("place.latitude")?;
    let longitudes: Vec<i32> = columns.numbers("place.longitude")?;
    same_length("place.id", &ids, counts.iter().sum())?;
    same_length("place.name", &names, ids.len())?;
    same_length("place.plain", &plain_names, ids.len())?;
    same_length("place.population", &populations, ids.len())?;
    same_length("place.latitude", &latitudes, ids.len())?;
    same_length("place.longitude", &longitudes, ids.len())?;

    let regions = countries.iter().zip(&regions).zip(counts);
    let region_of_each = regions.flat_map(|(region, count)| std::iter::repeat_n(region, count));
    let mut places: Vec<Place> = region_of_each
        .enumerate()
        .map(|(row, (country, region))| Place {
            id: ids[row],
            name: names[row].to_owned(),
            names: spellings(names[row], plain_names[row]),
            country: (*country).to_owned(),
            region: (*region).to_owned(),
            population: populations[row],
            latitude: degrees(latitudes[row]),
            longitude: degrees(longitudes[row]),
        })
        .collect();
    places.sort_by_key(|place| (std::cmp::Reverse(place.population), place.id));
    Ok(places)
}

/// What a place is found by; `plain` is empty where it is no other than its name.
pub fn spellings(name: &str, plain: &str) -> Vec<String> {
    let spellings = [name, plain].into_iter();
    spellings.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn degrees(thousandths: i32) -> f64 {
    f64::from(thousandths) / 1000.0
}

fn same_length<T>(column: &'static str, values: &[T], expected: usize) -> Result<(), Malformed> {
    let found = values.len();
    if found == expected { Ok(()) } else { Err(Malformed::Length { column, found, expected }) }
}

/// The columns still to be read; their order is fixed.
struct Columns<'a>(Lines<'a>);

impl<'a> Columns<'a> {
    fn texts(&mut self, column: &'static str) -> Result<Vec<&'a str>, Malformed> {
        let line = self.0.next().unwrap_or_default();
        let mut cells = line.split('\t');
        if cells.next() == Some(column) { Ok(cells.collect()) } else { Err(Malformed::Missing(column)) }
    }

    fn numbers<N: FromStr>(&mut self, column: &'static str) -> Result<Vec<N>, Malformed> {
        let cells = self.texts(column)?.into_iter().enumerate();
        cells
            .map(|(row, value)| {
                value.parse().map_err(|_| Malformed::Number { column, number: row + 1, value: value.to_owned() })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const SMALL: &str = "\
country.code\tCH\tJP
country.name\tSwitzerland\tJapan
region.country\tCH\tJP
region.name\tZurich\tTokyo
region.places\t2\t1
place.id\t1\t2\t3
place.name\tUster\tZürich\tTokyo
place.plain\t\tZurich\t
place.population\t35337\t436332\t9733276
place.latitude\t47347\t47367\t35690
place.longitude\t8721\t8550\t139692
";

    #[test]
    fn places_come_out_with_their_regions_the_largest_first() {
        let data = decode(SMALL).expect("the file is well formed");

        let names: Vec<_> = data.places.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(names, ["Tokyo", "Zürich", "Uster"]);
        assert_eq!(
            data.places[1],
            Place {
                id: 2,
                name: "Zürich".into(),
                names: vec!["Zürich".into(), "Zurich".into()],
                country: "CH".into(),
                region: "Zurich".into(),
                population: 436_332,
                latitude: 47.367,
                longitude: 8.55,
            }
        );
    }

    #[test]
    fn countries_know_how_many_places_they_have() {
        let data = decode(SMALL).expect("the file is well formed");

        let counts: Vec<_> = data.countries.iter().map(|country| country.places).collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    fn a_truncated_file_names_the_column_that_is_missing() {
        let text = SMALL.split("place.plain").next().unwrap_or_default();

        assert_eq!(decode(text).err(), Some(Malformed::Missing("place.plain")));
    }

    #[test]
    fn a_bad_number_is_named_with_its_place_in_the_column() {
        let text = SMALL.replace("436332", "many");

        let expected = Malformed::Number { column: "place.population", number: 2, value: "many".into() };
        assert_eq!(decode(&text).err(), Some(expected));
    }

    #[test]
    fn a_column_of_another_length_is_refused() {
        let text = SMALL.replace("place.latitude\t47347", "place.latitude");

        let expected = Malformed::Length { column: "place.latitude", found: 2, expected: 3 };
        assert_eq!(decode(&text).err(), Some(expected));
    }

    #[test]
    fn the_committed_file_holds_what_its_note_says() {
        let mut text = String::new();
        flate2::read::GzDecoder::new(&include_bytes!("../static/places.txt.gz")[..])
            .read_to_string(&mut text)
            .expect("the file is gzip and UTF-8");
        let data = decode(&text).expect("the file is well formed");

        assert_eq!(data.places.len(), 27_394);
        assert_eq!(data.countries.len(), 208);
        assert_eq!(data.places[0].name, "Shanghai");
        assert!(data.places.iter().all(|place| place.population >= 20_000));
        assert!(data.countries.iter().all(|country| country.places > 0));
    }
}
