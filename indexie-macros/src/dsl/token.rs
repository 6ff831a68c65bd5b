//! The tokens of a schema, the same for `"++id, &email"` and for `++id, &email`: a string is cut into
//! them with the literal's span, real tokens keep their own, and brackets are flattened so that an
//! unclosed one can be reported here rather than by the compiler's lexer.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;

/// One token and where it stands.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Debug)]
pub enum Kind {
    Word(Ident),
    Sign(Punct),
    Open(Delimiter),
    Close(Delimiter),
    Other(Literal),
    /// A character that no schema contains.
    Stray(char),
}

impl Token {
    /// Whether this is the punctuation `sign`.
    pub fn is(&self, sign: char) -> bool {
        matches!(&self.kind, Kind::Sign(punct) if punct.as_char() == sign)
    }

    /// Whether this is the word `word`.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(ident) if ident == word)
    }

    /// Whether this opens a `[`.
    pub fn opens_bracket(&self) -> bool {
        matches!(self.kind, Kind::Open(Delimiter::Bracket))
    }

    /// Whether this closes a `]`.
    pub fn closes_bracket(&self) -> bool {
        matches!(self.kind, Kind::Close(Delimiter::Bracket))
    }

    /// As it was written.
    pub fn text(&self) -> String {
        match &self.kind {
            Kind::Word(ident) => ident.to_string(),
            Kind::Sign(punct) => punct.as_char().to_string(),
            Kind::Open(delimiter) => pair(*delimiter).0.to_string(),
            Kind::Close(delimiter) => pair(*delimiter).1.to_string(),
            Kind::Other(literal) => literal.to_string(),
            Kind::Stray(char) => char.to_string(),
        }
    }
}

/// Flattens the tokens of an attribute.
pub fn flatten(stream: TokenStream) -> Vec<Token> {
    let mut tokens = Vec::new();
    flatten_into(stream, &mut tokens);
    tokens
}

fn flatten_into(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let span = tree.span();
        match tree {
            TokenTree::Group(group) => {
                let delimiter = group.delimiter();
                // An invisible group is what a macro's `$field:ident` arrives in.
                let visible = delimiter != Delimiter::None;
                if visible {
                    let kind = Kind::Open(delimiter);
                    let span = group.span_open();
                    tokens.push(Token { kind, span });
                }
                flatten_into(group.stream(), tokens);
                if visible {
                    let kind = Kind::Close(delimiter);
                    let span = group.span_close();
                    tokens.push(Token { kind, span });
                }
            }
            TokenTree::Ident(ident) => tokens.push(Token { kind: Kind::Word(ident), span }),
            TokenTree::Punct(punct) => tokens.push(Token { kind: Kind::Sign(punct), span }),
            TokenTree::Literal(literal) => tokens.push(Token { kind: Kind::Other(literal), span }),
        }
    }
}

/// Cuts a schema string into tokens, all at the literal's span.
pub fn scan(text: &str, span: Span) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        let start = at;
        at += 1;
        let kind = match char {
            _ if char.is_whitespace() => continue,
            '(' => Kind::Open(Delimiter::Parenthesis),
            ')' => Kind::Close(Delimiter::Parenthesis),
            '[' => Kind::Open(Delimiter::Bracket),
            ']' => Kind::Close(Delimiter::Bracket),
            '+' | '&' | '*' | ',' | '.' | '?' | ':' | '=' | '<' | '>' | '-' | ';' => {
                let glued = matches!((char, chars.get(at)), (':', Some(':')) | ('-', Some('>')));
                let spacing = if glued { Spacing::Joint } else { Spacing::Alone };
                let mut punct = Punct::new(char, spacing);
                punct.set_span(span);
                Kind::Sign(punct)
            }
            _ if is_word(char) => {
                while chars.get(at).is_some_and(|next| is_word(*next)) {
                    at += 1;
                }
                if at - start == 1 && char == 'r' && chars.get(at) == Some(&'#') {
                    at += 1;
                    while chars.get(at).is_some_and(|next| is_word(*next)) {
                        at += 1;
                    }
                }
                word(&chars[start..at].iter().collect::<String>(), span)
            }
            _ => Kind::Stray(char),
        };
        tokens.push(Token { kind, span });
    }
    tokens
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn word(text: &str, span: Span) -> Kind {
    if let Ok(mut ident) = Ident::parse_any.parse_str(text) {
        ident.set_span(span);
        return Kind::Word(ident);
    }
    match text.parse::<Literal>() {
        Ok(mut literal) => {
            literal.set_span(span);
            Kind::Other(literal)
        }
        Err(_) => Kind::Stray(text.chars().next().unwrap_or(' ')),
    }
}

/// Puts tokens back into a stream, so that `syn` can read the type in `field as Type`.
pub fn nest(tokens: &[Token]) -> TokenStream {
    let mut open: Vec<(Delimiter, Span, TokenStream)> = Vec::new();
    let mut current = TokenStream::new();
    for token in tokens {
        match &token.kind {
            Kind::Word(ident) => current.extend([TokenTree::from(ident.clone())]),
            Kind::Sign(punct) => current.extend([TokenTree::from(punct.clone())]),
            Kind::Other(literal) => current.extend([TokenTree::from(literal.clone())]),
            Kind::Stray(_) => {}
            Kind::Open(delimiter) => {
                open.push((*delimiter, token.span, std::mem::take(&mut current)));
            }
            Kind::Close(_) => {
                if let Some((delimiter, span, outer)) = open.pop() {
                    let mut group = Group::new(delimiter, std::mem::replace(&mut current, outer));
                    group.set_span(span);
                    current.extend([TokenTree::from(group)]);
                }
            }
        }
    }
    current
}

/// The tokens as text, without spaces except where two words meet.
pub fn text_of(tokens: &[Token]) -> String {
    let mut text = String::new();
    for token in tokens {
        let next = token.text();
        let meets = text.ends_with(is_word) && next.starts_with(is_word);
        if meets {
            text.push(' ');
        }
        text.push_str(&next);
    }
    text
}

fn pair(delimiter: Delimiter) -> (char, char) {
    match delimiter {
        Delimiter::Parenthesis => ('(', ')'),
        Delimiter::Brace => ('{', '}'),
        Delimiter::Bracket | Delimiter::None => ('[', ']'),
    }
}

#[cfg(test)]
mod tests {
    use super::{flatten, nest, scan, text_of};
    use proc_macro2::Span;
    use quote::quote;

    #[test]
    fn a_string_and_the_same_tokens_give_the_same_words() {
        let string = scan("++id, &*tags, [a + b.c], x as Vec<u8>", Span::call_site());
        let tokens = flatten(quote!(++id, &*tags, [a + b.c], x as Vec<u8>));
        assert_eq!(text_of(&string), text_of(&tokens));
        assert_eq!(text_of(&string), "++id,&*tags,[a+b.c],x as Vec<u8>");
    }

    #[test]
    fn a_type_survives_flattening() {
        let tokens = scan("(String, [crate::Id; 4])", Span::call_site());
        let wanted = quote!((String, [crate::Id; 4]));
        assert_eq!(nest(&tokens).to_string(), wanted.to_string());
    }

    #[test]
    fn raw_words_and_odd_characters_are_read() {
        let tokens = scan("r#type, é, a%b, 7", Span::call_site());
        assert_eq!(text_of(&tokens), "r#type,é,a%b,7");
    }
}
