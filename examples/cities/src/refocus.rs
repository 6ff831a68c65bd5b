//! Where the focus goes when the rows change under it. Pure.

use crate::atlas::Place;

/// The row that has the focus afterwards: the same place's, or, if that has left the page, the one in its position.
pub fn refocused(before: &[Place], after: &[Place], focused: usize) -> Option<usize> {
    let last = after.len().checked_sub(1)?;
    let id = before.get(focused).map(|place| place.id);
    let same = after.iter().position(|place| Some(place.id) == id);
    Some(same.unwrap_or(focused.min(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(ids: &[u32]) -> Vec<Place> {
        let place = |id: &u32| Place {
            id: *id,
            name: String::new(),
            names: Vec::new(),
            country: String::new(),
            region: String::new(),
            population: 0,
            latitude: 0.0,
            longitude: 0.0,
        };
        ids.iter().map(place).collect()
    }

    #[test]
    fn the_focus_goes_with_its_place() {
        assert_eq!(refocused(&places(&[1, 2, 3]), &places(&[9, 1, 3, 2]), 1), Some(3));
    }

    #[test]
    fn without_its_place_it_stays_where_it_is() {
        assert_eq!(refocused(&places(&[1, 2, 3]), &places(&[1, 3]), 1), Some(1));
        assert_eq!(refocused(&places(&[1, 2, 3]), &places(&[1, 2]), 2), Some(1));
        assert_eq!(refocused(&places(&[1]), &places(&[]), 0), None);
    }
}
