//! Imports: many rows in one transaction, what that takes, and for how long at a time the page could do nothing else.

use anyhow::Result;
use serde_json::json;

use super::figures::Rounds;
use super::page::Page;
use super::sides::DEXIE;
use super::table::{Table, grouped, milliseconds};

/// The two ways of indexie, as the page names them, and as they are called.
const WAYS: [(&str, &str); 2] = [("import", "import"), ("bulkAdd", "bulk_add")];

pub fn measure(page: &Page<'_>, rounds: u32, rows: &[u32], table: &mut Table) -> Result<()> {
    for rows in rows {
        let mut measured = Rounds::default();
        for round in 0..=rounds {
            println!("    {} rows, round {round} of {rounds}", grouped((*rows).into()));
            let figures = page.call_long("measure", &[json!(rows), json!(round)])?;
            // The first one compiles everything.
            if round > 0 {
                measured.push(figures);
            }
        }
        for (way, name) in WAYS {
            let mut line = |what: String, figure: &str, ratio: Option<f64>| {
                let both = [measured.median(way, figure)?, measured.median(DEXIE, figure)?];
                table.add(what, both.map(milliseconds), ratio);
                Ok::<_, anyhow::Error>(())
            };
            let of = format!("{name} of {} rows", grouped((*rows).into()));
            line(of.clone(), "/ms", Some(measured.ratio(way, DEXIE, "/ms")?))?;
            line(format!("{of}: the longest task, if it is of 50 ms or more"), "/task", None)?;
            line(format!("{of}: a timer is late at most by"), "/late", None)?;
        }
    }
    Ok(())
}
