//! The grammar of `schema!`: a struct that names the database, then its versions, oldest first. A fault
//! inside a version costs that entry, not the whole database.

use crate::diagnostics::Errors;
use crate::dsl;
use crate::model::{Schema, as_field};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Attribute, LitInt, LitStr, Path, Token, Type, Visibility};

/// A database, as it was written.
pub struct Database {
    /// The library's path.
    pub library: TokenStream,
    pub attrs: Vec<Attribute>,
    pub visibility: Visibility,
    pub ident: Ident,
    pub name: LitStr,
    pub versions: Vec<Version>,
}

/// `version 2 { .. } upgrade f populate g`
pub struct Version {
    pub number: u32,
    pub span: Span,
    pub tables: Vec<Table>,
    pub upgrade: Option<Call>,
    pub populate: Option<Call>,
}

/// `upgrade on_upgrade_v2`
pub struct Call {
    pub span: Span,
    pub function: Path,
}

/// `users: User`
pub struct Table {
    pub docs: Vec<Attribute>,
    pub ident: Ident,
    pub name: String,
    pub content: Content,
}

/// What a version says about a table.
pub enum Content {
    /// A string: how it was.
    Past(Schema),
    /// A type: how it is.
    Record(Type),
    /// A type and the schema it must have.
    Pinned(Type, Schema, LitStr),
    Drop,
}

/// Reads the database. `None` if there is not even a struct to make.
pub fn read(input: TokenStream, errors: &mut Errors) -> Option<Database> {
    let parser = |input: ParseStream<'_>| {
        let database = database(input, errors);
        // What is left is not a second fault.
        skip(input, |_| false);
        Ok(database.map_err(|error| errors.push(error)).ok())
    };
    parser.parse2(input).ok().flatten()
}

fn database(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Database> {
    let library = library(input)?;
    let attrs = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let (ident, name) = header(input)?;
    if let Some(derive) = attrs.iter().find(|attr| attr.path().is_ident("derive")) {
        let message = format!(
            "`{ident}` comes with `Clone`, `Debug` and `Default`, and is no plain struct that could derive more: remove the attribute"
        );
        errors.at(derive.span(), message);
    }
    let attrs = attrs.into_iter().filter(|attr| !attr.path().is_ident("derive")).collect();
    if input.is_empty() {
        errors.at(ident.span(), "a database has at least one version: `version 1 { users: User }`");
    }
    let mut versions = Vec::new();
    while !input.is_empty() {
        match version(input, errors) {
            Ok(version) => versions.push(version),
            Err(error) => {
                errors.push(error);
                skip(input, |input| peek_word(input, "version"));
            }
        }
    }
    Ok(Database { library, attrs, visibility, ident, name, versions })
}

/// `crate = $crate;`, which the library's own `schema!` puts in front.
fn library(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    if !(input.peek(Token![crate]) && input.peek2(Token![=])) {
        return Ok(quote!(::indexie));
    }
    input.parse::<Token![crate]>()?;
    input.parse::<Token![=]>()?;
    let mut path = TokenStream::new();
    while !input.peek(Token![;]) && !input.is_empty() {
        path.extend([input.parse::<TokenTree>()?]);
    }
    input.parse::<Token![;]>()?;
    Ok(path)
}

fn header(input: ParseStream<'_>) -> syn::Result<(Ident, LitStr)> {
    let parse = || {
        input.parse::<Token![struct]>()?;
        let ident = input.parse()?;
        let content;
        syn::parenthesized!(content in input);
        let name = content.parse()?;
        if !content.is_empty() {
            return Err(content.error(""));
        }
        input.parse::<Token![;]>()?;
        Ok((ident, name))
    };
    parse().map_err(|error: syn::Error| {
        let message = "the database is a struct around its name: `pub struct AppDb(\"MyAppDatabase\");`";
        syn::Error::new(error.span(), message)
    })
}

fn peek_word(input: ParseStream<'_>, wanted: &str) -> bool {
    let word = input.fork().call(Ident::parse_any);
    word.is_ok_and(|word| word == wanted)
}

/// Passes over what cannot be read, at least one token of it.
fn skip(input: ParseStream<'_>, ends: impl Fn(ParseStream<'_>) -> bool) {
    let mut first = true;
    while !input.is_empty() && (first || !ends(input)) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
        first = false;
    }
}

