//! What a type that cannot be a record gets: an impl of everything, so that its tables are no further errors.

use super::expand::quiet;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_quote};

/// An impl without keys or indexes.
pub fn store(input: &DeriveInput, library: &TokenStream) -> TokenStream {
    let private = quote!(#library::__private);
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    if !generics.params.is_empty() {
        // Only what is `'static` and serializes can be a row at all.
        generics.make_where_clause().predicates.extend([
            parse_quote!(Self: #private::serde::Serialize),
            parse_quote!(Self: #private::serde::de::DeserializeOwned),
            parse_quote!(Self: 'static),
        ] as [syn::WherePredicate; 3]);
    }
    let (params, arguments, bounds) = generics.split_for_impl();
    let quiet = quiet();
    quote! {
        #quiet
        const _: () = {
            #[automatically_derived]
            impl #params #private::Insertable for #ident #arguments #bounds {
                fn entry(&self, _: ::core::primitive::usize) -> #private::Entry {
                    #private::Entry::none()
                }
            }
            #[automatically_derived]
            impl #params #private::Store for #ident #arguments #bounds {
                type Key = ::core::primitive::u32;
                type Indexes = ();
                const INDEXES: &'static Self::Indexes = &();
                const SCHEMA: #private::StoreSchema = #private::StoreSchema {
                    key: #private::KeySchema { path: #private::KeyPath::None, auto: true },
                    indexes: &[],
                    fields: &[],
                    last_key: 0.0,
                };
                const FIELDS: &'static [#private::FieldForm] = &[];
                const DECLARED: &'static [&'static ::core::primitive::str] = &[];
            }
            #[automatically_derived]
            impl #params #private::Insert<#ident #arguments> for #ident #arguments #bounds {}
            #[automatically_derived]
            impl #params #private::Outbound for #ident #arguments #bounds {}
        };
    }
}
