//! `schema!`: read the database and its versions, check how each table came and went, write it out.

mod check;
mod expand;
mod parse;

use crate::diagnostics::Errors;
use proc_macro2::TokenStream;
use quote::quote;

/// Expands the macro.
pub fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parsed = parse::read(input, &mut errors);
    let expanded = parsed.map(|database| {
        let tables = check::live_tables(&database, &mut errors);
        expand::database(&database, &tables)
    });
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    fn expanded(input: TokenStream) -> String {
        let text = super::expand(input).to_string();
        syn::parse_str::<syn::File>(&text).expect("items");
        text
    }

    fn assert_holds(text: &str, wanted: &TokenStream) {
        let wanted = wanted.to_string();
        assert!(text.contains(&wanted), "{wanted}\n\nis not in\n\n{text}");
    }

    #[test]
    fn the_versions_become_a_constant_and_the_live_tables_fields() {
        let text = expanded(quote! {
            crate = ::indexie;
            /// Everything the app keeps.
            pub struct AppDb("MyAppDatabase");

            version 1 {
                users: "++id, &email, name",
                todos: Todo,
                old_store: "++id",
            }
            version 2 {
                users: User,
                old_store: drop,
            } upgrade on_upgrade_v2 populate seed
        });
        assert!(!text.contains("compile_error"), "{text}");
        assert_holds(&text, &quote!(pub users: ::indexie::__private::Table<User>));
        assert_holds(&text, &quote!(pub todos: ::indexie::__private::Table<Todo>));
        assert!(!text.contains("pub old_store"));
        assert_holds(&text, &quote!(name: "old_store", change: ::indexie::__private::Change::Drop));
        assert_holds(&text, &quote!(::indexie::__private::Probe::<User>::SCHEMA));
    }

    #[test]
    fn each_fault_is_one_error() {
        let table: [(TokenStream, &str); 16] = [
            (quote!(struct A("a");), "at least one version"),
            (quote!(struct A("a"); version 0 { t: T }), "start at 1"),
            (quote!(struct A("a"); version 1 { t: T } version 1 { u: U }), "is here twice"),
            (quote!(struct A("a"); version 2 { t: T } version 1 { u: U }), "ascending"),
            (quote!(struct A("a"); version 1 { t: T, t: U }), "twice in version 1"),
            (quote!(struct A("a"); version 1 { t: "++id" }), "no Rust type"),
            (quote!(struct A("a"); version 1 { t: drop }), "there is no table"),
            (
                quote!(struct A("a"); version 1 { t: "id" } version 2 { t: drop } version 3 { t: drop }),
                "already dropped",
            ),
            (
                quote!(struct A("a"); version 1 { t: "id" } version 2 { t: drop } version 3 { t: T }),
                "was dropped in version 2",
            ),
            (quote!(struct A("a"); version 1 { t: T } upgrade f), "nothing to upgrade from"),
            (quote!(struct A("a"); version 1 { t: T } populate f version 2 { u: U }), "newest version"),
            (quote!(struct A; version 1 { t: T }), "struct AppDb(\"MyAppDatabase\");"),
            (quote!(struct A("a"); version 1 { t: "++id, id" } version 2 { t: T }), "is the primary key"),
            (quote!(struct A("a"); version 1 { t = T }), "`t: `"),
            (quote!(struct A("a"); version 1 { t: T } downgrade f), "`upgrade function`"),
            (quote!(struct A("a"); #[derive(Clone)] version 1 { t: T }), "version 1 {"),
        ];
        for (input, wanted) in table {
            let shown = input.to_string();
            let text = expanded(input);
            assert_eq!(text.matches("compile_error").count(), 1, "{shown}: {text}");
            assert!(text.replace("\\\"", "\"").contains(wanted), "{shown}: {text}");
        }
    }
}