fn version(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Version> {
    if !peek_word(input, "version") {
        return Err(input.error("a version is expected here: `version 1 { users: User }`"));
    }
    input.call(Ident::parse_any)?;
    let literal: LitInt = input
        .parse()
        .map_err(|error| syn::Error::new(error.span(), "a version has a whole number: `version 1 { users: User }`"))?;
    let number = literal
        .base10_parse()
        .map_err(|_| syn::Error::new(literal.span(), "a version is a whole number from 1 to 4294967295"))?;
    let content;
    syn::braced!(content in input);
    let mut version = Version { number, span: literal.span(), tables: Vec::new(), upgrade: None, populate: None };
    while !content.is_empty() {
        match table(&content, errors) {
            Ok(table) => version.tables.push(table),
            Err(error) => {
                errors.push(error);
                skip(&content, |input| input.peek(Token![,]));
            }
        }
        if content.is_empty() {
            break;
        }
        if content.parse::<Token![,]>().is_err() {
            errors.at(content.span(), "a comma is missing between two tables");
            skip(&content, |input| input.peek(Token![,]));
            let _: Option<Token![,]> = content.parse()?;
        }
    }
    if let Err(error) = calls(input, &mut version) {
        errors.push(error);
        skip(input, |input| peek_word(input, "version"));
    }
    Ok(version)
}

/// `upgrade f` and `populate g`, in either order.
fn calls(input: ParseStream<'_>, version: &mut Version) -> syn::Result<()> {
    loop {
        let _: Option<Token![,]> = input.parse()?;
        if input.is_empty() || peek_word(input, "version") {
            return Ok(());
        }
        let upgrade = peek_word(input, "upgrade");
        if !upgrade && !peek_word(input, "populate") {
            return Err(input.error(
                "behind a version stand `upgrade function`, `populate function`, or the next `version 2 { .. }`",
            ));
        }
        let word: Ident = input.call(Ident::parse_any)?;
        let function: Path = input.parse().map_err(|error| {
            let message = format!(
                "`{word}` names a function: `{word} prepare`, with `async fn prepare(tx: Upgrade) -> Result<()>`"
            );
            syn::Error::new(error.span(), message)
        })?;
        let call = if upgrade { &mut version.upgrade } else { &mut version.populate };
        if call.is_some() {
            let message = format!("`{word}` is here twice: let one function call the other");
            return Err(syn::Error::new(word.span(), message));
        }
        *call = Some(Call { span: word.span(), function });
    }
}

fn table(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Table> {
    let docs = input.call(Attribute::parse_outer)?;
    if let Some(other) = docs.iter().find(|attr| !attr.path().is_ident("doc")) {
        errors.at(other.span(), "only doc comments stand on a table");
    }
    let docs = docs.into_iter().filter(|attr| attr.path().is_ident("doc")).collect();
    let name = input
        .call(Ident::parse_any)
        .map_err(|error| syn::Error::new(error.span(), "a table is expected here: `users: User`"))?;
    let Some(ident) = as_field(&name) else {
        let message = format!("`{name}` cannot be a field's name in Rust: call the table something else");
        return Err(syn::Error::new(name.span(), message));
    };
    if input.parse::<Token![:]>().is_err() {
        let message = format!(
            "behind the table's name stands what it is: `{name}: User`, `{name}: \"++id\"` or `{name}: drop`, so `{name}: ` is needed here"
        );
        return Err(input.error(message));
    }
    let name = name.unraw().to_string();
    Ok(Table { docs, ident, name, content: content(input, errors)? })
}

fn content(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Content> {
    if input.peek(LitStr) {
        return Ok(Content::Past(past(&input.parse()?, errors)));
    }
    if peek_word(input, "drop") && !input.peek2(Token![::]) && !input.peek2(Token![<]) {
        input.call(Ident::parse_any)?;
        return Ok(Content::Drop);
    }
    let ty: Type = input.parse().map_err(|error| {
        let message = "a table is a record type, `User`, the schema it had, `\"++id, name\"`, or `drop`";
        syn::Error::new(error.span(), message)
    })?;
    if !input.peek(Token![=]) {
        return Ok(Content::Record(ty));
    }
    input.parse::<Token![=]>()?;
    let text: LitStr = input.parse().map_err(|error| {
        syn::Error::new(error.span(), "the schema is pinned by a string: `users: User = \"++id, &email\"`")
    })?;
    let schema = past(&text, errors);
    Ok(Content::Pinned(ty, schema, text))
}

fn past(text: &LitStr, errors: &mut Errors) -> Schema {
    let mut schema = dsl::parse_string(text, errors);
    crate::check::schema(&mut schema, errors);
    schema
}
