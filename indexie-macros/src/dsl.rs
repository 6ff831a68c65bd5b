//! The grammar of a schema: comma-separated entries, the first of which is the primary key.
//! Both macros call it, with tokens from a string or from the attribute. A broken entry is reported
//! and left out; the rest goes on, so that one typo is one error.

mod entry;
pub mod token;

use crate::diagnostics::Errors;
use crate::model::Schema;
use proc_macro2::Span;
use token::{Kind, Token};

/// What stands between two commas.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    pub tokens: &'a [Token],
    /// Its first token, or the comma beside it when it is empty.
    pub span: Span,
}

/// Reads a schema written as a string.
pub fn parse_string(literal: &syn::LitStr, errors: &mut Errors) -> Schema {
    let tokens = token::scan(&literal.value(), literal.span());
    parse_items(&split(&tokens, literal.span()), errors)
}

/// Reads a schema that has been split at its commas.
pub fn parse_items(items: &[Item<'_>], errors: &mut Errors) -> Schema {
    let mut parsed = items.iter().enumerate().map(|(place, item)| entry::parse(*item, place == 0, errors));
    Schema { primary: parsed.next().flatten(), indexes: parsed.flatten().collect() }
}

/// Reads one `name: entry` that stands among the options.
pub fn parse_index(item: Item<'_>, errors: &mut Errors) -> Option<crate::model::Entry> {
    entry::parse(item, false, errors)
}

/// Splits at the commas outside of brackets. One comma may trail.
pub fn split(tokens: &[Token], whole: Span) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut start = 0;
    let mut comma = None;
    let mut depth = Depth::default();
    for (at, token) in tokens.iter().enumerate() {
        if token.is(',') && depth.is_zero() {
            items.push(item(&tokens[start..at], token.span));
            start = at + 1;
            comma = Some(token.span);
        }
        depth.pass(token);
    }
    let rest = &tokens[start..];
    if !rest.is_empty() || comma.is_none() {
        items.push(item(rest, comma.unwrap_or(whole)));
    }
    items
}

fn item(tokens: &[Token], empty: Span) -> Item<'_> {
    let span = tokens.first().map_or(empty, |token| token.span);
    Item { tokens, span }
}

/// How deep inside brackets a walk over the tokens is.
#[derive(Clone, Copy, Default)]
pub struct Depth {
    brackets: usize,
    angles: usize,
    after_minus: bool,
}

impl Depth {
    pub fn is_zero(self) -> bool {
        self.brackets == 0 && self.angles == 0
    }

    pub fn pass(&mut self, token: &Token) {
        match &token.kind {
            Kind::Open(_) => self.brackets += 1,
            Kind::Close(_) => self.brackets = self.brackets.saturating_sub(1),
            Kind::Sign(punct) if punct.as_char() == '<' => self.angles += 1,
            // The `>` of an arrow closes nothing.
            Kind::Sign(punct) if punct.as_char() == '>' && !self.after_minus => {
                self.angles = self.angles.saturating_sub(1);
            }
            _ => {}
        }
        self.after_minus = token.is('-');
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_items, parse_string, split, token};
    use crate::diagnostics::Errors;
    use crate::model::Schema;
    use proc_macro2::{Span, TokenStream};
    use std::str::FromStr as _;

    fn read(text: &str) -> (Schema, Vec<String>) {
        let mut errors = Errors::default();
        let schema = parse_string(&syn::LitStr::new(text, Span::call_site()), &mut errors);
        (schema, errors.messages())
    }

    fn declared(schema: &Schema) -> Vec<String> {
        let primary = schema.primary.iter().map(crate::model::Entry::declared);
        let indexes = schema.indexes.iter().map(crate::model::Entry::declared);
        primary.chain(indexes).collect()
    }

    #[test]
    fn every_form_of_entry_is_read() {
        let table: &[(&str, &[&str])] = &[
            ("++id", &["++id"]),
            ("id", &["id"]),
            ("++", &["++"]),
            ("", &[""]),
            (", a", &["", "a"]),
            (",", &[""]),
            ("[a+b]", &["[a+b]"]),
            ("id, &x", &["id", "&x"]),
            ("id, *x", &["id", "*x"]),
            ("id, &*x, * & y", &["id", "&*x", "&*y"]),
            ("id, [ a + b ], &[c+d]", &["id", "[a+b]", "&[c+d]"]),
            ("id, address.city as String", &["id", "address.city"]),
            ("id, address?.city as String", &["id", "address.city"]),
            ("id, [address.city as String + age]", &["id", "[address.city+age]"]),
            ("id, pair: [a+b], solo: x", &["id", "[a+b]", "x"]),
            ("id, tags as Map<A, (B, [C; 2])>, x,", &["id", "tags", "x"]),
            ("  ++ id ,\n\t& email ", &["++id", "&email"]),
            ("id, r#type, filter", &["id", "type", "filter"]),
        ];
        for (text, wanted) in table {
            let (schema, errors) = read(text);
            assert_eq!(errors, Vec::<String>::new(), "{text}");
            assert_eq!(declared(&schema), *wanted, "{text}");
        }
    }

    #[test]
    fn tokens_read_like_the_string() {
        for text in ["++id, &*tags, pair: [a+b.c], x as Vec<u8>,", ", a", "++, b?.c as D"] {
            let tokens = token::flatten(TokenStream::from_str(text).expect("tokens"));
            let mut errors = Errors::default();
            let schema = parse_items(&split(&tokens, Span::call_site()), &mut errors);
            assert!(errors.is_empty(), "{text}");
            assert_eq!(declared(&schema), declared(&read(text).0), "{text}");
        }
    }

    #[test]
    fn each_fault_is_one_error_and_the_other_entries_stay() {
        let table: &[(&str, &str, &[&str])] = &[
            ("id,, x", "empty entry", &["id", "x"]),
            ("id, x,,", "empty entry", &["id", "x"]),
            ("id, &, x", "`&` stands alone", &["id", "x"]),
            ("id, a b, x", "a comma is missing before `b`", &["id", "x"]),
            ("id, &&a, x", "`&` is written twice", &["id", "x"]),
            ("id, [a+b, x", "`[` is never closed", &["id"]),
            ("id, a], x", "`]` closes nothing", &["id", "x"]),
            ("id, [a+], x", "a field is missing", &["id", "x"]),
            ("id, [], x", "`[]` is empty", &["id", "x"]),
            ("id, [&a+b], x", "`&` stands before the `[`", &["id", "x"]),
            ("id, [*a+b], x", "multi-entry", &["id", "x"]),
            ("id, a., x", "a name is missing after `a.`", &["id", "x"]),
            ("id, a?, x", "`?` leads on to a nested field: `a?.city as String`", &["id", "x"]),
            ("id, a?.b?, x", "`a?.b as Option<String>`", &["id", "x"]),
            ("id, a%, x", "`%` has no meaning", &["id", "x"]),
            ("id, a as, x", "a type is missing after `as`", &["id", "x"]),
            ("id, a&, x", "`&` stands before the name", &["id", "x"]),
            ("id, +a, x", "a single `+`", &["id", "x"]),
            ("id, 7, x", "`7` is not a field", &["id", "x"]),
        ];
        for (text, wanted, left) in table {
            let (schema, errors) = read(text);
            assert_eq!(errors.len(), 1, "{text}: {errors:?}");
            assert!(errors[0].contains(wanted), "{text}: {errors:?}");
            assert_eq!(declared(&schema), *left, "{text}");
        }
    }
}
