//! Clauses that ignore case: which ranges of an index can hold matches, and which keys do match.
//!
//! Two strings match when `str::to_lowercase` makes them equal. An index is ordered by the strings as they are, so
//! the first few characters are spelled out in every casing, a range each; the rest is compared key by key.

use std::cell::OnceCell;
use std::rc::Rc;

use super::range::{KeyRange, RangeSet};
use crate::order::SortedMap;

/// More ranges than this are not worth their requests.
const MAX_RANGES: usize = 16;

/// What the lowercase of a key is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Folded {
    Equal(Vec<String>),
    StartsWith(Vec<String>),
}

impl Folded {
    pub fn equal<'a>(needles: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Equal(needles.into_iter().map(fold).collect())
    }

    pub fn starts_with<'a>(prefixes: impl IntoIterator<Item = &'a str>) -> Self {
        Self::StartsWith(prefixes.into_iter().map(fold).collect())
    }

    pub fn matches(&self, key: &str) -> bool {
        let key = fold(key);
        match self {
            Self::Equal(needles) => needles.contains(&key),
            Self::StartsWith(prefixes) => prefixes.iter().any(|prefix| key.starts_with(prefix.as_str())),
        }
    }

    /// Ranges that hold every match, and whether they hold nothing else.
    pub fn ranges(&self) -> (RangeSet, bool) {
        let (Self::Equal(needles) | Self::StartsWith(needles)) = self;
        let mut exact = true;
        let mut ranges = Vec::new();
        let most = (MAX_RANGES / needles.len().max(1)).max(4);
        for needle in needles {
            let (mut spellings, whole) = spellings(needle, most);
            exact &= whole;
            let is_only = whole && matches!(self, Self::Equal(_));
            if is_only {
                // A spelling may reach beyond the needle: "İ" for "i".
                spellings.retain(|spelling| fold(spelling) == *needle);
            }
            ranges.extend(spellings.into_iter().map(|spelling| {
                if is_only { KeyRange::only(spelling.into()) } else { KeyRange::starting_with(&spelling) }
            }));
        }
        (RangeSet::union(ranges), exact)
    }
}

/// Lowercase, with the two small sigmas made one: `to_lowercase` chooses between them by what follows, which would
/// make "ΟΔΟΣ" no prefix of "ΟΔΟΣΑ".
fn fold(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.contains('ς') { lower.replace('ς', "σ") } else { lower }
}

/// Every way to begin a string whose folded form begins with `folded`, as far as at most `most` ways reach, and
/// whether that is all of `folded`.
fn spellings(folded: &str, most: usize) -> (Vec<String>, bool) {
    let sources = sources();
    // A spelling, and how many bytes of the folded text it stands for.
    let mut found: Vec<(String, usize)> = vec![(String::new(), 0)];
    loop {
        // Extend the shortest, so that all keep step. One character may fold into several ("İ" into "i̇").
        let Some(at) = (0..found.len()).filter(|at| found[*at].1 < folded.len()).min_by_key(|at| found[*at].1) else {
            return (found.into_iter().map(|(spelling, _)| spelling).collect(), true);
        };
        let (spelling, done) = found[at].clone();
        let rest = &folded[done..];
        let Some(first) = rest.chars().next() else {
            return (found.into_iter().map(|(spelling, _)| spelling).collect(), false);
        };
        let mut next: Vec<(String, usize)> = Vec::new();
        if fold(first.encode_utf8(&mut [0; 4])).starts_with(first) {
            next.push((format!("{spelling}{first}"), done + first.len_utf8()));
        }
        for (source, target) in sources.get(&first).into_iter().flatten() {
            // A prefix may end in the middle of what one character folds into.
            if rest.starts_with(target.as_str()) || target.starts_with(rest) {
                next.push((format!("{spelling}{source}"), (done + target.len()).min(folded.len())));
            }
        }
        if found.len() - 1 + next.len() > most {
            return (found.into_iter().map(|(spelling, _)| spelling).collect(), false);
        }
        found.swap_remove(at);
        found.extend(next);
    }
}

type Sources = SortedMap<char, Vec<(char, String)>>;

/// For the first character of a folded form, the characters that fold into it.
fn sources() -> Rc<Sources> {
    thread_local!(static SOURCES: OnceCell<Rc<Sources>> = const { OnceCell::new() });
    SOURCES.with(|cell| {
        cell.get_or_init(|| {
            let mut sources = Sources::new();
            // No script beyond U+1FFFF has case.
            for source in (0..0x2_0000).filter_map(char::from_u32) {
                let mut lower = source.to_lowercase();
                if lower.len() == 1 && lower.next() == Some(source) && source != 'ς' {
                    continue;
                }
                let target = fold(source.encode_utf8(&mut [0; 4]));
                if let Some(first) = target.chars().next() {
                    sources.entry(first).or_default().push((source, target));
                }
            }
            Rc::new(sources)
        })
        .clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::AnyKey;

    fn holds(folded: &Folded, key: &str) -> bool {
        let (ranges, exact) = folded.ranges();
        let inside = ranges.contains(&AnyKey::from(key));
        assert!(inside || !folded.matches(key), "the ranges miss {key:?}");
        assert!(!exact || inside == folded.matches(key), "the ranges are said to be exact, but {key:?} is not");
        inside && folded.matches(key)
    }

    #[test]
    fn every_casing_matches_and_nothing_else() {
        let folded = Folded::equal(["apan japan"]);
        for key in ["APAN JAPAN", "Apan JapaN", "Apan Japan", "apan japan"] {
            assert!(holds(&folded, key), "{key}");
        }
        for key in ["", "AA", "apan JAPANer", "apan JAPA", "apan", "zpan japan"] {
            assert!(!holds(&folded, key), "{key}");
        }
    }

    #[test]
    fn characters_that_change_length_are_found() {
        // "İ" lowercases to two characters; "ß" has no lowercase but itself, and is not "ss".
        assert!(holds(&Folded::equal(["i\u{307}stanbul"]), "İstanbul"));
        assert!(holds(&Folded::equal(["İstanbul"]), "İSTANBUL"));
        assert!(holds(&Folded::starts_with(["i"]), "İstanbul"));
        assert!(!holds(&Folded::equal(["istanbul"]), "İstanbul"));
        assert!(holds(&Folded::equal(["STRASSE"]), "strasse"));
        assert!(!holds(&Folded::equal(["strasse"]), "straße"));
        assert!(holds(&Folded::equal(["STRAẞE"]), "straße"));
        assert!(holds(&Folded::equal(["k"]), "\u{212a}"));
    }

    #[test]
    fn a_final_sigma_is_a_sigma() {
        assert!(holds(&Folded::equal(["ΟΔΟΣ"]), "οδος"));
        assert!(holds(&Folded::starts_with(["ΟΔΟΣ"]), "οδοσα"));
        assert!(holds(&Folded::starts_with(["οδοσ"]), "ΟΔΟΣΑ"));
    }

    #[test]
    fn short_needles_need_no_second_look() {
        let (ranges, exact) = Folded::starts_with(["lon"]).ranges();
        assert!(exact);
        assert_eq!(ranges.ranges().len(), 8);
        assert!(Folded::starts_with([""]).ranges().1);
        let (ranges, exact) = Folded::starts_with(["abcdefghijkl"]).ranges();
        assert!(!exact);
        assert!(ranges.ranges().len() <= MAX_RANGES);
    }

    #[test]
    fn no_needles_match_nothing() {
        let (ranges, exact) = Folded::equal([]).ranges();
        assert!(exact && ranges.ranges().is_empty());
    }
}
