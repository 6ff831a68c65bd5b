//! How serde stores a record: under which names, and in which shape. Read from `#[serde(..)]` by the
//! derives, because key paths are the stored names and a reshaped field is no key.

mod case;

pub use case::Case;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

/// What the attributes on a struct or an enum say.
#[derive(Debug, Default)]
pub struct Container {
    pub written: Case,
    pub read: Case,
    /// `into`: the record is stored as another type.
    pub into: Option<Span>,
    pub transparent: bool,
    /// Attributes that leave no object with named fields.
    pub reshaped: Option<Word>,
    /// `tag`: an object, also of an enum's plain variant.
    pub tagged: Option<Word>,
    /// `rename` and `tag`, which the New type repeats.
    pub repeated: Vec<TokenStream>,
    pub renamed: bool,
    /// Whether serde writes the record as it is.
    pub plain: bool,
}

/// What the attributes on a field or a variant say.
#[derive(Debug, Default)]
pub struct Field {
    pub written: Option<String>,
    pub read: Option<String>,
    pub aliases: Vec<String>,
    /// `skip`, `flatten`: the field is not stored under its name.
    pub absent: Option<Word>,
    /// `with`, `serialize_with`: stored as something else.
    pub with: Option<Word>,
    pub skipped_if: Option<Span>,
    /// It is left out where it is `None`, and only there.
    pub skips_none: bool,
    /// Whether serde writes the field as it is.
    pub plain: bool,
}

/// An attribute's name, and where it stands.
#[derive(Clone, Debug)]
pub struct Word {
    pub text: &'static str,
    pub span: Span,
}

/// Reads the attributes of a struct or an enum.
pub fn container(attrs: &[Attribute]) -> Container {
    let metas = metas(attrs);
    let mut found = Container { plain: metas.iter().all(is_plain), ..Container::default() };
    for meta in metas {
        let span = meta.span();
        let word = |text| Some(Word { text, span });
        match name(&meta).as_str() {
            "rename_all" => {
                let (written, read) = both(&meta);
                let case = |name: Option<String>, before| name.map_or(before, |name| Case::named(&name));
                found.written = case(written, found.written);
                found.read = case(read, found.read);
                found.repeated.push(meta.to_token_stream());
            }
            "rename" => {
                found.renamed = true;
                found.repeated.push(meta.to_token_stream());
            }
            "tag" => {
                found.tagged = word("tag");
                found.repeated.push(meta.to_token_stream());
            }
            "into" => found.into = Some(span),
            "transparent" => {
                found.transparent = true;
                found.reshaped = word("transparent");
            }
            "untagged" => found.reshaped = word("untagged"),
            "content" => found.reshaped = word("content"),
            _ => {}
        }
    }
    found
}

/// Reads the attributes of a field or of an enum's variant.
pub fn field(attrs: &[Attribute]) -> Field {
    let metas = metas(attrs);
    let mut found = Field { plain: metas.iter().all(is_plain), ..Field::default() };
    for meta in metas {
        let span = meta.span();
        let word = |text| Some(Word { text, span });
        match name(&meta).as_str() {
            "rename" => {
                // Each may be said by itself.
                let (written, read) = both(&meta);
                found.written = written.or(found.written.take());
                found.read = read.or(found.read.take());
            }
            "alias" => found.aliases.extend(text(&meta)),
            "skip" => found.absent = word("skip"),
            "skip_serializing" => found.absent = word("skip_serializing"),
            "skip_deserializing" => found.absent = word("skip_deserializing"),
            "flatten" => found.absent = word("flatten"),
            "with" => found.with = word("with"),
            "serialize_with" => found.with = word("serialize_with"),
            "skip_serializing_if" => {
                found.skipped_if = Some(span);
                found.skips_none = text(&meta).is_some_and(|path| path.ends_with("Option::is_none"));
            }
            _ => {}
        }
    }
    found
}

