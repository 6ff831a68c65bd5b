//! The struct a `derive(Store)` stands on: a plain one, with its fields as Rust and as serde name them.

use crate::diagnostics::Errors;
use crate::stored;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Fields, Type};

/// A plain struct with named fields.
pub struct Record<'a> {
    pub ident: &'a Ident,
    pub syntax: &'a DeriveInput,
    pub container: stored::Container,
    pub fields: Vec<Field<'a>>,
}

/// One of its fields.
pub struct Field<'a> {
    pub ident: &'a Ident,
    /// Without `r#`.
    pub name: String,
    pub ty: &'a Type,
    pub syntax: &'a syn::Field,
    pub serde: stored::Field,
    /// The name in the stored object.
    pub stored: String,
    /// The name serde reads it back from.
    pub read: String,
}

/// Reads the struct, or reports why it is not a plain one.
pub fn read<'a>(syntax: &'a DeriveInput, errors: &mut Errors) -> Option<Record<'a>> {
    let named = match &syntax.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => Some(&named.named),
            Fields::Unnamed(fields) => {
                return refuse(syntax, fields.span(), "a tuple struct", errors);
            }
            Fields::Unit => {
                return refuse(syntax, syntax.ident.span(), "a struct without fields", errors);
            }
        },
        Data::Enum(data) => return refuse(syntax, data.enum_token.span, "an enum", errors),
        Data::Union(data) => return refuse(syntax, data.union_token.span, "a union", errors),
    };
    let generics = &syntax.generics;
    if !generics.params.is_empty() {
        let ident = &syntax.ident;
        errors.at(
            generics.params.span(),
            format_args!("`{ident}` has generic parameters: a table holds rows of one concrete type that owns its data. Write a struct without them"),
        );
        return None;
    }
    let container = stored::container(&syntax.attrs);
    let fields = named.into_iter().flatten().filter_map(|field| self::field(field, &container));
    Some(Record { ident: &syntax.ident, fields: fields.collect(), container, syntax })
}

fn refuse<'a>(syntax: &DeriveInput, span: Span, what: &str, errors: &mut Errors) -> Option<Record<'a>> {
    let ident = &syntax.ident;
    errors.at(
        span,
        format_args!("`{ident}` is {what}: the rows of a table are a struct with named fields, `struct {ident} {{ id: u32, .. }}`"),
    );
    None
}

fn field<'a>(syntax: &'a syn::Field, container: &stored::Container) -> Option<Field<'a>> {
    let ident = syntax.ident.as_ref()?;
    let name = ident.unraw().to_string();
    let serde = stored::field(&syntax.attrs);
    let stored = serde.written.clone().unwrap_or_else(|| container.written.of_field(&name));
    let read = serde.read.clone().unwrap_or_else(|| container.read.of_field(&name));
    Some(Field { ident, name, ty: &syntax.ty, syntax, serde, stored, read })
}

impl Record<'_> {
    /// The names of the fields.
    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|field| field.name.as_str()).collect()
    }

    /// The names that serde reads fields by and does not write them under.
    pub fn aliases(&self) -> Vec<&str> {
        if self.container.into.is_some() {
            return Vec::new();
        }
        let written = self.fields.iter().filter(|field| field.serde.absent.is_none());
        let read = written.flat_map(|field| field.serde.aliases.iter().chain([&field.read]));
        let is_stored = |name: &&String| self.fields.iter().any(|field| field.stored == **name);
        read.filter(|name| !is_stored(name)).map(String::as_str).collect()
    }

    /// A name that no type in the struct mentions, for what stands beside the user's types.
    pub fn free_name(&self, wanted: String) -> Ident {
        let taken = self.syntax.to_token_stream().to_string();
        let mut name = wanted;
        while taken.contains(&name) {
            name.push('_');
        }
        Ident::new(&name, Span::call_site())
    }

    /// The type with `Self` spelled out, so that it can stand outside of the struct.
    pub fn spelled_out(&self, ty: &Type) -> TokenStream {
        spell_out(ty.to_token_stream(), self.ident)
    }
}

fn spell_out(tokens: TokenStream, ident: &Ident) -> TokenStream {
    tokens
        .into_iter()
        .map(|tree| match tree {
            TokenTree::Ident(word) if word == "Self" => {
                let mut ident = ident.clone();
                ident.set_span(word.span());
                TokenTree::Ident(ident)
            }
            TokenTree::Group(group) => {
                let inner = spell_out(group.stream(), ident);
                let mut spelled = proc_macro2::Group::new(group.delimiter(), inner);
                spelled.set_span(group.span());
                TokenTree::Group(spelled)
            }
            other => other,
        })
        .collect()
}
