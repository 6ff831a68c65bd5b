//! What a step should come to, as an assertion.

use crate::key::Key;
use crate::outcome::{Fault, Outcome};
use crate::program::{Keys, Verb};
use crate::query::Terminal;
use crate::table::{TableOf, TypeOf};
use crate::value::Row;

/// The assertion about a result.
pub fn line(table: &TableOf, verb: &Verb, result: &str, expected: &Outcome) -> String {
    match expected {
        Outcome::Failed(fault) => fails(result, fault),
        expected => format!("is({result}?, {});", value(table, verb, expected)),
    }
}

pub fn fails(result: &str, fault: &Fault) -> String {
    format!("fails({result}, {:?});", format!("{fault:?}"))
}

pub fn end(result: &str, end: &Outcome) -> String {
    match end {
        Outcome::Failed(fault) => fails(result, fault),
        _ => format!("is({result}?, ());"),
    }
}

fn value(table: &TableOf, verb: &Verb, expected: &Outcome) -> String {
    let row = |row: &Row| (table.code)(row, Keys::Row);
    let rows = |rows: &[Row]| rows.iter().map(row).collect::<Vec<_>>().join(", ");
    let option =
        |found: &Option<Row>| found.as_ref().map_or_else(|| "None".to_owned(), |found| format!("Some({})", row(found)));
    match (expected, verb) {
        (Outcome::Done, _) => "()".to_owned(),
        (Outcome::Count(count), _) => count.to_string(),
        (Outcome::Truth(truth), _) => truth.to_string(),
        (Outcome::Keys(keys), Verb::Insert { many: false, .. }) => {
            keys.iter().map(|one| key(table.key(), one)).collect()
        }
        (Outcome::Keys(keys), Verb::Read(query, Terminal::Keys | Terminal::UniqueKeys)) => {
            list(&table.types[query.order(table.shape.primary_column)], keys)
        }
        (Outcome::Keys(keys), _) => list(table.key(), keys),
        (Outcome::Row(Some(found)), Verb::Update(..) | Verb::Upsert(..)) => row(found),
        (Outcome::Row(found), _) => option(found),
        (Outcome::Rows(found), Verb::Read(_, Terminal::Each | Terminal::EachUntil(_))) => {
            format!("(vec![{}], true)", rows(found))
        }
        (Outcome::Stopped(found, _), _) => format!("(vec![{}], false)", rows(found)),
        (Outcome::Rows(found), _) => format!("vec![{}]", rows(found)),
        (Outcome::Found(found), _) => format!("vec![{}]", found.iter().map(option).collect::<Vec<_>>().join(", ")),
        (Outcome::Entries(entries), _) => {
            let entries: Vec<String> =
                entries.iter().map(|(own, found)| format!("({}, {})", key(table.key(), own), row(found))).collect();
            format!("vec![{}]", entries.join(", "))
        }
        (Outcome::Pages(pages), _) => {
            let pages: Vec<String> = pages.iter().map(|page| format!("vec![{}]", rows(page))).collect();
            format!("vec![{}]", pages.join(", "))
        }
        (other, _) => format!("{other:?}"),
    }
}

fn list(of: &TypeOf, keys: &[Key]) -> String {
    let keys: Vec<String> = keys.iter().map(|one| key(of, one)).collect();
    format!("Vec::<{}>::from([{}])", (of.name)(), keys.join(", "))
}

fn key(of: &TypeOf, key: &Key) -> String {
    (of.code)(&key.value())
}