/// The container's attributes for the New type: it is stored as the record itself would be.
pub fn repeated(container: &Container, record: &str, serde_path: &str) -> TokenStream {
    let metas = &container.repeated;
    let rename = (!container.renamed).then(|| quote!(rename = #record,));
    quote!(#[serde(crate = #serde_path, #rename #(#metas),*)])
}

/// The attributes of a field that the New type repeats; serde's only if its macro is there.
pub fn repeats(attr: &Attribute, by_serde: bool) -> bool {
    let path = attr.path();
    path.is_ident("doc") || path.is_ident("cfg") || (by_serde && path.is_ident("serde"))
}

/// Whether this says no more than what fields are called, or how something is read.
fn is_plain(meta: &Meta) -> bool {
    const PLAIN: [&str; 8] =
        ["alias", "crate", "default", "deny_unknown_fields", "deserialize_with", "from", "rename_all", "try_from"];
    PLAIN.contains(&name(meta).as_str())
}

/// Everything in the `#[serde(..)]` attributes. What serde cannot read it reports itself.
fn metas(attrs: &[Attribute]) -> Vec<Meta> {
    let list = Punctuated::<Meta, Token![,]>::parse_terminated;
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
        .filter_map(|attr| attr.parse_args_with(list).ok())
        .flatten()
        .collect()
}

fn name(meta: &Meta) -> String {
    meta.path().get_ident().map(ToString::to_string).unwrap_or_default()
}

/// `= "x"`, or `(serialize = "x", deserialize = "y")`.
fn both(meta: &Meta) -> (Option<String>, Option<String>) {
    let Meta::List(list) = meta else {
        return (text(meta), text(meta));
    };
    let inner = Punctuated::<Meta, Token![,]>::parse_terminated;
    let inner = list.parse_args_with(inner).unwrap_or_default();
    let find = |wanted| inner.iter().find(|meta| name(meta) == wanted).and_then(text);
    (find("serialize"), find("deserialize"))
}

/// A text that is no literal serde reports itself.
fn text(meta: &Meta) -> Option<String> {
    let Meta::NameValue(pair) = meta else {
        return None;
    };
    let mut value = &pair.value;
    // A macro's `$name:literal` comes in a group that nobody sees.
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, container, field};
    use proc_macro2::{Delimiter, Group, TokenStream};
    use quote::{ToTokens as _, quote};
    use syn::parse_quote;

    #[test]
    fn both_directions_of_a_rename_are_read() {
        let one = field(&[parse_quote!(#[serde(default, rename = "a")])]);
        assert_eq!((one.written.as_deref(), one.read.as_deref()), (Some("a"), Some("a")));
        let two = field(&[parse_quote!(#[serde(rename(serialize = "a"), alias = "b")])]);
        assert_eq!((two.written.as_deref(), two.read), (Some("a"), None));
        assert_eq!(two.aliases, ["b"]);
        let apart = field(&[
            parse_quote!(#[serde(rename(serialize = "a"))]),
            parse_quote!(#[serde(rename(deserialize = "b"))]),
        ]);
        assert_eq!((apart.written.as_deref(), apart.read.as_deref()), (Some("a"), Some("b")));
    }

    #[test]
    fn values_from_a_macro_of_the_apps_are_read() {
        // What a fragment such as `$name:literal` becomes.
        let fragment = |tokens: TokenStream| Group::new(Delimiter::None, tokens);
        let name = fragment(quote!("a"));
        let first = field(&[parse_quote!(#[serde(rename = #name, alias = #name, default)])]);
        assert_eq!((first.written.as_deref(), first.read.as_deref()), (Some("a"), Some("a")));
        assert_eq!(first.aliases, ["a"]);
        let apart = field(&[parse_quote!(#[serde(rename(serialize = #name, deserialize = "b"), default)])]);
        assert_eq!((apart.written.as_deref(), apart.read.as_deref()), (Some("a"), Some("b")));
        let case = fragment(quote!("camelCase"));
        assert_eq!(container(&[parse_quote!(#[serde(rename_all = #case, default)])]).written, Case::Camel);
        let whole = fragment(quote!(rename = "a"));
        assert_eq!(field(&[parse_quote!(#[serde(#whole, default)])]).written.as_deref(), Some("a"));
        let nested = fragment(fragment(quote!("a")).to_token_stream());
        assert_eq!(field(&[parse_quote!(#[serde(rename = #nested, default)])]).written.as_deref(), Some("a"));
    }

    #[test]
    fn what_is_left_out_where_it_is_none_is_told_from_other_conditions() {
        let is_none = |path: &str| {
            let found = field(&[parse_quote!(#[serde(default, skip_serializing_if = #path)])]);
            assert!(found.skipped_if.is_some());
            found.skips_none
        };
        assert!(is_none("Option::is_none") && is_none("std::option::Option::is_none"));
        assert!(!is_none("String::is_empty") && !is_none("is_none_or_zero"));
    }

    #[test]
    fn several_attributes_add_up() {
        let attrs = [
            parse_quote!(#[serde(rename_all = "camelCase", deny_unknown_fields)]),
            parse_quote!(#[serde(crate = "x", default = "y::z")]),
            parse_quote!(#[serde(into = "Other")]),
        ];
        let found = container(&attrs);
        assert_eq!(found.written, Case::Camel);
        assert!(found.into.is_some() && !found.renamed);
        assert_eq!(found.repeated.len(), 1);
    }

    #[test]
    fn what_is_written_as_it_is() {
        assert!(field(&[parse_quote!(#[serde(default, alias = "a")]), parse_quote!(#[doc = "a"])]).plain);
        assert!(container(&[parse_quote!(#[serde(rename_all = "camelCase", deny_unknown_fields)])]).plain);
        for other in
            ["rename = \"a\"", "with = \"m\"", "skip_serializing_if = \"f\"", "flatten", "tag = \"t\"", "later"]
        {
            let tokens: proc_macro2::TokenStream = other.parse().expect("tokens");
            let attrs = [parse_quote!(#[serde(default, #tokens)])];
            assert!(!field(&attrs).plain && !container(&attrs).plain, "{other}");
        }
    }

    #[test]
    fn what_reshapes_a_field_is_noticed() {
        assert!(field(&[parse_quote!(#[serde(flatten)])]).absent.is_some());
        assert!(field(&[parse_quote!(#[serde(with = "m")])]).with.is_some());
        assert!(field(&[parse_quote!(#[serde(skip_serializing_if = "f")])]).skipped_if.is_some());
    }
}
