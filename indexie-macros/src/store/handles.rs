//! The handles of `INDEX`: one for the key, one for each index, and one for the first field of a compound
//! entry that has none. Two of one name are an error that says how to name them.

use super::column::Column;
use super::plan::{Handle, Index, Kind, Parts, Primary, key_of};
use super::record::Record;
use crate::diagnostics::Errors;
use crate::model::{Entry, Target};
use proc_macro2::{Ident, Span};
use syn::ext::IdentExt as _;

/// Every handle of a table.
pub fn all(
    record: &Record<'_>,
    columns: &[Column],
    primary: &Primary,
    key: Option<&Entry>,
    indexes: &[Index],
    sources: &[&Entry],
    errors: &mut Errors,
) -> Vec<Handle> {
    let mut handles = Handles { record, columns, all: Vec::new(), errors };
    if let Some(key) = key {
        handles.entry(0, &primary.parts, Kind::Primary, key);
    }
    for (at, (index, source)) in indexes.iter().zip(sources).enumerate() {
        let kind = if index.unique { Kind::Unique } else { Kind::Plain };
        handles.entry(number(at + 1), &index.parts, kind, source);
    }
    handles.first_of(0, &primary.parts);
    for (at, index) in indexes.iter().enumerate() {
        handles.first_of(number(at + 1), &index.parts);
    }
    if matches!(primary.parts, Parts::Outside) {
        handles.outside(primary);
    }
    handles.all
}

fn number(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

struct Handles<'a, 'r> {
    record: &'a Record<'r>,
    columns: &'a [Column],
    all: Vec<Handle>,
    errors: &'a mut Errors,
}

impl Handles<'_, '_> {
    fn entry(&mut self, entry: u16, parts: &Parts, kind: Kind, source: &Entry) {
        let name = source.name.clone().or_else(|| self.name(parts.columns()));
        let Some(ident) = name else { return };
        if self.taken(&ident) {
            let what = describe(&source.target);
            let suggestion = ident.unraw();
            let message = format!(
                "two handles are called `{ident}`, and this one is {what}: give it another name, `{suggestion}_index: {text}`",
                text = source.declared()
            );
            self.errors.at(source.span, message);
            return;
        }
        let stored = self.stored(parts);
        let doc = match kind {
            Kind::Primary => format!("The primary key, `{stored}`."),
            Kind::Unique => format!("The unique index `{stored}`."),
            _ => format!("The index `{stored}`."),
        };
        self.all.push(Handle { ident, key: key_of(parts, self.columns), kind, entry, doc });
    }

    /// A compound entry can be asked for its first field alone.
    fn first_of(&mut self, entry: u16, parts: &Parts) {
        let Parts::Many(columns) = parts else { return };
        let Some(&first) = columns.first() else {
            return;
        };
        let column = &self.columns[first];
        let Some(ident) = self.name(&[first]) else {
            return;
        };
        if self.taken(&ident) {
            return;
        }
        let doc = format!("The first field of the compound index `{}`.", self.stored(parts));
        let key = column.key.clone();
        self.all.push(Handle { ident, key, kind: Kind::FirstOf, entry, doc });
    }

    /// A key outside of the record is `key`, unless the record's own handles need the name.
    fn outside(&mut self, primary: &Primary) {
        let ident = Ident::new("key", Span::call_site());
        if self.taken(&ident) {
            return;
        }
        let doc = String::from("The primary key, which is outside of the record.");
        self.all.push(Handle { ident, key: primary.key.clone(), kind: Kind::Primary, entry: 0, doc });
    }

    /// `email`, `address_city`, `name_age`: from the fields as they are, also when the schema misspelled one.
    fn name(&self, columns: &[usize]) -> Option<Ident> {
        let columns: Vec<&Column> = columns.iter().map(|column| &self.columns[*column]).collect();
        if let [column] = columns.as_slice()
            && column.nested.is_empty()
        {
            return Some(self.record.fields[column.field].ident.clone());
        }
        let words = columns.iter().flat_map(|column| {
            let nested = column.nested.iter().map(|step| step.field.unraw().to_string());
            std::iter::once(self.record.fields[column.field].name.clone()).chain(nested)
        });
        let words: Vec<String> = words.collect();
        Some(Ident::new(&words.join("_"), columns.first()?.span))
    }

    fn taken(&self, ident: &Ident) -> bool {
        self.all.iter().any(|handle| handle.ident.unraw() == ident.unraw())
    }

    fn stored(&self, parts: &Parts) -> String {
        stored_name(parts, self.columns)
    }
}

/// The name of an index, as Dexie gives it: `email`, `[name+age]`.
pub fn stored_name(parts: &Parts, columns: &[Column]) -> String {
    match parts {
        Parts::Outside => String::new(),
        Parts::One(column) => columns[*column].stored_path(),
        Parts::Many(all) => {
            let paths: Vec<String> = all.iter().map(|column| columns[*column].stored_path()).collect();
            format!("[{}]", paths.join("+"))
        }
    }
}

fn describe(target: &Target) -> String {
    match target {
        Target::Many(_) => format!("of the compound index `{}`", target.declared()),
        _ => format!("of `{}`", target.declared()),
    }
}
