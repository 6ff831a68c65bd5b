//! `#[derive(Key)]`: newtypes sort as what is inside them, enums of plain variants by their serialized names.

use crate::diagnostics::Errors;
use crate::store::quiet;
use crate::stored;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, Member, Type};

/// What a type with `derive(Key)` is.
enum Shape<'a> {
    Newtype { field: Member, inner: &'a Type },
    Names(Vec<Variant<'a>>),
}

/// A variant, the name that it is stored under, and other names that serde reads it from.
struct Variant<'a> {
    ident: &'a Ident,
    written: String,
    read: Vec<String>,
}

/// Expands the derive.
pub fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let library = library(&input.attrs, &mut errors);
    let private = quote!(#library::__private);
    let expanded = match shape(input, &mut errors) {
        Some(Shape::Newtype { field, inner }) => newtype(&input.ident, &field, inner, &private),
        Some(Shape::Names(names)) => names_of(&input.ident, &names, &private),
        None if input.generics.params.is_empty() => names_of(&input.ident, &[], &private),
        None => TokenStream::new(),
    };
    let errors = errors.into_tokens();
    let quiet = quiet();
    quote! {
        #errors
        #quiet
        const _: () = { #expanded };
    }
}

/// `#[key(crate = path)]`, also under the names of the other derive's attributes.
fn library(attrs: &[Attribute], errors: &mut Errors) -> TokenStream {
    let mut library = quote!(::indexie);
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("key")) {
        let parsed = attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("the only option is `crate = path`"));
            }
            let path: syn::Path = meta.value()?.parse()?;
            library = quote!(#path);
            Ok(())
        });
        errors.ok(parsed);
    }
    library
}

fn shape<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<Shape<'a>> {
    let ident = &input.ident;
    let container = stored::container(&input.attrs);
    if !input.generics.params.is_empty() {
        errors.at(
            input.generics.params.span(),
            format_args!("`{ident}` has generic parameters: a key is one concrete type that owns its data"),
        );
        return None;
    }
    if let Some(span) = container.into {
        errors.at(
            span,
            format_args!("`#[serde(into)]` stores `{ident}` as another type, so its order is unknown: wrap that type itself, `struct {ident}(String);`"),
        );
        return None;
    }
    let refuse = |span: Span, errors: &mut Errors| {
        errors.at(
            span,
            format_args!("`{ident}` cannot be a key: keys are newtypes, `struct {ident}(u32);`, and enums whose variants have no fields"),
        );
        None
    };
    match &input.data {
        Data::Enum(data) => variants(ident, data, &container, errors),
        Data::Union(data) => refuse(data.union_token.span, errors),
        Data::Struct(data) => {
            let mut fields = data.fields.iter();
            let (Some(field), None) = (fields.next(), fields.next()) else {
                return refuse(ident.span(), errors);
            };
            let serde = stored::field(&field.attrs);
            if let Some(word) = serde.absent.or(serde.with) {
                let attr = word.text;
                let message = format!(
                    "`#[serde({attr})]` stores `{ident}` as something else than what is inside it: remove the attribute"
                );
                errors.at(word.span, message);
                return None;
            }
            let inner = &field.ty;
            match &data.fields {
                Fields::Named(_) if !container.transparent => {
                    errors.at(
                        ident.span(),
                        format_args!("`{ident}` is stored as an object, which is no key: write `struct {ident}(..);`, or add `#[serde(transparent)]`"),
                    );
                    None
                }
                _ => {
                    let field = field.ident.clone().map_or_else(|| Member::Unnamed(0.into()), Member::Named);
                    Some(Shape::Newtype { field, inner })
                }
            }
        }
    }
}

