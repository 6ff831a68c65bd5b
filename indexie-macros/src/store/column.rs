//! One key path of a record: where its value lives, what its key type is, and whether serde leaves it
//! readable there. Every rule about key fields is here.

use super::record::{Field, Record};
use super::shape::{element_of, option_of};
use crate::diagnostics::{Errors, did_you_mean, quoted_list};
use crate::model::{FieldPath, Step};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens as _;
use syn::Type;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

/// A key path, resolved.
pub struct Column {
    /// Which field of the record it starts at.
    pub field: usize,
    pub nested: Vec<Step>,
    /// In Rust names; with `multi` it identifies the column.
    pub declared: String,
    /// The names in the stored object.
    pub stored: Vec<String>,
    /// The key type: without `Option`, and of the elements if `multi`.
    pub key: TokenStream,
    /// Whether the value is an `Option` itself.
    pub optional: bool,
    pub multi: bool,
    /// Whether the value must be looked up in what serde makes of the record.
    pub by_serde: bool,
    pub span: Span,
}

impl Column {
    /// Whether there may be no value.
    pub fn may_be_absent(&self) -> bool {
        self.optional || self.nested.iter().any(|step| step.through_option)
    }

    /// `address.city` as it is stored.
    pub fn stored_path(&self) -> String {
        self.stored.join(".")
    }
}

/// The field that `path` starts at. A near miss is reported and then taken for what was meant, so that
/// the code that uses the handle compiles.
pub fn find(record: &Record<'_>, path: &FieldPath, errors: &mut Errors) -> Option<usize> {
    let name = path.root.unraw().to_string();
    let names = record.names();
    if let Some(at) = names.iter().position(|field| *field == name) {
        return Some(at);
    }
    let ident = record.ident;
    if let Some(at) = record.fields.iter().position(|field| field.stored == name) {
        let rust = &record.fields[at].name;
        let message = format!("`{name}` is the stored name: write the field's Rust name, `{rust}`");
        errors.at(path.span(), message);
        return Some(at);
    }
    let near = did_you_mean(&name, &names);
    let meant = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
    let period = if near.is_some() { "" } else { "." };
    let list = quoted_list(&names);
    let message = format!("`{ident}` has no field `{name}`{meant}{period} Its fields are {list}");
    errors.at(path.span(), message);
    names.iter().position(|field| Some(*field) == near)
}

/// Resolves a path that starts at a known field.
pub fn resolve(
    record: &Record<'_>,
    field: usize,
    path: &FieldPath,
    given: Option<&Type>,
    multi: bool,
    errors: &mut Errors,
) -> Option<Column> {
    let root = &record.fields[field];
    let nested = &path.nested;
    steps(root, path, errors)?;
    let (key, optional) = key_type(root, path, given, multi, errors)?;
    let mut stored = vec![root.stored.clone()];
    stored.extend(nested.iter().map(|step| step.field.unraw().to_string()));
    // What serde may leave out, only serde can tell.
    let may_lack = root.serde.skipped_if.is_some() && !(root.serde.skips_none && option_of(root.ty).is_some());
    let column = Column {
        field,
        nested: nested.clone(),
        declared: path.declared(),
        stored,
        key: record.spelled_out(&key),
        optional,
        multi,
        by_serde: root.serde.with.is_some() || record.container.into.is_some() || (may_lack && !multi),
        span: path.span(),
    };
    stored_form(record, root, &column, given.is_some(), errors)?;
    Some(column)
}

/// An `Option` that a path leads through has its `?`.
fn steps(root: &Field<'_>, path: &FieldPath, errors: &mut Errors) -> Option<()> {
    let Some(first) = path.nested.first() else {
        return Some(());
    };
    if first.through_option || option_of(root.ty).is_none() {
        return Some(());
    }
    let (name, next) = (&root.name, first.field.unraw());
    let given = if path.given.is_none() { " as String` (or whatever it is)" } else { "`" };
    errors.at(
        path.span(),
        format_args!("`{name}` is an `Option`: write `{name}?.{next}{given}; rows without it are not in the index"),
    );
    None
}

