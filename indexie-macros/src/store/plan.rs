//! A schema resolved against its struct: key, indexes, columns and handles, ready to be written out.

use super::column::{self, Column};
use super::record::Record;
use crate::diagnostics::Errors;
use crate::model::{Entry, FieldPath, Options, Schema, Target};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::Type;
use syn::spanned::Spanned as _;

/// Everything that the expansion needs to know.
pub struct Plan {
    pub columns: Vec<Column>,
    pub primary: Primary,
    pub indexes: Vec<Index>,
    pub handles: Vec<Handle>,
    /// The entries in Rust names, the primary key first.
    pub declared: Vec<String>,
}

/// The primary key.
pub struct Primary {
    pub parts: Parts,
    pub auto: bool,
    /// `K` of the key, a tuple if it is compound.
    pub key: TokenStream,
    pub place: Place,
}

/// Where the key is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Inside,
    Outside,
    /// Reported. Whatever the code does with the table should compile nevertheless.
    Broken,
}

impl Primary {
    /// Whether rows are taken without a key beside them.
    pub fn rows_suffice(&self) -> bool {
        self.place != Place::Outside || self.auto
    }

    /// Whether a key is taken beside the row.
    pub fn is_outbound(&self) -> bool {
        self.place == Place::Outside || (self.place == Place::Broken && !self.auto)
    }

    /// Whether a row can be added without the key that it has a field for.
    pub fn makes_new_rows(&self) -> bool {
        self.place != Place::Outside && self.auto
    }
}

/// Which columns an entry is made of.
pub enum Parts {
    Outside,
    One(usize),
    Many(Vec<usize>),
}

/// One index.
pub struct Index {
    pub parts: Parts,
    pub unique: bool,
    pub multi: bool,
}

/// One field of `INDEX`.
pub struct Handle {
    pub ident: Ident,
    pub key: TokenStream,
    pub kind: Kind,
    /// 0 is the primary key, n the index n-1.
    pub entry: u16,
    pub doc: String,
}

/// What a handle stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Unique,
    Primary,
    /// The first field of a compound entry.
    FirstOf,
}

/// Resolves a schema.
pub fn resolve(record: &Record<'_>, schema: &Schema, options: &Options, errors: &mut Errors) -> Plan {
    let mut resolver = Resolver { record, given: given_types(schema, errors), columns: Vec::new(), errors };
    resolver.container(schema);
    let mut declared = Vec::new();
    let primary = resolver.primary(schema.primary.as_ref(), options);
    declared.push(schema.primary.as_ref().map_or_else(String::new, Entry::declared));
    let mut indexes = Vec::new();
    let mut sources: Vec<&Entry> = Vec::new();
    for entry in &schema.indexes {
        let Some(index) = resolver.index(entry) else {
            continue;
        };
        let doubled = indexes.iter().any(|other: &Index| same(&other.parts, &index.parts));
        // After a near miss was taken for the field that was meant, the field may be there twice.
        if doubled || same(&primary.parts, &index.parts) {
            continue;
        }
        indexes.push(index);
        sources.push(entry);
        declared.push(entry.declared());
    }
    let Resolver { columns, errors, .. } = resolver;
    let handles = super::handles::all(record, &columns, &primary, schema.primary.as_ref(), &indexes, &sources, errors);
    Plan { columns, primary, indexes, handles, declared }
}

fn same(one: &Parts, other: &Parts) -> bool {
    match (one, other) {
        (Parts::One(one), Parts::One(other)) => one == other,
        (Parts::Many(one), Parts::Many(other)) => one == other,
        _ => false,
    }
}

/// `as K` is said once for a path and holds wherever the path is.
fn given_types(schema: &Schema, errors: &mut Errors) -> Vec<(String, Type)> {
    let mut given: Vec<(String, Type)> = Vec::new();
    let entries = schema.primary.iter().chain(&schema.indexes);
    for path in entries.flat_map(|entry| entry.target.paths()) {
        let Some(ty) = &path.given else { continue };
        let text = path.declared();
        match given.iter().find(|(other, _)| *other == text) {
            None => given.push((text, ty.clone())),
            Some((_, other)) if other == ty => {}
            Some((_, other)) => {
                let (one, two) = (other.to_token_stream(), ty.to_token_stream());
                errors.at(
                    ty.span(),
                    format_args!("`{text}` is `{one}` in one entry and `{two}` in another: give it one type"),
                );
            }
        }
    }
    given
}

struct Resolver<'a, 'r> {
    record: &'a Record<'r>,
    given: Vec<(String, Type)>,
    columns: Vec<Column>,
    errors: &'a mut Errors,
}