fn variants<'a>(
    ident: &Ident,
    data: &'a DataEnum,
    container: &stored::Container,
    errors: &mut Errors,
) -> Option<Shape<'a>> {
    if data.variants.is_empty() {
        errors.at(ident.span(), format_args!("`{ident}` has no variants, so there is no key of it"));
    }
    if let Some(word) = container.reshaped.as_ref().or(container.tagged.as_ref()) {
        let attr = word.text;
        errors.at(word.span, format_args!("`#[serde({attr})]` stores no names of variants: remove the attribute"));
        return None;
    }
    let mut names = Vec::new();
    for variant in &data.variants {
        let name = variant.ident.unraw().to_string();
        if !matches!(variant.fields, Fields::Unit) {
            errors.at(
                variant.fields.span(),
                format_args!("`{ident}::{name}` has fields, and a key is stored as the variant's name alone: remove them, or index a field that says which variant it is"),
            );
            continue;
        }
        let serde = stored::field(&variant.attrs);
        if let Some(word) = serde.absent {
            let attr = word.text;
            errors.at(
                word.span,
                format_args!(
                    "`#[serde({attr})]`: `{ident}::{name}` could not be stored, so it is no key. Remove the attribute"
                ),
            );
            continue;
        }
        let written = serde.written.unwrap_or_else(|| container.written.of_variant(&name));
        let read = serde.read.unwrap_or_else(|| container.read.of_variant(&name));
        if written != read && !serde.aliases.contains(&written) {
            errors.at(
                variant.ident.span(),
                format_args!("`{ident}::{name}` is written as `{written}` and read as `{read}`: give both one name"),
            );
        }
        let mut others = serde.aliases;
        others.push(read);
        names.push(Variant { ident: &variant.ident, written, read: others });
    }
    Some(Shape::Names(names))
}

fn newtype(ident: &Ident, field: &Member, inner: &Type, private: &TokenStream) -> TokenStream {
    let span = inner.span();
    let as_key = quote_spanned!(span=> <#inner as #private::Key>);
    // Whatever name the inner type goes by: a bound that has a lifetime need not hold.
    let if_inner_is = |what: TokenStream| {
        quote! {
            #[automatically_derived]
            impl #private::#what for #ident where for<'__if> #inner: #private::#what {}
        }
    };
    let (text, auto) = (if_inner_is(quote!(Text)), if_inner_is(quote!(AutoKey)));
    quote! {
        #[automatically_derived]
        impl #private::Key for #ident {
            const FORM: #private::Form = #as_key::FORM;
            const LAST: ::core::primitive::f64 = #as_key::LAST;
            fn to_any(&self) -> ::core::result::Result<#private::AnyKey, #private::KeyError> {
                #as_key::to_any(&self.#field)
            }
            fn from_any(__key: &#private::AnyKey) -> ::core::option::Option<Self> {
                match #as_key::from_any(__key) {
                    ::core::option::Option::Some(__inner) => {
                        ::core::option::Option::Some(Self { #field: __inner })
                    }
                    ::core::option::Option::None => ::core::option::Option::None,
                }
            }
        }
        #[automatically_derived]
        impl #private::IntoKey<#ident> for #ident {
            fn into_key(self) -> #ident {
                self
            }
        }
        #[automatically_derived]
        impl #private::IntoAnyKey for #ident {
            fn into_any(self) -> ::core::result::Result<#private::AnyKey, #private::KeyError> {
                #private::Key::to_any(&self)
            }
        }
        #text
        #auto
    }
}

