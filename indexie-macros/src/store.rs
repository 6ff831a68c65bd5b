//! `#[derive(Store)]`: read the attribute and the struct, resolve one against the other, write it out.

mod attribute;
mod column;
mod expand;
mod fallback;
mod handles;
mod new_row;
mod plan;
mod reader;
mod record;
mod shape;

pub use expand::{placed, quiet};

use crate::diagnostics::Errors;
use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

/// Expands the derive. Whatever is wrong, there is an impl, so that one fault is one error.
pub fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let (schema, options) = attribute::read(input, &mut errors);
    let library = options.library.clone().unwrap_or_else(|| quote!(::indexie));
    let expanded = match record::read(input, &mut errors) {
        Some(record) => {
            let plan = plan::resolve(&record, &schema, &options, &mut errors);
            let new = new_row::plan(&record, &plan.primary, &plan.columns, options, &mut errors);
            expand::store(&record, &plan, new.as_ref(), &library)
        }
        None => fallback::store(input, &library),
    };
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
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

    fn assert_holds(text: &str, wanted: &proc_macro2::TokenStream) {
        let wanted = wanted.to_string();
        assert!(text.contains(&wanted), "{wanted}\n\nis not in\n\n{text}");
    }

    #[test]
    fn a_user_gets_its_store_its_handles_and_its_new_type() {
        let text = expanded(&parse_quote! {
            #[store("++id, &email, *tags, [name+age]")]
            pub struct User {
                pub id: u32,
                /// Where to write to.
                pub email: String,
                pub name: String,
                pub age: u32,
                #[serde(default)]
                pub tags: Vec<String>,
            }
        });
        assert!(!text.contains("compile_error"));
        assert_holds(
            &text,
            &quote!(
                use ::indexie::__private::{self as __indexie, NoKey as _};
            ),
        );
        assert_holds(&text, &quote!(pub email: __indexie::Index<User, String, __indexie::Unique>));
        assert_holds(&text, &quote!(pub name_age: __indexie::Index<User, (String, u32), __indexie::Plain>));
        assert_holds(&text, &quote!(name: __indexie::Index::first_of(3u16)));
        assert_holds(
            &text,
            &quote!(__indexie::IndexSchema {
                name: "tags",
                path: __indexie::KeyPath::One("tags"),
                unique: false,
                multi: true
            }),
        );
        assert_holds(&text, &quote!(&["++id", "&email", "*tags", "[name+age]"]));
        assert_holds(&text, &quote!(pub struct NewUser));
        assert_holds(&text, &quote!(#[doc = r" Where to write to."] pub email: String));
        assert_holds(&text, &quote!(impl __indexie::Insert<User> for NewUser));
        assert_holds(&text, &quote!(__fields.serialize_field("email", &self.email)?;));
        assert_holds(&text, &quote!(email: __row.email, name: __row.name, age: __row.age, tags: __row.tags));
    }

    #[test]
    fn stored_names_are_serdes_and_handles_are_rusts() {
        let text = expanded(&parse_quote! {
            #[indexie(first_name, [address.city as String + first_name])]
            #[serde(rename_all = "camelCase")]
            struct Person { first_name: String, address: Address }
        });
        assert!(!text.contains("compile_error"));
        assert_holds(&text, &quote!(KeyPath::One("firstName")));
        assert_holds(&text, &quote!(KeyPath::Many(&["address.city", "firstName"])));
        assert_holds(&text, &quote!(address_city_first_name));
        assert!(!text.contains("NewPerson"));
    }

    #[test]
    fn a_broken_struct_still_gets_an_impl() {
        let inputs: [(DeriveInput, &str); 4] = [
            (
                parse_quote!(
                    #[store("id")]
                    enum User {
                        A,
                    }
                ),
                ":: indexie :: __private",
            ),
            (
                parse_quote!(
                    #[store("id")]
                    struct User(u32);
                ),
                ":: indexie :: __private",
            ),
            (
                parse_quote!(
                    #[store("id")]
                    struct User<'a, T> {
                        id: &'a T,
                    }
                ),
                ":: indexie :: __private",
            ),
            (
                parse_quote!(
                    struct User {
                        id: u32,
                    }
                ),
                "__indexie",
            ),
        ];
        for (input, private) in inputs {
            let text = expanded(&input);
            assert_eq!(text.matches("compile_error").count(), 1, "{text}");
            assert!(text.contains(&format!("{private} :: Store for User")), "{text}");
        }
    }

    #[test]
    fn a_misspelled_field_keeps_its_handle() {
        let text = expanded(&parse_quote!(
            #[store("++id, emial, [nmae+age]")]
            struct User {
                id: u32,
                email: String,
                name: String,
                age: u8,
            }
        ));
        assert_eq!(text.matches("compile_error").count(), 2, "{text}");
        assert_holds(&text, &quote!(pub email:));
        assert_holds(&text, &quote!(pub name_age:));
    }

    #[test]
    fn handles_of_one_name_are_an_error() {
        let text = expanded(&parse_quote!(
            #[store("id, a_b, [a+b]")]
            struct R {
                id: u32,
                a: u8,
                b: u8,
                a_b: u8,
            }
        ));
        assert_eq!(text.matches("compile_error").count(), 1, "{text}");
        assert!(text.contains("a_b_index: [a+b]"), "{text}");
    }
}