impl Resolver<'_, '_> {
    /// Attributes on the struct that reshape the whole row.
    fn container(&mut self, schema: &Schema) {
        let ident = self.record.ident;
        let entries = schema.primary.iter().chain(&schema.indexes);
        let mut paths = entries.flat_map(|entry| entry.target.paths()).map(FieldPath::declared);
        let untyped = paths.find(|path| !self.given.iter().any(|(known, _)| known == path));
        if let (Some(span), Some(path)) = (self.record.container.into, untyped) {
            self.errors.at(
                span,
                format_args!("`#[serde(into)]` on `{ident}`: its rows are stored as another type, so every key must say what it is there. Write `{path} as u32` in the schema, with its type, or remove the attribute"),
            );
        }
        if let Some(word) = &self.record.container.reshaped {
            let attr = word.text;
            self.errors.at(
                word.span,
                format_args!("`#[serde({attr})]` on `{ident}`: a row must be stored as an object with its fields. Remove the attribute"),
            );
        }
    }

    fn primary(&mut self, entry: Option<&Entry>, options: &Options) -> Primary {
        let Some(entry) = entry else {
            return broken(false);
        };
        let auto = entry.auto.is_some();
        if let (Some(key), false) = (&options.key, matches!(entry.target, Target::Outside)) {
            let text = entry.target.declared();
            self.errors.at(
                key.span(),
                format_args!("the key is the record's `{text}`, whose type is known: remove `key = ..`, which is for keys outside of the record"),
            );
        }
        let parts = match &entry.target {
            Target::Outside => return self.outside(entry, options),
            Target::One(path) => self.column(path, false).map(Parts::One),
            Target::Many(paths) => self.compound(paths).map(Parts::Many),
        };
        let Some(parts) = parts else {
            return broken(auto);
        };
        self.always_there(&parts);
        let mut key = key_of(&parts, &self.columns);
        if let Parts::Many(_) = parts {
            // Where the compiler points if one of them is no key.
            key = key
                .into_iter()
                .map(|mut tuple| {
                    tuple.set_span(entry.span);
                    tuple
                })
                .collect();
        }
        Primary { parts, auto, key, place: Place::Inside }
    }

    fn outside(&mut self, entry: &Entry, options: &Options) -> Primary {
        let auto = entry.auto.is_some();
        let usual = || quote!(::core::primitive::u32);
        let key = options.key.as_ref().map_or_else(usual, ToTokens::to_token_stream);
        let known = auto || options.key.is_some();
        let place = if known { Place::Outside } else { Place::Broken };
        if !known {
            let ident = self.record.ident;
            self.errors.at(
                entry.span,
                format_args!(
                    "the first entry is the primary key, and an empty one means a key outside of `{ident}`, \
                     whose type is to be said: `#[store(\"\", key = String)]`"
                ),
            );
        }
        Primary { parts: Parts::Outside, auto, key, place }
    }

    /// Every row has a primary key.
    fn always_there(&mut self, parts: &Parts) {
        for &at in parts.columns() {
            let column = &self.columns[at];
            if column.may_be_absent() {
                let text = &column.declared;
                self.errors.at(
                    column.span,
                    format_args!(
                        "the primary key `{text}` cannot be an `Option`: every row has a key. \
                         With `++id` a row is added without one as its New type"
                    ),
                );
            }
        }
    }

    fn index(&mut self, entry: &Entry) -> Option<Index> {
        let multi = entry.multi.is_some();
        let parts = match &entry.target {
            Target::Outside => return None,
            Target::One(path) => Parts::One(self.column(path, multi)?),
            Target::Many(paths) => Parts::Many(self.compound(paths)?),
        };
        Some(Index { parts, unique: entry.unique.is_some(), multi })
    }

    fn compound(&mut self, paths: &[FieldPath]) -> Option<Vec<usize>> {
        // All of them are looked at, so that all faults are reported.
        let columns: Vec<Option<usize>> = paths.iter().map(|path| self.column(path, false)).collect();
        columns.into_iter().collect()
    }

    fn column(&mut self, path: &FieldPath, multi: bool) -> Option<usize> {
        let field = column::find(self.record, path, self.errors)?;
        let written = path.declared();
        let given = self.given.iter().find(|(text, _)| *text == written);
        let given = given.map(|(_, ty)| ty.clone());
        let resolved = column::resolve(self.record, field, path, given.as_ref(), multi, self.errors)?;
        let known = self
            .columns
            .iter()
            .position(|column| column.field == field && column.multi == multi && column.stored == resolved.stored);
        Some(known.unwrap_or_else(|| {
            self.columns.push(resolved);
            self.columns.len() - 1
        }))
    }
}

/// A key that has been reported.
fn broken(auto: bool) -> Primary {
    let key = quote!(::core::primitive::u32);
    Primary { parts: Parts::Outside, auto, key, place: Place::Broken }
}

impl Parts {
    /// The columns, in order.
    pub fn columns(&self) -> &[usize] {
        match self {
            Parts::Outside => &[],
            Parts::One(column) => std::slice::from_ref(column),
            Parts::Many(columns) => columns,
        }
    }
}

/// `K`, or the tuple of them.
pub fn key_of(parts: &Parts, columns: &[Column]) -> TokenStream {
    match parts {
        Parts::Outside => quote!(::core::primitive::u32),
        Parts::One(column) => columns[*column].key.clone(),
        Parts::Many(all) => {
            let keys = all.iter().map(|column| &columns[*column].key);
            quote!((#(#keys),*))
        }
    }
}
