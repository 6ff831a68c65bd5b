//! The rules of a schema that need no struct: which flag may stand where, and nothing twice. Called for
//! both macros. What breaks a rule is reported and mended, so that the expansion still makes sense.

use crate::diagnostics::Errors;
use crate::model::{Entry, Schema, Target};

/// Checks and mends a schema.
pub fn schema(schema: &mut Schema, errors: &mut Errors) {
    if let Some(primary) = &mut schema.primary {
        self::primary(primary, errors);
    }
    let generated = schema.primary.as_ref().is_some_and(|entry| entry.auto.is_some());
    for entry in &mut schema.indexes {
        secondary(entry, generated, errors);
        compound(entry, errors);
    }
    schema.indexes.retain(|entry| !matches!(entry.target, Target::Outside));
    join_names(schema);
    duplicates(schema, errors);
}

fn primary(entry: &mut Entry, errors: &mut Errors) {
    // Redundant, and Dexie allows it: a primary key is unique anyway.
    entry.unique = None;
    if let Some(span) = entry.multi.take() {
        errors.at(span, "`*` on the primary key: a row has one key. Make the collection an index of its own");
    }
    compound(entry, errors);
    let Some(span) = entry.auto else { return };
    match &entry.target {
        Target::Many(_) => {
            errors.at(
                span,
                "`++` on a compound key: the browser generates single numbers. \
                 Write `[a+b]` and give the key yourself, or `++id` and make `[a+b]` an index",
            );
            entry.auto = None;
        }
        Target::One(path) if !path.nested.is_empty() => {
            errors
                .at(span, format_args!("`++` needs a field of the record itself, and `{}` is nested", path.declared()));
            entry.auto = None;
        }
        _ => {}
    }
}

fn secondary(entry: &mut Entry, generated: bool, errors: &mut Errors) {
    let Some(span) = entry.auto.take() else {
        return;
    };
    let text = entry.target.declared();
    if text.is_empty() {
        errors.at(span, "`++` on an index: a generated key stands first, as `++` or `++id`");
    } else if generated {
        errors.at(
            span,
            format_args!(
                "two primary keys: the first entry is the primary key, and `++{text}` would be another. Remove one `++`"
            ),
        );
    } else {
        errors.at(
            span,
            format_args!("`++` on an index: only the primary key is generated. Write `{text}`, or make `++{text}` the first entry"),
        );
    }
}

fn compound(entry: &mut Entry, errors: &mut Errors) {
    let Target::Many(paths) = &mut entry.target else {
        return;
    };
    if let Some(span) = entry.multi.take() {
        errors.at(
            span,
            "a compound index cannot be multi-entry: IndexedDB refuses it. Index the collection by itself, `*tags`",
        );
    }
    let mut seen: Vec<String> = Vec::new();
    paths.retain(|path| {
        let text = path.declared();
        let first = !seen.contains(&text);
        if !first {
            errors.at(path.span(), format_args!("`{text}` is twice in the same compound index: remove one"));
        }
        seen.push(text);
        first
    });
    if let [path] = paths.as_slice() {
        if seen.len() == 1 {
            let text = path.declared();
            errors.at(path.span(), format_args!("a compound index has at least two fields: write `{text}`"));
        }
        entry.target = Target::One(path.clone());
    }
}

/// `[a+b], pair: [a+b]` is one index with a name.
fn join_names(schema: &mut Schema) {
    let (named, mut plain): (Vec<Entry>, Vec<Entry>) = schema.indexes.drain(..).partition(|entry| entry.name.is_some());
    for entry in named {
        let text = entry.target.declared();
        let unflagged = entry.unique.is_none() && entry.multi.is_none();
        let twin = plain
            .iter_mut()
            .chain(schema.primary.as_mut())
            .find(|other| other.name.is_none() && other.target.declared() == text);
        match twin {
            Some(twin) if unflagged || twin.declared() == entry.declared() => {
                twin.name = entry.name;
            }
            _ => plain.push(entry),
        }
    }
    schema.indexes = plain;
}

fn duplicates(schema: &mut Schema, errors: &mut Errors) {
    let key = schema.primary.as_ref().map(|entry| entry.target.declared());
    let mut seen: Vec<String> = Vec::new();
    schema.indexes.retain(|entry| {
        let text = entry.target.declared();
        if key.as_ref() == Some(&text) {
            errors.at(
                entry.span,
                format_args!("`{text}` is the primary key, which needs no index of its own: remove it here"),
            );
            return false;
        }
        if seen.contains(&text) {
            errors.at(entry.span, format_args!("duplicate index: `{text}` is listed twice, remove one"));
            return false;
        }
        seen.push(text);
        true
    });
}

#[cfg(test)]
mod tests {
    use crate::diagnostics::Errors;
    use crate::dsl::parse_string;
    use proc_macro2::Span;

    fn faults(text: &str) -> Vec<String> {
        let mut errors = Errors::default();
        let mut schema = parse_string(&syn::LitStr::new(text, Span::call_site()), &mut errors);
        super::schema(&mut schema, &mut errors);
        errors.messages()
    }

    #[test]
    fn sound_schemas_pass() {
        for text in ["++id, &email, *tags, [a+b]", "&id, a", "", "++, a", "[a+b], a", "id, [a+b], pair: [a+b]"] {
            assert_eq!(faults(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn each_broken_rule_is_one_error() {
        let table = [
            ("*id", "`*` on the primary key"),
            ("++[a+b]", "`++` on a compound key"),
            ("++a.b", "nested"),
            ("++id, ++other", "two primary keys"),
            ("id, ++other", "`++` on an index"),
            ("id, ++", "`++` on an index"),
            ("id, *[a+b]", "cannot be multi-entry"),
            ("id, [a+a]", "twice in the same"),
            ("id, [a]", "at least two"),
            ("id, name, &name", "duplicate index"),
            ("id, [a+b], &[a+b]", "duplicate index"),
            ("id, id", "is the primary key"),
            ("id, x: a, y: a", "duplicate index"),
        ];
        for (text, wanted) in table {
            let faults = faults(text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            assert!(faults[0].contains(wanted), "{text}: {faults:?}");
        }
    }
}
