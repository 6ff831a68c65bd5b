//! Writes out what a plan says. Every path is fully qualified and goes through the library's hidden façade,
//! and everything but the New type stands inside `const _`, where no name can meet one of the app's.

use super::handles::stored_name;
use super::new_row::{self, NewType};
use super::plan::{Index, Kind, Parts, Place, Plan};
use super::reader;
use super::record::Record;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

/// The lints that code nobody reads should not set off in the crate around it.
pub fn quiet() -> TokenStream {
    quote! {
        #[allow(
            clippy::all, clippy::nursery, clippy::pedantic, clippy::restriction,
            dead_code, deprecated, missing_copy_implementations, missing_debug_implementations, nonstandard_style,
            unnameable_types, unreachable_pub, unused_qualifications
        )]
    }
}

/// The whole expansion of a sound struct.
pub fn store(record: &Record<'_>, plan: &Plan, new: Option<&NewType>, library: &TokenStream) -> TokenStream {
    // Each path is looked up at every check of the app: a short one sooner.
    let writer = Writer { record, plan, private: &quote!(__indexie) };
    let new_type = new.map(|new| new_row::declare(record, new, library));
    let quiet = quiet();
    let columns = plan.columns.iter().enumerate().map(|(at, column)| reader::function(&writer, at, column));
    let handles = writer.handles();
    let store = writer.store();
    let rows = writer.rows(new);
    let assertions = writer.assertions();
    quote! {
        #new_type
        #quiet
        const _: () = {
            #[allow(unused_imports)]
            use #library::__private::{self as __indexie, NoKey as _};
            #handles
            #(#columns)*
            #store
            #rows
            #assertions
        };
    }
}

/// What the parts of the expansion are written from.
pub struct Writer<'a, 'r> {
    pub record: &'a Record<'r>,
    pub plan: &'a Plan,
    /// The library's façade.
    pub private: &'a TokenStream,
}

impl Writer<'_, '_> {
    fn handles_ident(&self) -> Ident {
        self.record.free_name(format!("IndexesOf{}", self.record.ident.unraw()))
    }