/// The key type, and whether an `Option` was around it.
fn key_type(
    root: &Field<'_>,
    path: &FieldPath,
    given: Option<&Type>,
    multi: bool,
    errors: &mut Errors,
) -> Option<(Type, bool)> {
    let text = path.declared();
    let of_field = path.nested.is_empty().then(|| option_of(root.ty)).flatten();
    if let Some(given) = given {
        let inner = option_of(given);
        let key = inner.unwrap_or(given).clone();
        return Some((key, inner.is_some() || of_field.is_some()));
    }
    if !path.nested.is_empty() {
        errors.at(
            path.span(),
            format_args!(
                "the type of `{text}` is out of this macro's sight: write it behind, `{0} as String`, or `{0} as Option<String>` if it is one",
                path.written()
            ),
        );
        return None;
    }
    let plain = of_field.unwrap_or(root.ty);
    if !multi {
        return Some((plain.clone(), of_field.is_some()));
    }
    let Some(element) = element_of(plain) else {
        let ty = spelled(root.ty);
        errors.at(
            path.span(),
            format_args!(
                "`*` needs a collection, and `{text}` is `{ty}`: make it a `Vec`, `BTreeSet` or `HashSet`, or remove the `*`. \
                 If `{ty}` is another name of a collection, say of what: `*{text} as String`"
            ),
        );
        return None;
    };
    Some((element.clone(), of_field.is_some()))
}

/// A type as messages write it.
fn spelled(ty: &Type) -> String {
    ty.to_token_stream().to_string().replace(' ', "")
}

/// Whether the value can be found in the stored object, under its name and in its own form.
fn stored_form(record: &Record<'_>, root: &Field<'_>, column: &Column, given: bool, errors: &mut Errors) -> Option<()> {
    let (name, text) = (&root.name, &column.declared);
    let serde = &root.serde;
    if let Some(word) = &serde.absent {
        let attr = word.text;
        errors.at(
            word.span,
            format_args!("`#[serde({attr})]` on the key field `{name}`: it would not be stored under its name. Remove the attribute, or take `{text}` out of the schema"),
        );
        return None;
    }
    if let (Some(word), false) = (&serde.with, given) {
        let attr = word.text;
        errors.at(
            word.span,
            format_args!("`#[serde({attr})]` on the key field `{name}`: it is stored as something else. Say as what in the schema, `{text} as String`, or remove the attribute"),
        );
        return None;
    }
    if column.by_serde && column.multi {
        errors.at(
            column.span,
            format_args!(
                "`*{text}` cannot go over what a serde attribute makes of the field: store the collection as it is"
            ),
        );
        return None;
    }
    if let Some(span) = serde.skipped_if {
        let may_lack = option_of(root.ty).is_some() || column.multi || given;
        if !may_lack {
            let ty = spelled(root.ty);
            errors.at(
                span,
                format_args!("`#[serde(skip_serializing_if)]` on the key field `{name}`: a row that skips it would leave the index without a trace. Make the field an `Option`, remove the attribute, or say that you mean it by the type: `{text} as {ty}`"),
            );
            return None;
        }
    }
    names(record, root, column, errors)
}

/// The names of the field and of the path are ones that IndexedDB and serde can both use.
fn names(record: &Record<'_>, root: &Field<'_>, column: &Column, errors: &mut Errors) -> Option<()> {
    let (name, stored, read) = (&root.name, &root.stored, &root.read);
    if stored != read && !root.serde.aliases.contains(stored) && record.container.into.is_none() {
        errors.at(
            root.ident.span(),
            format_args!("the key field `{name}` is written as `{stored}` and read as `{read}`: give both one name, or add `#[serde(alias = \"{stored}\")]`"),
        );
        return None;
    }
    let odd = column.stored.iter().find(|segment| !is_identifier(segment));
    if let Some(odd) = odd {
        let span = root.syntax.span();
        errors.at(
            span,
            format_args!("`{name}` is stored as `{odd}`, which IndexedDB cannot use in a key path: a name of letters, digits, `_` and `$` is needed. Add `#[serde(rename = \"..\")]` to the field"),
        );
        return None;
    }
    Some(())
}

/// What IndexedDB's key paths are made of: JavaScript's identifiers.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let starts = |char: char| char.is_alphabetic() || char == '_' || char == '$';
    chars.next().is_some_and(starts) && chars.all(|char| char.is_alphanumeric() || char == '_' || char == '$')
}

