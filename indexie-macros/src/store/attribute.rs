//! `#[store(..)]`, or `#[indexie(..)]`: the schema, as one string or as tokens, and the options behind it.

use crate::diagnostics::{Errors, did_you_mean};
use crate::dsl::token::{self, Kind, Token};
use crate::dsl::{self, Item};
use crate::model::{Options, Schema};
use proc_macro2::{Ident, Span, TokenStream};
use syn::spanned::Spanned as _;
use syn::{Attribute, DeriveInput, Meta};

const OPTIONS: [&str; 3] = ["key", "new", "crate"];

/// Finds and reads the attribute. Without one there is no schema, and that is reported.
pub fn read(input: &DeriveInput, errors: &mut Errors) -> (Schema, Options) {
    let mut options = Options::default();
    let Some(attr) = find(input, errors) else {
        return (nothing(), options);
    };
    let tokens = match &attr.meta {
        Meta::List(list) => token::flatten(list.tokens.clone()),
        other => {
            errors.at(other.span(), "the schema is missing: `#[store(\"++id, name\")]`");
            return (nothing(), options);
        }
    };
    let items = dsl::split(&tokens, attr.path().span());
    let mut schema = match literal(&items) {
        Some(text) => after_string(&text, &items[1..], &mut options, errors),
        None => unquoted(&items, &mut options, errors),
    };
    crate::check::schema(&mut schema, errors);
    (schema, options)
}

fn nothing() -> Schema {
    Schema { primary: None, indexes: Vec::new() }
}

/// `#[indexie]` is ours for certain; a `#[store]` beside it belongs to another crate's derive.
fn find<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<&'a Attribute> {
    let named = |name: &'static str| input.attrs.iter().filter(move |attr| attr.path().is_ident(name));
    let ours = if named("indexie").next().is_some() { "indexie" } else { "store" };
    let mut found = named(ours);
    let Some(first) = found.next() else {
        let ident = &input.ident;
        let message = format!("`{ident}` has no schema: add `#[store(\"++id, name\")]` below the derive");
        errors.at(ident.span(), message);
        return None;
    };
    if let Some(second) = found.next() {
        let message = format!("`#[{ours}]` is here twice: write the schema and its options in one");
        errors.at(second.path().span(), message);
    }
    Some(first)
}

