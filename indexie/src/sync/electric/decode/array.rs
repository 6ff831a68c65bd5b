//! Array literals, as Postgres prints arrays: `{a,"b,c",NULL,{…}}`.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Error, SeqAccess};

use super::cell::Cell;
use super::{ColumnError, Decoded};
use crate::sync::electric::columns::Kind;

/// One element, and whether it is an array itself.
#[derive(Debug, PartialEq)]
pub(super) enum Element<'a> {
    Null,
    Text(Cow<'a, str>),
    Array(&'a str),
}

/// The elements of an array, those of its first dimension.
pub(super) fn elements(literal: &str, delimiter: u8) -> Decoded<Vec<Element<'_>>> {
    let wrong = || ColumnError::new("this is no array literal");
    let mut rest = literal.trim();
    if rest.starts_with('[') {
        // Bounds other than 1, `[0:1]={…}`: only the order counts.
        rest = rest.split_once('=').ok_or_else(wrong)?.1;
    }
    rest = rest.strip_prefix('{').ok_or_else(wrong)?.trim_ascii_start();
    let mut elements = Vec::new();
    if rest == "}" {
        return Ok(elements);
    }
    loop {
        let (element, after) = element(rest, delimiter).ok_or_else(wrong)?;
        elements.push(element);
        let after = after.trim_ascii_start();
        match after.as_bytes() {
            b"}" => return Ok(elements),
            [first, ..] if *first == delimiter => rest = after[1..].trim_ascii_start(),
            _ => return Err(wrong()),
        }
    }
}

/// The element that begins here, and what comes after it.
fn element(text: &str, delimiter: u8) -> Option<(Element<'_>, &str)> {
    match text.as_bytes().first()? {
        b'"' => {
            let end = closing_quote(text)?;
            Some((Element::Text(unescaped(&text[1..end])), &text[end + 1..]))
        }
        b'{' => {
            let end = closing_brace(text)?;
            Some((Element::Array(&text[..=end]), &text[end + 1..]))
        }
        _ => {
            let mut escaped = false;
            let end = text.bytes().position(|byte| {
                let ends = !escaped && (byte == delimiter || byte == b'}');
                escaped = !escaped && byte == b'\\';
                ends
            })?;
            let bare = text[..end].trim_ascii_end();
            let element = match bare {
                "" => return None,
                _ if bare.eq_ignore_ascii_case("null") => Element::Null,
                _ => Element::Text(unescaped(bare)),
            };
            Some((element, &text[end..]))
        }
    }
}

/// Where the quotes that open the text close.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = !escaped && byte == b'"';
        escaped = !escaped && byte == b'\\';
        ends
    })?;
    Some(end + 1)
}

/// Where the brace that opens the text closes.
fn closing_brace(text: &str) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match text.as_bytes().get(at)? {
            b'"' => at += closing_quote(&text[at..])?,
            b'\\' => at += 1,
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.extend(if char == '\\' { chars.next() } else { Some(char) });
    }
    Cow::Owned(plain)
}

/// Hands out the elements of an array.
pub(super) struct Elements<'a> {
    left: std::vec::IntoIter<Element<'a>>,
    kind: Kind,
    at: usize,
}

impl<'a> Elements<'a> {
    pub fn parse(literal: &'a str, kind: Kind) -> Decoded<Self> {
        let delimiter = if kind == Kind::Box { b';' } else { b',' };
        Ok(Self { left: elements(literal, delimiter)?.into_iter(), kind, at: 0 })
    }

    /// Refuses elements that nobody has asked for.
    pub fn end(self) -> Decoded<()> {
        match self.left.len() {
            0 => Ok(()),
            more => Err(ColumnError::invalid_length(self.at + more, &"fewer elements")),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_> {
    type Error = ColumnError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Decoded<Option<T::Value>> {
        let Some(element) = self.left.next() else { return Ok(None) };
        self.at += 1;
        let (text, array) = match &element {
            Element::Null => (None, false),
            Element::Text(text) => (Some(&**text), false),
            Element::Array(literal) => (Some(*literal), true),
        };
        seed.deserialize(Cell { text, kind: self.kind, array })
            .map(Some)
            .map_err(|error| ColumnError::new(format_args!("element {}: {}", self.at, error.message)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Element<'_> {
        Element::Text(text.into())
    }

    #[test]
    fn quotes_escapes_and_null() {
        let read = elements(r#"{a,"b,c","d\"e","NULL",NULL,"","back\\slash",x\,y, é 😀 }"#, b',').expect("a literal");
        let expected = ["a", "b,c", "d\"e", "NULL", "", "", "back\\slash", "x,y", "é 😀"].map(text);
        for (at, (read, expected)) in read.iter().zip(&expected).enumerate() {
            assert_eq!(read, if at == 4 { &Element::Null } else { expected });
        }
        assert_eq!(read.len(), expected.len());
    }

    #[test]
    fn dimensions_bounds_and_other_delimiters() {
        assert_eq!(elements("{}", b','), Ok(vec![]));
        assert_eq!(elements("{{1,2},{3,4}}", b','), Ok(vec![Element::Array("{1,2}"), Element::Array("{3,4}")]));
        assert_eq!(elements(r#"{{"}\"",a\}}}"#, b','), Ok(vec![Element::Array(r#"{"}\"",a\}}"#)]));
        assert_eq!(elements("[0:1]={5,6}", b','), Ok(vec![text("5"), text("6")]));
        assert_eq!(elements("{(1,1),(0,0);(2,2),(1,1)}", b';'), Ok(vec![text("(1,1),(0,0)"), text("(2,2),(1,1)")]));
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        for literal in ["", "a", "{", "{a", "{a,}", "{,a}", "{\"a}", "{{1}", "{a}b", "[0:1]", "{a\\"] {
            assert!(elements(literal, b',').is_err(), "{literal}");
        }
    }
}
