//! Errors, collected so that one compilation shows them all, and the words they are made of.
//! Everything that parses or checks writes here; only the entry points turn it into tokens.

use proc_macro2::{Span, TokenStream};

/// The errors found so far.
#[derive(Debug, Default)]
pub struct Errors {
    all: Vec<syn::Error>,
}

impl Errors {
    /// Notes an error at `span`.
    pub fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.all.push(syn::Error::new(span, message));
    }

    /// Notes an error that `syn` made.
    pub fn push(&mut self, error: syn::Error) {
        self.all.push(error);
    }

    /// Takes the value, or notes the error.
    pub fn ok<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Whether nothing is wrong so far.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The texts, for the tests.
    #[cfg(test)]
    pub fn messages(&self) -> Vec<String> {
        self.all.iter().map(ToString::to_string).collect()
    }

    /// One `compile_error!` for each.
    pub fn into_tokens(self) -> TokenStream {
        self.all.into_iter().map(syn::Error::into_compile_error).collect()
    }
}

/// The candidate that `word` was probably meant to be.
pub fn did_you_mean<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .iter()
        .map(|candidate| (edit_distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours, each counted as one
/// (the "optimal string alignment" distance): `emial` is one step from `email`.
fn edit_distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.to_lowercase().chars().collect();
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

/// "`a`", "`a` and `b`", "`a`, `b` and `c`".
pub fn quoted_list<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::from("none"),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, edit_distance, quoted_list};

    #[test]
    fn a_swapped_pair_is_one_step() {
        assert_eq!(edit_distance("emial", "email"), 1);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let fields = ["id", "email", "name", "age"];
        assert_eq!(did_you_mean("emial", &fields), Some("email"));
        assert_eq!(did_you_mean("Name", &fields), Some("name"));
        assert_eq!(did_you_mean("nam", &fields), Some("name"));
        assert_eq!(did_you_mean("address", &fields), None);
        assert_eq!(did_you_mean("x", &["y"]), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(quoted_list::<&str>(&[]), "none");
        assert_eq!(quoted_list(&["a"]), "`a`");
        assert_eq!(quoted_list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
