//! Numbers, coordinates and sentences as the page shows them. Pure.

use crate::atlas::Place;

/// `1234567` as `1,234,567`.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1` as `1st`, `112` as `112th`.
pub fn ordinal(number: usize) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{}{ending}", thousands(number))
}

/// A count of places, in words that fit the number.
pub fn places(count: usize) -> String {
    match count {
        0 => "No places".to_owned(),
        1 => "1 place".to_owned(),
        _ => format!("{} places", thousands(count)),
    }
}

/// `47.367° N, 8.55° E`.
pub fn coordinates(latitude: f64, longitude: f64) -> String {
    let north = if latitude < 0.0 { 'S' } else { 'N' };
    let east = if longitude < 0.0 { 'W' } else { 'E' };
    format!("{}° {north}, {}° {east}", latitude.abs(), longitude.abs())
}

/// The part of a name that the search text stands for, and the rest. The text may match the
/// spelling without accents, so it is counted in letters, and only where both spellings have
/// the same number of them.
pub fn split_match<'a>(place: &'a Place, text: &str) -> (&'a str, &'a str) {
    let name = place.name.as_str();
    let wanted = text.to_lowercase();
    let found = place.names.iter().any(|spelling| {
        spelling.to_lowercase().starts_with(&wanted) && spelling.chars().count() == name.chars().count()
    });
    let letters = if found { text.chars().count() } else { 0 };
    let end = name.char_indices().nth(letters).map_or(name.len(), |(end, _)| end);
    name.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(names: &[&str]) -> Place {
        Place {
            id: 1,
            name: names[0].to_owned(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            country: String::new(),
            region: String::new(),
            population: 0,
            latitude: 0.0,
            longitude: 0.0,
        }
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        let numbers = [0, 999, 1_000, 27_394, 24_874_500];

        assert_eq!(numbers.map(thousands), ["0", "999", "1,000", "27,394", "24,874,500"]);
    }

    #[test]
    fn ordinals_end_as_they_are_spoken() {
        let numbers = [1, 2, 3, 4, 11, 12, 13, 21, 112, 1_003];

        assert_eq!(
            numbers.map(ordinal),
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "1,003rd"]
        );
    }

    #[test]
    fn coordinates_name_their_hemisphere() {
        assert_eq!(coordinates(47.367, 8.55), "47.367° N, 8.55° E");
        assert_eq!(coordinates(-33.868, -70.65), "33.868° S, 70.65° W");
    }

    #[test]
    fn the_matched_part_ignores_case_and_accents() {
        let zurich = place(&["Zürich", "Zurich"]);

        assert_eq!(split_match(&zurich, "zur"), ("Zür", "ich"));
        assert_eq!(split_match(&zurich, "ZÜ"), ("Zü", "rich"));
        assert_eq!(split_match(&zurich, "zürich"), ("Zürich", ""));
        assert_eq!(split_match(&zurich, ""), ("", "Zürich"));
    }

    #[test]
    fn spellings_of_different_lengths_are_not_matched_letter_by_letter() {
        let giessen = place(&["Gießen", "Giessen"]);

        assert_eq!(split_match(&giessen, "giess"), ("", "Gießen"));
        assert_eq!(split_match(&giessen, "gieß"), ("Gieß", "en"));
    }
}
