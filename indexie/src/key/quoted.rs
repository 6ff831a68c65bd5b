//! Texts in errors: as Rust's `Debug` has them, but that knows which characters cannot be seen, by tables that take six kilobytes of a
//! page's program.

use std::fmt::{self, Write};

/// A text between quotation marks.
pub(crate) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => {
                    f.write_char('\\')?;
                    f.write_char(character)?;
                }
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\0' => f.write_str("\\0")?,
                _ => match u8::try_from(character) {
                    Ok(byte) if character.is_control() => write!(f, "\\u{{{byte:x}}}")?,
                    _ => f.write_char(character)?,
                },
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    /// As `Debug` has them.
    #[test]
    fn a_text_is_shown_with_what_cannot_be_seen() {
        for text in ["", "Ada", "say \"hi\"", "a\\b", "\n\r\t\0", "\u{1b}[1m\u{7f}\u{9f}", "é 😀 日本", "it's"] {
            assert_eq!(Quoted(text).to_string(), format!("{text:?}"));
        }
    }
}
