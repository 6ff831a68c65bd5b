//! Writes out the database: the struct with a field for each live table, and the constant that tells the
//! library how it came to be.

use super::check::Live;
use super::parse::{Call, Content, Database, Table, Version};
use crate::model::{Entry, FieldPath, Schema, Target};
use crate::store::{placed, quiet};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, LitStr, Type};

/// The whole expansion.
pub fn database(database: &Database, live: &[Live<'_>]) -> TokenStream {
    let library = &database.library;
    let private = &quote!(#library::__private);
    let cfgs: Vec<&Attribute> = database.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let declared = declare(database, live, private);
    let handles = handles(database, live, private);
    let methods = methods(database, private);
    let traits = traits(database, live, private);
    let definition = definition(database, private);
    let pins = database.versions.iter().flat_map(|version| {
        version.tables.iter().filter_map(move |table| {
            let is_newest = live.iter().any(|live| std::ptr::eq(live.table, table));
            pin(table, version.number, is_newest, private)
        })
    });
    let quiet = quiet();
    quote! {
        #declared
        #(#cfgs)*
        #quiet
        const _: () = {
            #[allow(unused_imports)]
            use #private::NoRecord as _;
            #handles
            #methods
            #traits
            #definition
            #(#pins)*
        };
    }
}

fn declare(database: &Database, live: &[Live<'_>], private: &TokenStream) -> TokenStream {
    let Database { attrs, visibility, ident, name, .. } = database;
    let doc = (!documented(attrs)).then(|| {
        let doc = format!(" The database `{}`.", name.value());
        quote!(#[doc = #doc])
    });
    let fields = live.iter().map(|live| field(live, None, private));
    let quiet = quiet();
    quote! {
        #doc
        #(#attrs)*
        #quiet
        #visibility struct #ident {
            #(#fields)*
            __indexie: #private::Indexie,
        }
    }
}

/// A table's field, in the database or (of a mode) among the handles of a transaction.
fn field(live: &Live<'_>, mode: Option<&Ident>, private: &TokenStream) -> TokenStream {
    let Live { table: Table { docs, ident, name, .. }, record, .. } = live;
    let doc = (!documented(docs)).then(|| {
        let doc = format!(" The `{name}` table.");
        quote!(#[doc = #doc])
    });
    let private = placed(private, record.span());
    let mode = mode.map(|mode| quote!(, #mode));
    let table = quote_spanned!(record.span()=> #private::Table<#record #mode>);
    quote!(#doc #(#docs)* pub #ident: #table,)
}

/// What the body of a transaction over all tables gets.
fn handles(database: &Database, live: &[Live<'_>], private: &TokenStream) -> TokenStream {
    let Database { visibility, ident, .. } = database;
    let (tables, mode) = (tables_of(ident), Ident::new("__Mode", Span::call_site()));
    let doc = format!(" The tables of `{}`, inside a transaction.", ident.unraw());
    let fields = live.iter().map(|live| field(live, Some(&mode), private));
    quote! {
        #[doc = #doc]
        #visibility struct #tables<#mode> {
            #(#fields)*
            __mode: ::core::marker::PhantomData<fn() -> #mode>,
        }
        #[automatically_derived]
        impl<#mode> ::core::fmt::Debug for #tables<#mode> {
            fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __formatter.debug_struct(::core::stringify!(#tables)).finish_non_exhaustive()
            }
        }
    }
}

/// The type of the handles. It is no name that the app could use, or miss.
fn tables_of(database: &Ident) -> Ident {
    format_ident!("TablesOf{}", database.unraw(), span = Span::call_site())
}

fn documented(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("doc"))
}

fn methods(database: &Database, private: &TokenStream) -> TokenStream {
    let Database { ident, name, .. } = database;
    quote! {
        impl #ident {
            /// The database, not opened yet: the first operation opens it, or `open`.
            #[must_use]
            pub fn new() -> Self {
                Self::builder().build()
            }

            /// The database with other settings than the usual ones.
            #[must_use]
            pub fn builder() -> #private::Builder<Self> {
                #private::Builder::new()
            }

            /// All tables, as the scope of a transaction. Its body gets one value with a handle for each, by its name.
            #[must_use]
            pub fn all(&self) -> #private::All<Self> {
                #private::All::new(::core::clone::Clone::clone(self))
            }

            /// Whether a database of the name in the schema is stored already: in the browser, or off the web in this thread's
            /// memory. It knows nothing of settings: for another name or storage, ask `indexie::database_names()` or open it.
            pub fn exists() -> #private::Op<::core::primitive::bool> {
                #private::exists(#name)
            }
        }
    }
}

fn traits(database: &Database, live: &[Live<'_>], private: &TokenStream) -> TokenStream {
    let Database { ident, name, .. } = database;
    let text = ident.to_string();
    let fields: Vec<&Ident> = live.iter().map(|live| &live.table.ident).collect();
    let tables = live.iter().map(|Live { table, record, .. }| {
        let span = Span::call_site().located_at(record.span());
        let (private, name) = (placed(private, span), &table.name);
        quote_spanned!(span=> #private::Probe::<#record>::table(&__indexie, #name))
    });
    let handles = live.iter().map(|Live { table, record, .. }| {
        let span = Span::call_site().located_at(record.span());
        let (private, field) = (placed(private, span), &table.ident);
        quote_spanned!(span=> #private::Probe::<#record>::bound(&self.#field, __transaction))
    });
    let tables_of = tables_of(ident);
    quote! {
        #[automatically_derived]
        impl ::core::clone::Clone for #ident {
            fn clone(&self) -> Self {
                <Self as #private::Database>::from_indexie(::core::clone::Clone::clone(&self.__indexie))
            }
        }
        #[automatically_derived]
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __formatter.debug_struct(#text).field("name", &#name).finish_non_exhaustive()
            }
        }
        #[automatically_derived]
        impl ::core::default::Default for #ident {
            fn default() -> Self {
                Self::new()
            }
        }
        #[automatically_derived]
        impl ::core::ops::Deref for #ident {
            type Target = #private::Indexie;
            fn deref(&self) -> &Self::Target {
                &self.__indexie
            }
        }
        #[automatically_derived]
        impl #private::Database for #ident {
            const DEFINITION: &'static #private::Definition = &DEFINITION;
            fn from_indexie(__indexie: #private::Indexie) -> Self {
                Self {
                    #(#fields: #tables,)*
                    __indexie,
                }
            }
            type Tables<__Mode: 'static> = #tables_of<__Mode>;
            fn bind<__Mode: 'static>(&self, __transaction: u32) -> #tables_of<__Mode> {
                #tables_of {
                    #(#fields: #handles,)*
                    __mode: ::core::marker::PhantomData,
                }
            }
            fn indexie(&self) -> &#private::Indexie {
                &self.__indexie
            }
        }
    }
}

