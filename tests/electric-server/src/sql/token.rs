//! Cuts the text of an expression into tokens. Only the parser calls it.

use super::SqlError;
use crate::name;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// An unquoted word, folded: keyword or name.
    Word(String),
    /// A quoted name.
    Name(String),
    Text(String),
    Number(String),
    Param(String),
    Symbol(&'static str),
}

/// The longer first: the first that fits is taken.
const SYMBOLS: [&str; 13] = ["<=", ">=", "<>", "!=", "::", "=", "<", ">", "(", ")", ",", ".", "-"];

/// All tokens, each with the character it starts at.
pub(super) fn tokens(sql: &str) -> Result<Vec<(usize, Token)>, SqlError> {
    let mut found = Vec::new();
    let mut rest = sql;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(found) };
        let at = sql[..sql.len() - rest.len()].chars().count();
        let error = |message: &str| SqlError { at, message: message.to_owned() };
        let (token, after) = if first == '\'' {
            text(rest).ok_or_else(|| error("unterminated quoted string"))?
        } else if first == '"' {
            let (name, after) = name::identifier(rest).ok_or_else(|| error("unterminated quoted identifier"))?;
            (Token::Name(name), after)
        } else if first.is_ascii_digit() {
            let (number, after) = digits(rest, |c| c.is_ascii_digit() || c == '.');
            (Token::Number(number), after)
        } else if let Some(param) = rest.strip_prefix('$') {
            let (number, after) = digits(param, |c| c.is_ascii_digit());
            (Token::Param(number), after)
        } else if let Some((word, after)) = name::identifier(rest) {
            (Token::Word(word), after)
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Token::Symbol(symbol), &rest[symbol.len()..])
        } else {
            return Err(error(&format!("syntax error at or near \"{first}\"")));
        };
        found.push((at, token));
        rest = after;
    }
}

fn digits(rest: &str, belongs: impl Fn(char) -> bool) -> (String, &str) {
    let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    (rest[..end].to_owned(), &rest[end..])
}

/// A quoted string, in which `''` is one quote.
fn text(rest: &str) -> Option<(Token, &str)> {
    let mut text = String::new();
    let mut parts = rest[1..].split_inclusive('\'').peekable();
    let mut used = 1;
    while let Some(part) = parts.next() {
        used += part.len();
        text.push_str(part.strip_suffix('\'')?);
        if parts.peek() != Some(&"'") {
            return Some((Token::Text(text), &rest[used..]));
        }
        text.push('\'');
        used += parts.next()?.len();
        // After a doubled quote the string has to go on.
        parts.peek()?;
    }
    None
}