    /// The struct of handles, and the constant that holds it.
    fn handles(&self) -> TokenStream {
        let private = self.private;
        let (record, name) = (self.record.ident, self.handles_ident());
        let visibility = &self.record.syntax.vis;
        let handles = &self.plan.handles;
        let idents: Vec<&Ident> = handles.iter().map(|handle| &handle.ident).collect();
        let docs = handles.iter().map(|handle| &handle.doc);
        let types = handles.iter().map(|handle| {
            let key = &handle.key;
            let kind = match handle.kind {
                Kind::Plain | Kind::FirstOf => quote!(Plain),
                Kind::Unique => quote!(Unique),
                Kind::Primary => quote!(Primary),
            };
            quote!(#private::Index<#record, #key, #private::#kind>)
        });
        let values = handles.iter().map(|handle| {
            let entry = handle.entry;
            if handle.kind == Kind::FirstOf {
                quote!(#private::Index::first_of(#entry))
            } else {
                quote!(#private::Index::entry(#entry))
            }
        });
        let of_type = format!(" The keys and indexes of [`{record}`], one typed handle each.");
        let of_constant = format!(" The keys and indexes of `{record}`, one typed handle each.");
        quote! {
            #[doc = #of_type]
            pub struct #name {
                #(#[doc = #docs] pub #idents: #types,)*
            }
            impl #record {
                #[doc = #of_constant]
                #visibility const INDEX: #name = #name { #(#idents: #values,)* };
            }
        }
    }

    /// `Insertable` for the record and its New type, and which rows the table takes.
    fn rows(&self, new: Option<&NewType>) -> TokenStream {
        let private = self.private;
        let record = self.record.ident;
        let of_record = self.insertable(record, None);
        let insert = self.plan.primary.rows_suffice().then(|| {
            quote! {
                #[automatically_derived]
                impl #private::Insert<#record> for #record {
                    fn of_row(__row: #record) -> ::core::option::Option<Self> {
                        ::core::option::Option::Some(__row)
                    }
                }
            }
        });
        let outbound = self.plan.primary.is_outbound().then(|| {
            quote! {
                #[automatically_derived]
                impl #private::Outbound for #record {}
            }
        });
        let of_new = new.map(|new| {
            let name = &new.name;
            let insertable = self.insertable(name, new.without);
            let serialize = new_row::serialize(self.record, new, private);
            let fields: Vec<&Ident> = new.kept(self.record).map(|field| field.ident).collect();
            quote! {
                #serialize
                #insertable
                #[automatically_derived]
                impl #private::Insert<#record> for #name {
                    fn of_row(__row: #record) -> ::core::option::Option<Self> {
                        ::core::option::Option::Some(Self { #(#fields: __row.#fields,)* })
                    }
                }
            }
        });
        quote!(#of_record #insert #outbound #of_new)
    }

    /// How a row computes its keys. `missing` is the field that the New type lacks.
    fn insertable(&self, ty: &Ident, missing: Option<usize>) -> TokenStream {
        let private = self.private;
        let value = |at: usize| self.value(at, ty, missing);
        let entry = |parts: &Parts| match parts {
            Parts::Outside => quote!(#private::Entry::none()),
            Parts::One(column) => value(*column),
            Parts::Many(columns) => {
                let parts = columns.iter().map(|column| value(*column));
                quote!(#private::Entry::all([#(#parts),*]))
            }
        };
        let primary = std::iter::once(&self.plan.primary.parts);
        let all = primary.chain(self.plan.indexes.iter().map(|index| &index.parts));
        let arms = all.enumerate().map(|(at, parts)| {
            let entry = entry(parts);
            quote!(#at => #entry,)
        });
        quote! {
            #[automatically_derived]
            impl #private::Insertable for #ty {
                fn entry(&self, __entry: ::core::primitive::usize) -> #private::Entry {
                    match __entry {
                        #(#arms)*
                        _ => #private::Entry::none(),
                    }
                }
            }
        }
    }

    fn value(&self, at: usize, ty: &Ident, missing: Option<usize>) -> TokenStream {
        let private = self.private;
        let column = &self.plan.columns[at];
        if missing == Some(column.field) {
            return quote!(#private::Entry::none());
        }
        if column.by_serde {
            let (key, stored) = (&column.key, &column.stored);
            return quote!(#private::Entry::from_row::<#key, #ty>(self, &[#(#stored),*]));
        }
        let (name, field) = (reader::name(at), self.record.fields[column.field].ident);
        quote!(#name(&self.#field))
    }

    fn store(&self) -> TokenStream {
        let private = self.private;
        let (record, handles) = (self.record.ident, self.handles_ident());
        let plan = self.plan;
        let key = &plan.primary.key;
        let auto = plan.primary.auto;
        let path = self.key_path(&plan.primary.parts);
        let indexes = plan.indexes.iter().map(|index| self.index(index));
        let forms = plan.columns.iter().enumerate().filter(|(at, column)| {
            let known = plan.columns[..*at].iter();
            !known.map(|known| &known.stored).any(|stored| *stored == column.stored)
        });
        let forms = forms.map(|(_, column)| {
            let (key, stored) = (&column.key, &column.stored);
            let each = column.multi.then(|| quote!(.each()));
            let nested = reader::steps(self, column).map(|steps| quote!(.nested(|| #steps)));
            let read = reader::read(self, column).map(|read| quote!(.read(#read)));
            quote!(#private::FieldForm::new(&[#(#stored),*], #private::Probe::<#key>::FORM) #each #nested #read)
        });
        let declared = &plan.declared;
        let aliases = self.record.aliases();
        let aliases = (!aliases.is_empty())
            .then(|| quote!(const ALIASES: &'static [&'static ::core::primitive::str] = &[#(#aliases),*];));
        quote! {
            #[automatically_derived]
            impl #private::Store for #record {
                type Key = #key;
                type Indexes = #handles;
                const INDEXES: &'static Self::Indexes = &#record::INDEX;
                const SCHEMA: #private::StoreSchema = #private::StoreSchema {
                    key: #private::KeySchema { path: #path, auto: #auto },
                    indexes: &[#(#indexes),*],
                    fields: <#record as #private::Store>::FIELDS,
                    last_key: #private::Probe::<#key>::LAST,
                };
                const FIELDS: &'static [#private::FieldForm] = &[#(#forms),*];
                #aliases
                const DECLARED: &'static [&'static ::core::primitive::str] = &[#(#declared),*];
            }
        }
    }

    fn index(&self, index: &Index) -> TokenStream {
        let private = self.private;
        let Index { parts, unique, multi } = index;
        let name = stored_name(parts, &self.plan.columns);
        let path = self.key_path(parts);
        quote! {
            #private::IndexSchema { name: #name, path: #path, unique: #unique, multi: #multi }
        }
    }

    fn key_path(&self, parts: &Parts) -> TokenStream {
        let private = self.private;
        let path = |column: &usize| self.plan.columns[*column].stored_path();
        match parts {
            Parts::Outside => quote!(#private::KeyPath::None),
            Parts::One(column) => {
                let path = path(column);
                quote!(#private::KeyPath::One(#path))
            }
            Parts::Many(columns) => {
                let paths = columns.iter().map(path);
                quote!(#private::KeyPath::Many(&[#(#paths),*]))
            }
        }
    }

    /// A generated key is of a type that the browser can generate.
    fn assertions(&self) -> Option<TokenStream> {
        let private = self.private;
        let primary = &self.plan.primary;
        (primary.auto && primary.place != Place::Broken).then(|| {
            let key = &primary.key;
            let span = key.span();
            let private = placed(private, span);
            quote_spanned!(span=> const _: fn() = || #private::Probe::<#key>::auto();)
        })
    }
}

/// The same path, shown at `span` in errors and resolved as before.
pub fn placed(path: &TokenStream, span: Span) -> TokenStream {
    let trees = path.clone().into_iter().map(|mut tree| {
        tree.set_span(tree.span().located_at(span));
        tree
    });
    trees.collect()
}