#[cfg(test)]
mod tests {
    use super::{Column, find, resolve};
    use crate::diagnostics::Errors;
    use crate::model::{Entry, Target};
    use crate::store::record;
    use syn::{DeriveInput, parse_quote};

    fn column(input: &DeriveInput, entry: &str) -> (Option<Column>, Vec<String>) {
        let mut errors = Errors::default();
        let text = syn::LitStr::new(&format!(", {entry}"), proc_macro2::Span::call_site());
        let schema = crate::dsl::parse_string(&text, &mut errors);
        let record = record::read(input, &mut errors).expect("a plain struct");
        let Some(Entry { target: Target::One(path), multi, .. }) = schema.indexes.first() else {
            panic!("an entry with one field: {entry}");
        };
        let column = find(&record, path, &mut errors)
            .and_then(|field| resolve(&record, field, path, path.given.as_ref(), multi.is_some(), &mut errors));
        (column, errors.messages())
    }

    fn person() -> DeriveInput {
        parse_quote! {
            #[serde(rename_all = "camelCase")]
            struct Person {
                id: u32,
                first_name: Option<String>,
                tags: Option<Vec<String>>,
                labels: Labels,
                address: Address,
                home: Option<Address>,
                #[serde(skip)] secret: u32,
                #[serde(with = "iso")] born: Date,
                #[serde(rename(serialize = "a", deserialize = "b"))] split: u32,
                #[serde(skip_serializing_if = "String::is_empty")] note: String,
                #[serde(skip_serializing_if = "Option::is_none")] nick: Option<String>,
                #[serde(skip_serializing_if = "is_none_or_zero")] rank: Option<u32>,
                #[serde(skip_serializing_if = "Vec::is_empty")] flags: Vec<String>,
                #[serde(rename = "with-dash")] dash: u32,
            }
        }
    }

    #[test]
    fn key_types_lose_their_wrappers_and_names_follow_serde() {
        let table = [
            ("first_name", "String", "firstName", true),
            ("*tags", "String", "tags", true),
            ("*labels as Label", "Label", "labels", false),
            ("address.zip as u32", "u32", "address.zip", false),
            ("address.zip as Option<u32>", "u32", "address.zip", true),
            ("born as String", "String", "born", false),
        ];
        for (entry, key, stored, optional) in table {
            let (column, errors) = column(&person(), entry);
            assert_eq!(errors, Vec::<String>::new(), "{entry}");
            let column = column.expect(entry);
            assert_eq!(column.key.to_string(), key);
            assert_eq!((column.stored_path().as_str(), column.optional), (stored, optional));
        }
    }

    #[test]
    fn what_serde_may_leave_out_is_looked_up_in_what_it_writes() {
        let table =
            [("note as String", true), ("rank", true), ("nick", false), ("*flags", false), ("first_name", false)];
        for (entry, by_serde) in table {
            let (column, errors) = column(&person(), entry);
            assert_eq!(errors, Vec::<String>::new(), "{entry}");
            assert_eq!(column.expect(entry).by_serde, by_serde, "{entry}");
        }
    }

    #[test]
    fn each_broken_rule_says_what_to_do() {
        let table = [
            ("tagz", "did you mean `tags`?"),
            ("firstName", "write the field's Rust name, `first_name`"),
            ("elsewhere", "Its fields are"),
            ("*id", "`*` needs a collection"),
            ("*labels", "`*labels as String`"),
            ("address.zip", "`address.zip as String`"),
            ("home?.zip", "`home?.zip as String`"),
            ("home.zip", "write `home?.zip as String`"),
            ("home.zip as u32", "write `home?.zip`"),
            ("secret", "Remove the attribute"),
            ("born", "`born as String`"),
            ("split", "give both one name"),
            ("note", "Make the field an `Option`"),
            ("note", "`note as String`"),
            ("dash", "key path"),
        ];
        for (entry, wanted) in table {
            let (_, errors) = column(&person(), entry);
            assert_eq!(errors.len(), 1, "{entry}: {errors:?}");
            assert!(errors[0].contains(wanted), "{entry}: {errors:?}");
        }
    }
}