fn names_of(ident: &Ident, names: &[Variant<'_>], private: &TokenStream) -> TokenStream {
    let variants: Vec<&Ident> = names.iter().map(|variant| variant.ident).collect();
    let texts: Vec<&str> = names.iter().map(|variant| variant.written.as_str()).collect();
    // What a variant is stored under now comes before what another one may have been stored under.
    let mut read: Vec<(&str, &Ident)> = texts.iter().copied().zip(variants.iter().copied()).collect();
    for variant in names {
        for name in &variant.read {
            if read.iter().all(|(known, _)| known != name) {
                read.push((name, variant.ident));
            }
        }
    }
    let (read, of): (Vec<&str>, Vec<&Ident>) = read.into_iter().unzip();
    let to_any = if names.is_empty() {
        // Reported already; the body only has to compile.
        quote!(::core::result::Result::Ok(::core::convert::From::from("")))
    } else {
        quote! {
            ::core::result::Result::Ok(::core::convert::From::from(match self {
                #(Self::#variants => #texts,)*
                #[allow(unreachable_patterns)]
                _ => "",
            }))
        }
    };
    quote! {
        #[automatically_derived]
        impl #private::Key for #ident {
            const FORM: #private::Form = #private::Form::Text;
            fn to_any(&self) -> ::core::result::Result<#private::AnyKey, #private::KeyError> {
                #to_any
            }
            fn from_any(__key: &#private::AnyKey) -> ::core::option::Option<Self> {
                match __key.as_str() {
                    #(::core::option::Option::Some(#read) => ::core::option::Option::Some(Self::#of),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
        #[automatically_derived]
        impl #private::IntoKey<#ident> for #ident {
            fn into_key(self) -> #ident {
                self
            }
        }
        #[automatically_derived]
        impl #private::IntoAnyKey for #ident {
            fn into_any(self) -> ::core::result::Result<#private::AnyKey, #private::KeyError> {
                #private::Key::to_any(&self)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::{DeriveInput, parse_quote};

    fn expanded(input: &DeriveInput) -> String {
        let text = super::derive(input).to_string();
        syn::parse_str::<syn::File>(&text).expect("items");
        text
    }

    #[test]
    fn newtypes_pass_on_and_enums_use_their_stored_names() {
        let text = expanded(&parse_quote!(
            struct UserId(u32);
        ));
        assert!(!text.contains("compile_error"), "{text}");
        assert!(text.contains("AutoKey for UserId where for < '__if > u32 :"), "{text}");
        let text = expanded(&parse_quote! {
            #[serde(rename_all = "snake_case")]
            enum Status { InProgress, #[serde(rename = "finished")] Done }
        });
        assert!(!text.contains("compile_error"), "{text}");
        assert!(text.contains(&quote!(Self::InProgress => "in_progress").to_string()));
        assert!(text.contains(&quote!(Self::Done => "finished").to_string()));
    }

    #[test]
    fn a_variant_is_read_by_every_name_that_serde_reads() {
        let text = expanded(&parse_quote! {
            enum Status {
                #[serde(alias = "Todo", alias = "Done")] Open,
                #[serde(rename(serialize = "a", deserialize = "b"), alias = "a")] Done,
            }
        });
        assert!(!text.contains("compile_error"), "{text}");
        for (name, arms) in [("Open", 1), ("Todo", 1), ("Done", 1), ("a", 1), ("b", 1)] {
            let arm = format!("Some (\"{name}\") =>");
            assert_eq!(text.matches(&arm).count(), arms, "{name}: {text}");
        }
        assert!(text.contains(&quote!(Self::Done => "a").to_string()));
    }

    #[test]
    fn what_is_no_key_is_one_error() {
        let inputs: [DeriveInput; 9] = [
            parse_quote!(
                struct A;
            ),
            parse_quote!(
                struct A(u32, u32);
            ),
            parse_quote!(
                struct A {
                    id: u32,
                }
            ),
            parse_quote!(
                struct A<T>(T);
            ),
            parse_quote!(
                enum A {
                    One(u32),
                    Two,
                }
            ),
            parse_quote!(
                enum A {}
            ),
            parse_quote!(
                #[serde(into = "String")]
                struct A(u32);
            ),
            // It would be stored as an object.
            parse_quote!(
                #[serde(tag = "kind")]
                enum A {
                    One,
                    Two,
                }
            ),
            parse_quote!(union A { a: u32 }),
        ];
        for input in inputs {
            let text = expanded(&input);
            assert_eq!(text.matches("compile_error").count(), 1, "{text}");
        }
    }
}