fn literal(items: &[Item<'_>]) -> Option<syn::LitStr> {
    match items.first()?.tokens {
        [Token { kind: Kind::Other(literal), .. }] => {
            syn::parse2(TokenStream::from(proc_macro2::TokenTree::from(literal.clone()))).ok()
        }
        _ => None,
    }
}

fn after_string(text: &syn::LitStr, rest: &[Item<'_>], options: &mut Options, errors: &mut Errors) -> Schema {
    let mut schema = dsl::parse_string(text, errors);
    for item in rest {
        match item.tokens {
            _ if is_option(*item) => option(*item, options, errors),
            [Token { kind: Kind::Word(_), .. }, colon, ..] if colon.is(':') => {
                schema.indexes.extend(dsl::parse_index(*item, errors));
            }
            [] => errors.at(item.span, "nothing stands between these commas: remove one"),
            tokens => {
                let text = token::text_of(tokens);
                let message = format!(
                    "`{text}` stands outside of the schema's string: move it inside. Options are `key = K`, `new = Name` and `crate = path`"
                );
                errors.at(item.span, message);
            }
        }
    }
    schema
}

fn unquoted(items: &[Item<'_>], options: &mut Options, errors: &mut Errors) -> Schema {
    let (set, entries): (Vec<Item<'_>>, Vec<Item<'_>>) = items.iter().copied().partition(|item| is_option(*item));
    for item in set {
        option(item, options, errors);
    }
    if items.first().is_some_and(|item| is_option(*item)) {
        let message = "the schema comes first, then the options: `#[store(\"\", key = String)]`";
        errors.at(items[0].span, message);
        return nothing();
    }
    dsl::parse_items(&entries, errors)
}

fn is_option(item: Item<'_>) -> bool {
    match item.tokens {
        [Token { kind: Kind::Word(_), .. }, sign, ..] if sign.is('=') => true,
        [word, Token { kind: Kind::Open(_), .. }, ..] => word.is_word("new"),
        _ => false,
    }
}

fn option(item: Item<'_>, options: &mut Options, errors: &mut Errors) {
    let [Token { kind: Kind::Word(name), .. }, sign, rest @ ..] = item.tokens else {
        return;
    };
    let span = name.span();
    if !sign.is('=') {
        options.new.span = Some(span);
        if let Some(derives) = errors.ok(derives(&item.tokens[1..])) {
            options.new.derives.extend(derives);
        }
        return;
    }
    if rest.is_empty() {
        errors.at(span, format_args!("a value is missing: `{name} = ..`"));
        return;
    }
    match name.to_string().as_str() {
        "key" => options.key = errors.ok(typed(rest)),
        "crate" => options.library = Some(token::nest(rest)),
        "new" => {
            options.new.span = Some(span);
            new(rest, options, errors);
        }
        other => {
            let meant =
                did_you_mean(other, &OPTIONS).map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
            let message = format!(
                "there is no option `{other}`.{meant} The options are `key = K`, `new = Name`, `new(derive(..))` and `crate = path`"
            );
            errors.at(span, message);
        }
    }
}

fn typed(tokens: &[Token]) -> syn::Result<syn::Type> {
    syn::parse2(token::nest(tokens)).map_err(|_| {
        let text = token::text_of(tokens);
        let span = tokens.first().map_or_else(Span::call_site, |token| token.span);
        syn::Error::new(span, format_args!("`{text}` is not a type"))
    })
}

fn new(value: &[Token], options: &mut Options, errors: &mut Errors) {
    match value {
        [Token { kind: Kind::Word(word), .. }] if word == "false" => options.new.refused = true,
        [Token { kind: Kind::Word(word), .. }] if word == "true" => {}
        [Token { kind: Kind::Word(word), .. }] => options.new.name = Some(Ident::clone(word)),
        _ => {
            let span = value.first().map_or_else(Span::call_site, |token| token.span);
            let message =
                "`new` takes a name or `false`: `new = UserDraft`, and derives stand in `new(derive(Debug, Clone))`";
            errors.at(span, message);
        }
    }
}

/// `(derive(Debug, Clone))`, the parentheses included.
fn derives(tokens: &[Token]) -> syn::Result<Vec<syn::Path>> {
    let span = tokens.first().map_or_else(Span::call_site, |token| token.span);
    let wrong = || syn::Error::new(span, "`new(..)` lists what the New type derives: `new(derive(Debug, Clone))`");
    let inner = &tokens[1..tokens.len().saturating_sub(1).max(1)];
    let list: syn::MetaList = syn::parse2(token::nest(inner)).map_err(|_| wrong())?;
    if !list.path.is_ident("derive") {
        return Err(wrong());
    }
    let paths = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
    Ok(list.parse_args_with(paths).map_err(|_| wrong())?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::diagnostics::Errors;
    use crate::model::{Entry, Options, Schema};
    use quote::ToTokens as _;
    use syn::parse_quote;

    fn given(attr: &syn::Attribute) -> (Schema, Options, Vec<String>) {
        let input = parse_quote!(#attr struct User { id: u32 });
        let mut errors = Errors::default();
        let (schema, options) = read(&input, &mut errors);
        (schema, options, errors.messages())
    }

    #[test]
    fn options_follow_either_form() {
        let attrs: [syn::Attribute; 2] = [
            parse_quote!(#[store("++, [a+b]", pair: [a+b], key = Vec<(A, B)>, new = Draft, new(derive(Debug, Clone)), crate = crate::x)]),
            parse_quote!(#[indexie(++, pair: [a+b], key = Vec<(A, B)>, new = Draft, new(derive(Debug, Clone)), crate = crate::x,)]),
        ];
        for attr in attrs {
            let (schema, options, errors) = given(&attr);
            assert_eq!(errors, Vec::<String>::new());
            assert_eq!(schema.indexes.len(), 1);
            assert!(schema.indexes[0].name.as_ref().is_some_and(|name| name == "pair"));
            let key = options.key.map(|key| key.to_token_stream().to_string());
            assert_eq!(key.as_deref(), Some("Vec < (A , B) >"));
            assert!(options.new.name.is_some_and(|name| name == "Draft"));
            assert_eq!(options.new.derives.len(), 2);
            assert!(options.library.is_some());
        }
    }

    #[test]
    fn a_field_called_key_or_new_is_an_entry() {
        let (schema, _, errors) = given(&parse_quote!(#[store(id, key, new)]));
        assert_eq!(errors, Vec::<String>::new());
        let declared: Vec<String> = schema.indexes.iter().map(Entry::declared).collect();
        assert_eq!(declared, ["key", "new"]);
    }

    #[test]
    fn an_empty_first_entry_may_be_followed_by_an_option() {
        let (schema, options, errors) = given(&parse_quote!(#[store(, key = String)]));
        assert_eq!(errors, Vec::<String>::new());
        assert!(schema.primary.is_some() && options.key.is_some());
    }

    #[test]
    fn faults_say_what_to_do() {
        let table: [(syn::Attribute, &str); 7] = [
            (parse_quote!(#[derive(X)]), "has no schema"),
            (parse_quote!(#[store]), "the schema is missing"),
            (parse_quote!(#[store("id", &email)]), "move it inside"),
            (parse_quote!(#[store("id", kay = u32)]), "Did you mean `key`?"),
            (parse_quote!(#[store(key = u32)]), "the schema comes first"),
            (parse_quote!(#[store("id", new(Debug))]), "new(derive(Debug, Clone))"),
            (parse_quote!(#[store("id", key =)]), "a value is missing"),
        ];
        for (attr, wanted) in table {
            let (_, _, errors) = given(&attr);
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors[0].contains(wanted), "{errors:?}");
        }
    }
}
