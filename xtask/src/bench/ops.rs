//! Single operations: IndexedDB by hand, indexie, Dexie, idb and four Rust crates, each doing the same, one after the other in every
//! round. The page compares checksums of what all have read and written: whoever does less work is found out.

mod html;
mod report;
mod summary;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::figures::Rounds;
use super::page::Page;
use crate::browser::Kind;
use crate::workspace::Workspace;
use report::Report;

/// By whom all are measured.
const RAW: &str = "raw";
const INDEXIE: &str = super::sides::INDEXIE;
const DEXIE: &str = super::sides::DEXIE;
/// The Rust crates that are compared with, as the page names them, and as crates.io does.
const CRATES: [(&str, &str); 4] = [
    ("idb (Rust)", "idb"),
    ("rexie", "rexie"),
    ("indexed_db_futures", "indexed_db_futures"),
    ("indexed-db", "indexed-db"),
];

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// As the page calls it, and `--only` does.
    name: &'static str,
    title: &'static str,
    /// Whether it is in the means.
    counts: bool,
}

const fn operation(name: &'static str, title: &'static str) -> Operation {
    Operation { name, title, counts: true }
}

/// In the order in which they are done: what one leaves in the table, the next one needs.
const OPERATIONS: [Operation; 17] = [
    operation("bulkAdd", "bulk add 10,000, one transaction"),
    operation("update", "update 1,000 rows of a range, one transaction"),
    operation("bulkPut", "bulk put 10,000 over others"),
    operation("bulkDelete", "bulk delete 1,000"),
    operation("adds", "1,000 awaited adds, a transaction each"),
    operation("addsInOne", "1,000 awaited adds, one transaction"),
    operation("gets", "1,000 awaited gets"),
    operation("lookups", "1,000 awaited lookups, unique index"),
    operation("bulkGet", "bulk get 1,000"),
    operation("all", "all 10,000 rows"),
    operation("range", "range of an index, 5,000 rows"),
    operation("either", "or of two indexes, 1,100 rows"),
    operation("filter", "filter on 5,000 rows, 1,000 pass"),
    operation("page", "order by, descending, offset 5,000, limit 50"),
    operation("keys", "primary keys of a range, 5,000"),
    operation("count", "count of a range"),
    Operation { name: "addsTogether", title: "1,000 adds issued in one turn", counts: false },
];

/// Measures the operations of these names, or all, and proves that the work is equal.
pub fn measure(
    workspace: &Workspace,
    page: &Page<'_>,
    kind: Kind,
    rounds: u32,
    only: &[String],
    sides: &[String],
) -> Result<Report> {
    let operations = chosen(only)?;
    let all = page.call("sides", &[])?;
    let all = all.as_array().into_iter().flatten().filter_map(|side| side.as_str());
    let sides = taking_part(all, sides)?;
    page.call_long("begin", &[json!(sides)])?;
    let mut measured: Vec<(Operation, Rounds)> = operations.iter().map(|it| (*it, Rounds::default())).collect();
    for round in 0..=rounds {
        println!("    round {round} of {rounds}");
        for (operation, rounds) in &mut measured {
            let figures = page.call_long("measure", &[json!(operation.name), json!(round)])?;
            // The first one compiles everything.
            if round > 0 {
                rounds.push(figures);
            }
        }
    }
    let report = Report::new(workspace, page, kind, &sides, &measured)?;
    page.call("end", &[]).context("the databases cannot be deleted")?;
    Ok(report)
}

/// All, or those of these names, and always the one that they are measured by.
fn taking_part<'s>(all: impl Iterator<Item = &'s str> + Clone, wanted: &[String]) -> Result<Vec<&'s str>> {
    for name in wanted {
        let known = || all.clone().collect::<Vec<_>>().join(", ");
        ensure!(all.clone().any(|side| side == name), "there is no side `{name}`: they are {}", known());
    }
    Ok(all.filter(|side| wanted.is_empty() || *side == RAW || wanted.iter().any(|name| name == side)).collect())
}

fn chosen(only: &[String]) -> Result<Vec<Operation>> {
    for name in only {
        let names = || OPERATIONS.map(|it| it.name).join(", ");
        ensure!(OPERATIONS.iter().any(|it| it.name == name), "there is no operation `{name}`: they are {}", names());
    }
    Ok(OPERATIONS.into_iter().filter(|it| only.is_empty() || only.iter().any(|name| name == it.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suite_has_sixteen_operations() {
        assert_eq!(OPERATIONS.iter().filter(|it| it.counts).count(), 16);
    }

    #[test]
    fn operations_are_chosen_by_name_and_done_in_their_order() {
        let only = ["gets".to_owned(), "update".to_owned()];

        let names: Vec<_> = chosen(&only).expect("both exist").iter().map(|it| it.name).collect();
        assert_eq!(names, ["update", "gets"]);
        assert_eq!(chosen(&[]).expect("all").len(), OPERATIONS.len());
    }

    #[test]
    fn those_of_the_named_take_part_and_who_they_are_measured_by() {
        let all = ["raw", "indexie", "Dexie"];

        assert_eq!(taking_part(all.into_iter(), &[]).expect("all"), all);
        assert_eq!(taking_part(all.into_iter(), &["Dexie".to_owned()]).expect("it is there"), ["raw", "Dexie"]);
        let error = taking_part(all.into_iter(), &["dexie".to_owned()]).expect_err("there is none");
        assert_eq!(error.to_string(), "there is no side `dexie`: they are raw, indexie, Dexie");
    }

    #[test]
    fn an_operation_that_is_not_there_is_named_with_all_that_are() {
        let error = chosen(&["get".to_owned()]).expect_err("there is none");

        assert!(error.to_string().starts_with("there is no operation `get`: they are bulkAdd, "));
    }
}