fn definition(database: &Database, private: &TokenStream) -> TokenStream {
    let name = &database.name;
    let versions = database.versions.iter().map(|version| self::version(version, private));
    quote! {
        const DEFINITION: #private::Definition = #private::Definition {
            name: #name,
            versions: &[#(#versions),*],
        };
    }
}

fn version(version: &Version, private: &TokenStream) -> TokenStream {
    let number = version.number;
    let tables = version.tables.iter().map(|table| {
        let name = &table.name;
        let change = change(&table.content, private);
        quote!(#private::TableEntry { name: #name, change: #private::Change::#change })
    });
    let upgrade = call(version.upgrade.as_ref(), &quote!(#private::UpgradeFn), private);
    let populate = call(version.populate.as_ref(), &quote!(#private::PopulateFn), private);
    quote! {
        #private::Version {
            number: #number,
            tables: &[#(#tables),*],
            upgrade: #upgrade,
            populate: #populate,
        }
    }
}

fn change(content: &Content, private: &TokenStream) -> TokenStream {
    match content {
        Content::Drop => quote!(Drop),
        Content::Past(schema) => {
            let schema = stored(schema, private);
            quote!(Store(#schema))
        }
        Content::Record(record) | Content::Pinned(record, ..) => {
            quote!(Store(#private::Probe::<#record>::SCHEMA))
        }
    }
}

fn call(call: Option<&Call>, ty: &TokenStream, private: &TokenStream) -> TokenStream {
    let Some(Call { function, .. }) = call else {
        return quote!(::core::option::Option::None);
    };
    let wrapped = quote_spanned!(function.span()=> |__tx| #private::boxed(#function(__tx)));
    quote!(::core::option::Option::Some((#wrapped) as #ty))
}

/// A schema of the past, in the names it is stored under.
fn stored(schema: &Schema, private: &TokenStream) -> TokenStream {
    let outside = Target::Outside;
    let target = schema.primary.as_ref().map_or(&outside, |entry| &entry.target);
    let auto = schema.primary.as_ref().is_some_and(|entry| entry.auto.is_some());
    let path = key_path(target, private);
    let indexes = schema.indexes.iter().map(|entry| {
        let name = entry.target.declared();
        let path = key_path(&entry.target, private);
        let (unique, multi) = (entry.unique.is_some(), entry.multi.is_some());
        quote!(#private::IndexSchema { name: #name, path: #path, unique: #unique, multi: #multi })
    });
    quote! {
        #private::StoreSchema {
            key: #private::KeySchema { path: #path, auto: #auto },
            indexes: &[#(#indexes),*],
            fields: &[],
            last_key: 0.0,
        }
    }
}

fn key_path(target: &Target, private: &TokenStream) -> TokenStream {
    match target {
        Target::Outside => quote!(#private::KeyPath::None),
        Target::One(path) => {
            let path = path.declared();
            quote!(#private::KeyPath::One(#path))
        }
        Target::Many(paths) => {
            let paths = paths.iter().map(FieldPath::declared);
            quote!(#private::KeyPath::Many(&[#(#paths),*]))
        }
    }
}

/// `users: User = "…"` holds as long as the struct's own schema says the same.
/// Asserts that a record still has the schema that a version pins, be there later versions of the table or not: an older one that
/// differs would be taken for today's.
fn pin(table: &Table, version: u32, is_newest: bool, private: &TokenStream) -> Option<TokenStream> {
    let Content::Pinned(record, schema, text) = &table.content else {
        return None;
    };
    let entries = schema.primary.iter().chain(&schema.indexes).map(Entry::declared);
    let message = pin_message(&table.name, record, text, version, is_newest);
    Some(quote_spanned! {text.span()=>
        const _: () = ::core::assert!(
            <#record as #private::Store>::SCHEMA.matches(<#record as #private::Store>::DECLARED, &[#(#entries),*]),
            #message
        );
    })
}

fn pin_message(table: &str, record: &Type, text: &LitStr, version: u32, is_newest: bool) -> String {
    let record = quote!(#record).to_string().replace(' ', "");
    let (text, next) = (text.value(), version.saturating_add(1));
    let add = if is_newest { format!(", and add `version {next} {{ {table}: {record} }}`") } else { String::new() };
    let message = format!(
        "the schema of `{record}` is no longer \"{text}\", which version {version} pins for `{table}`: \
         keep version {version} as it was, `{table}: \"{text}\"`{add}"
    );
    // `assert!` takes it as a format string.
    message.replace('{', "{{").replace('}', "}}")
}
