//! The function that reads one key out of its field. Its locals are underscored twice: a constant of the app's
//! that happened to have the same name would make a pattern of them.

use super::column::Column;
use super::expand::Writer;
use crate::model::Step;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;

/// The name of a column's function.
pub fn name(at: usize) -> Ident {
    format_ident!("column_{at}")
}

/// The function. For an index it demands that the type is a `Key`, and it alone does: a type that is none is
/// one error, at the type. For the primary key `Store::Key` demands it.
pub fn function(writer: &Writer<'_, '_>, at: usize, column: &Column) -> TokenStream {
    if column.by_serde {
        return TokenStream::new();
    }
    let (private, record) = (writer.private, writer.record);
    let name = name(at);
    let ty = record.spelled_out(record.fields[column.field].ty);
    let key = &column.key;
    // Errors show the entry, but the names are the expansion's own: the entry may come from a macro.
    let span = Span::call_site().located_at(column.span);
    let value = value(span, column);
    let primary = writer.plan.primary.parts.columns().contains(&at);
    let entry = match (column.multi, column.may_be_absent()) {
        (false, false) if primary => quote_spanned! {span=>
            let __key: &#key = #value;
            #private::Probe::<#key>::one(__key)
        },
        (false, false) => quote_spanned! {span=>
            let __key: &#key = #value;
            #private::Entry::one::<#key>(__key)
        },
        (false, true) => quote_spanned! {span=>
            let __key: ::core::option::Option<&#key> = #value;
            #private::Entry::opt::<#key>(__key)
        },
        (true, false) => quote_spanned!(span=> #private::Entry::many::<#key, _>(#value)),
        (true, true) => quote_spanned! {span=>
            #private::Entry::many::<#key, _>(
                ::core::iter::Iterator::flatten(::core::iter::IntoIterator::into_iter(#value))
            )
        },
    };
    quote! {
        fn #name(__field: &#ty) -> #private::Entry {
            #entry
        }
    }
}

/// What follows a nested path through its types, to see what serde calls its fields; none where the value is looked up in
/// what serde makes of the record anyway.
pub fn steps(writer: &Writer<'_, '_>, column: &Column) -> Option<TokenStream> {
    if column.by_serde || column.nested.is_empty() {
        return None;
    }
    let (private, record) = (writer.private, writer.record);
    let ty = record.spelled_out(record.fields[column.field].ty);
    let span = Span::call_site().located_at(column.span);
    let to = column.nested.iter().map(|Step { through_option, field }| {
        let name = field.unraw().to_string();
        let get = if *through_option {
            quote_spanned! {span=>
                match __from {
                    ::core::option::Option::Some(__inner) => ::core::option::Option::Some(&__inner.#field),
                    ::core::option::Option::None => ::core::option::Option::None,
                }
            }
        } else {
            quote_spanned!(span=> ::core::option::Option::Some(&__from.#field))
        };
        quote_spanned!(span=> .to(#name, |__from| #get))
    });
    Some(quote_spanned! {span=> {
        #[allow(unused_imports)]
        use #private::Unread as _;
        #private::Steps::<#ty>::from_here() #(#to)*.kept()
    }})
}

/// What finds out how a key type of the app's is read; none of what is known, or is not read as itself.
pub fn read(writer: &Writer<'_, '_>, column: &Column) -> Option<TokenStream> {
    const KNOWN: [&str; 14] =
        ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "bool", "char", "String", "Date"];
    let (private, key) = (writer.private, &column.key);
    let of_app = !KNOWN.contains(&key.to_string().as_str());
    (of_app && !column.by_serde).then(|| {
        quote! {{
            #[allow(unused_imports)]
            use #private::NotRead as _;
            #private::ReadFrom::<#key>::from_number
        }}
    })
}

/// A reference to the value, as an `Option` where the path or the value may be absent.
fn value(span: Span, column: &Column) -> TokenStream {
    let steps = column.nested.as_slice();
    let mut between: Vec<&[Step]> = steps.chunk_by(|_, next| !next.through_option).collect();
    if steps.first().is_none_or(|step| step.through_option) {
        between.insert(0, &[]);
    }
    access(span, &quote_spanned!(span=> __field), &between, column)
}

/// Follows the fields up to the next `?`, and the rest inside a `match`.
fn access(span: Span, base: &TokenStream, between: &[&[Step]], column: &Column) -> TokenStream {
    let Some((steps, rest)) = between.split_first() else {
        return base.clone();
    };
    let fields = steps.iter().map(|step| &step.field);
    let reference = if steps.is_empty() { base.clone() } else { quote_spanned!(span=> &#base #(.#fields)*) };
    if !rest.is_empty() {
        let inner = access(span, &quote_spanned!(span=> __inner), rest, column);
        return quote_spanned! {span=>
            match #reference {
                ::core::option::Option::Some(__inner) => #inner,
                ::core::option::Option::None => ::core::option::Option::None,
            }
        };
    }
    match (column.optional, column.may_be_absent()) {
        (true, _) => quote_spanned!(span=> ::core::option::Option::as_ref(#reference)),
        (false, true) => quote_spanned!(span=> ::core::option::Option::Some(#reference)),
        (false, false) => reference,
    }
}
