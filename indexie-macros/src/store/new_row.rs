//! The New type of a table with a generated key: the record without the key, for inserting.

use super::expand::quiet;
use super::plan::{Parts, Place, Primary};
use super::record::{Field, Record};
use crate::diagnostics::Errors;
use crate::model::Options;
use crate::stored;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;

/// What the New type is called and derives.
pub struct NewType {
    pub name: Ident,
    pub derives: Vec<syn::Path>,
    /// The key field. `None` if the schema's key is broken: then nothing is left out.
    pub without: Option<usize>,
    /// Whether serde's macro writes it: otherwise that is left out, which shortens every check of the app.
    pub by_serde: bool,
}

/// Whether there is a New type, by the schema and by the options.
pub fn plan(
    record: &Record<'_>,
    primary: &Primary,
    columns: &[super::column::Column],
    options: Options,
    errors: &mut Errors,
) -> Option<NewType> {
    let new = options.new;
    if !primary.makes_new_rows() {
        let named = new.name.is_some() || !new.derives.is_empty();
        if let (Some(span), true) = (new.span, named && primary.place != Place::Broken) {
            let message = "there is no New type to name: it is made for a generated key inside the record, `++id`. Remove the option";
            errors.at(span, message);
        }
        return None;
    }
    if new.refused {
        return None;
    }
    if let Some(span) = record.container.into {
        let ident = record.ident;
        errors.at(
            span,
            format_args!("`#[serde(into)]` cannot hold for `New{ident}`, which lacks the key: write `new = false` behind the schema, and insert whole rows"),
        );
    }
    let without = match &primary.parts {
        Parts::One(column) => Some(columns[*column].field),
        _ => None,
    };
    let name = new.name.unwrap_or_else(|| format_ident!("New{}", record.ident));
    let is_plain =
        |field: &Field<'_>| field.serde.plain && !field.syntax.attrs.iter().any(|attr| attr.path().is_ident("cfg"));
    let plain = record.container.plain && record.fields.iter().all(is_plain);
    let by_serde = !plain || !new.derives.is_empty();
    Some(NewType { name, derives: new.derives, without, by_serde })
}

/// The New type itself. It stands beside the struct, since the app names it.
pub fn declare(record: &Record<'_>, new: &NewType, library: &TokenStream) -> TokenStream {
    let NewType { name, derives, by_serde, .. } = new;
    let ident = record.ident;
    let visibility = &record.syntax.vis;
    let cfgs = record.syntax.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let serde = quote!(#library::__private::serde);
    let written = by_serde.then(|| {
        let container = stored::repeated(&record.container, &ident.unraw().to_string(), &serde.to_string());
        quote!(#[derive(#serde::Serialize #(, #derives)*)] #container)
    });
    let fields = new.kept(record).map(|field| {
        let attrs = field.syntax.attrs.iter().filter(|attr| stored::repeats(attr, *by_serde));
        let documented = field.syntax.attrs.iter().any(|attr| attr.path().is_ident("doc"));
        let doc = (!documented).then(|| {
            let doc = format!(" See `{ident}::{}`.", field.name);
            quote!(#[doc = #doc])
        });
        let (ident, visibility, ty) = (field.ident, &field.syntax.vis, record.spelled_out(field.ty));
        quote!(#doc #(#attrs)* #visibility #ident: #ty,)
    });
    let doc = format!(" A [`{ident}`] to be added: without its key, which the browser generates.");
    let quiet = quiet();
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #quiet
        #written
        #visibility struct #name {
            #(#fields)*
        }
    }
}

/// How it is stored: as the record itself would be.
pub fn serialize(record: &Record<'_>, new: &NewType, private: &TokenStream) -> Option<TokenStream> {
    if new.by_serde {
        return None;
    }
    let fields: Vec<&Field<'_>> = new.kept(record).collect();
    let (name, record, count) = (&new.name, record.ident.unraw().to_string(), fields.len());
    let (idents, stored) = (fields.iter().map(|field| field.ident), fields.iter().map(|field| &field.stored));
    Some(quote! {
        #[automatically_derived]
        impl #private::serde::Serialize for #name {
            fn serialize<__S: #private::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                use #private::serde::ser::SerializeStruct as _;
                let mut __fields = __serializer.serialize_struct(#record, #count)?;
                #(__fields.serialize_field(#stored, &self.#idents)?;)*
                __fields.end()
            }
        }
    })
}

impl NewType {
    /// The record's fields but the key.
    pub fn kept<'r, 'a>(&self, record: &'r Record<'a>) -> impl Iterator<Item = &'r Field<'a>> {
        let without = self.without;
        record.fields.iter().enumerate().filter_map(move |(at, field)| (Some(at) != without).then_some(field))
    }
}
