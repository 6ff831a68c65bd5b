//! One entry: `[name :] [++ & *] (path | [path + path]) [as Type]`. Called by the grammar for each item.

use super::token::{self, Kind, Token};
use super::{Depth, Item};
use crate::diagnostics::Errors;
use crate::model::{Entry, FieldPath, Step, Target, as_field};
use proc_macro2::{Ident, Span};

/// Reads one entry, or reports why it cannot be read.
pub fn parse(item: Item<'_>, primary: bool, errors: &mut Errors) -> Option<Entry> {
    let reader = Reader { rest: item.tokens, last: item.span };
    errors.ok(reader.entry(item.span, primary))
}

struct Reader<'a> {
    rest: &'a [Token],
    /// The last token taken: where something missing is reported.
    last: Span,
}

impl<'a> Reader<'a> {
    fn entry(mut self, span: Span, primary: bool) -> syn::Result<Entry> {
        let name = self.name()?;
        let mut entry = Entry { name, auto: None, unique: None, multi: None, target: Target::Outside, span };
        self.flags(&mut entry)?;
        entry.target = self.target(&entry, primary)?;
        self.end()?;
        Ok(entry)
    }

    fn peek(&self) -> Option<&'a Token> {
        self.rest.first()
    }

    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        self.last = first.span;
        Some(first)
    }

    fn take(&mut self, sign: char) -> Option<Span> {
        let token = self.peek()?;
        token.is(sign).then(|| self.next())?;
        Some(token.span)
    }

    fn fail<T>(&self, message: impl std::fmt::Display) -> syn::Result<T> {
        let span = self.peek().map_or(self.last, |token| token.span);
        Err(syn::Error::new(span, message))
    }

    fn name(&mut self) -> syn::Result<Option<Ident>> {
        let [Token { kind: Kind::Word(name), .. }, colon, ..] = self.rest else {
            return Ok(None);
        };
        if !colon.is(':') {
            return Ok(None);
        }
        let name = field(name)?;
        self.rest = &self.rest[2..];
        self.last = colon.span;
        Ok(Some(name))
    }

    fn flags(&mut self, entry: &mut Entry) -> syn::Result<()> {
        while let Some(token) = self.peek() {
            let (flag, sign) = if token.is('+') {
                (&mut entry.auto, "++")
            } else if token.is('&') {
                (&mut entry.unique, "&")
            } else if token.is('*') {
                (&mut entry.multi, "*")
            } else {
                return Ok(());
            };
            if flag.is_some() {
                return self.fail(format_args!("`{sign}` is written twice: once is enough"));
            }
            *flag = Some(token.span);
            self.next();
            if sign == "++" && self.take('+').is_none() {
                return self.fail("a single `+`: a generated key is `++id`, a compound index `[a+b]`");
            }
        }
        Ok(())
    }

    fn target(&mut self, entry: &Entry, primary: bool) -> syn::Result<Target> {
        let Some(token) = self.peek() else {
            return self.nothing(entry, primary);
        };
        if token.opens_bracket() {
            return self.compound().map(Target::Many);
        }
        let mut path = self.path()?;
        path.given = self.given(|_| false)?;
        Ok(Target::One(path))
    }

    /// There is no field: a key outside of the record, or a fault.
    fn nothing(&self, entry: &Entry, primary: bool) -> syn::Result<Target> {
        if let Some(flag) = entry.unique.or(entry.multi) {
            let sign = if entry.unique.is_some() { '&' } else { '*' };
            let message = format!("`{sign}` stands alone: write the field behind it, `{sign}field`");
            return Err(syn::Error::new(flag, message));
        }
        if entry.name.is_some() {
            return self.fail("the index is missing after the `:`, as in `pair: [a+b]`");
        }
        if !primary && entry.auto.is_none() {
            let message = "an empty entry: remove the comma, or write the field that is missing \
                (only the first entry may be empty, for a key outside of the record)";
            return Err(syn::Error::new(entry.span, message));
        }
        Ok(Target::Outside)
    }

    fn compound(&mut self) -> syn::Result<Vec<FieldPath>> {
        let open = self.last_of_next();
        let mut paths = Vec::new();
        loop {
            let Some(token) = self.peek() else {
                return Err(syn::Error::new(open, "this `[` is never closed: write `]` after the last field"));
            };
            if token.closes_bracket() {
                let message = if paths.is_empty() {
                    "`[]` is empty: a compound index lists its fields, `[a+b]`"
                } else {
                    "a field is missing between `+` and `]`"
                };
                return self.fail(message);
            }
            self.no_flag_inside(token)?;
            let mut path = self.path()?;
            path.given = self.given(|token| token.is('+') || token.closes_bracket())?;
            paths.push(path);
            match self.peek() {
                Some(token) if token.is('+') => {
                    self.next();
                }
                Some(token) if token.closes_bracket() => {
                    self.next();
                    return Ok(paths);
                }
                Some(token) if token.is(',') => {
                    // In a string an unclosed `[` swallows the entries behind it.
                    let message = "this `[` is never closed: the fields of a compound index are joined by `+`, `[a+b]`";
                    return Err(syn::Error::new(open, message));
                }
                Some(_) => return self.unexpected(),
                None => {}
            }
        }
    }

    fn last_of_next(&mut self) -> Span {
        self.next();
        self.last
    }

    fn no_flag_inside(&self, token: &Token) -> syn::Result<()> {
        if token.is('*') {
            return self.fail(
                "a compound index cannot be multi-entry: IndexedDB refuses it. \
                 Index the collection by itself, `*tags`",
            );
        }
        if token.is('&') {
            return self.fail("`&` stands before the `[`: `&[a+b]`");
        }
        if token.is('+') {
            return self.fail("a field is missing before this `+`: a compound index is written `[a+b]`");
        }
        Ok(())
    }

    fn path(&mut self) -> syn::Result<FieldPath> {
        let Some(token) = self.peek() else {
            return self.fail("a field is missing here");
        };
        let Kind::Word(root) = &token.kind else {
            return self.unexpected();
        };
        self.next();
        let mut path = FieldPath { root: root.clone(), nested: Vec::new(), given: None };
        loop {
            let through_option = self.take('?').is_some();
            if self.take('.').is_none() {
                if through_option {
                    let text = path.written();
                    if path.nested.is_empty() {
                        return self.fail(format_args!("`?` leads on to a nested field: `{text}?.city as String`. A field that is itself an `Option` needs no sign"));
                    }
                    return self.fail(format_args!("`?` leads on to a nested field. One that is itself an `Option` says so by its type: `{text} as Option<String>`"));
                }
                return Ok(path);
            }
            let Some(Kind::Word(field)) = self.peek().map(|token| &token.kind) else {
                let text = path.declared();
                return self.fail(format_args!("a name is missing after `{text}.`"));
            };
            let field = self::field(field)?;
            self.next();
            path.nested.push(Step { through_option, field });
        }
    }

    /// The type behind `as`, which ends where `ends` says.
    fn given(&mut self, ends: impl Fn(&Token) -> bool) -> syn::Result<Option<syn::Type>> {
        match self.peek() {
            Some(token) if token.is_word("as") => self.next(),
            _ => return Ok(None),
        };
        let mut depth = Depth::default();
        let mut length = 0;
        for token in self.rest {
            if depth.is_zero() && ends(token) {
                break;
            }
            depth.pass(token);
            length += 1;
        }
        let (tokens, rest) = self.rest.split_at(length);
        if tokens.is_empty() {
            return self.fail("a type is missing after `as`: `address.city as String`");
        }
        let parsed = syn::parse2(token::nest(tokens)).map_err(|_| {
            let text = token::text_of(tokens);
            syn::Error::new(tokens[0].span, format_args!("`{text}` is not a type"))
        })?;
        self.rest = rest;
        Ok(Some(parsed))
    }

    fn end(&self) -> syn::Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.unexpected(),
        }
    }

    fn unexpected<T>(&self) -> syn::Result<T> {
        let Some(token) = self.peek() else {
            return self.fail("something is missing here");
        };
        let text = token.text();
        match &token.kind {
            Kind::Word(_) => self.fail(format_args!("a comma is missing before `{text}`")),
            Kind::Close(_) => self.fail(format_args!("this `{text}` closes nothing")),
            Kind::Other(_) => self.fail(format_args!("`{text}` is not a field of a record")),
            Kind::Sign(_) if matches!(text.as_str(), "&" | "*" | "+") => {
                let sign = if text == "+" { "++" } else { &text };
                self.fail(format_args!("`{sign}` stands before the name: `{sign}field`"))
            }
            Kind::Sign(_) | Kind::Open(_) | Kind::Stray(_) => self.fail(format_args!(
                "`{text}` has no meaning in a schema: the entries are `++id`, `&unique`, `*many`, `[a+b]` and `a.b as Type`"
            )),
        }
    }
}

fn field(name: &Ident) -> syn::Result<Ident> {
    as_field(name)
        .ok_or_else(|| syn::Error::new(name.span(), format_args!("`{name}` cannot be a field's name in Rust")))
}
