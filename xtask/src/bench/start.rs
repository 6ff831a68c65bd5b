//! The start of a page: from the navigation until a row of a database is shown that was there before. Three pages that do the same, each
//! loaded anew in every round: `IndexedDB` by hand, indexie with its program, and Dexie.

use std::fmt;

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use super::figures::Rounds;
use super::page::Page;
use super::sides::{DEXIE, INDEXIE};
use super::table::{aligned, factor, grouped, milliseconds};
use crate::browser::Kind;
use crate::webdriver::Session;

/// In each of two tables.
const ROWS: u32 = 1_000;
const RAW: &str = "raw";
const SIDES: [(&str, &str); 3] =
    [(RAW, "start/raw.html"), (INDEXIE, "start/indexie.html"), (DEXIE, "start/dexie.html")];
/// The first loads compile the browser's own parts.
const WARM_UP: u32 = 2;

const FIGURES: [(&str, &str); 6] = [
    ("/scripts", "until the scripts have come and run"),
    ("/program", "the wasm program: fetch, compile, instantiate"),
    ("/load", "load in all"),
    ("/open", "open the database"),
    ("/read", "first get, and its row in the page"),
    ("/shown", "from the navigation to the row"),
];

/// Loads the pages in turns, and prints a table.
pub fn measure(session: &Session, kind: Kind, site: &str, rounds: u32) -> Result<()> {
    let open = |(side, path)| Ok((side, Page::open(session, kind, format!("{site}{path}"), false)?));
    let pages = SIDES.into_iter().map(open).collect::<Result<Vec<_>>>()?;
    let mut version = String::new();
    for (side, page) in &pages {
        page.load()?;
        page.call("fill", &[json!(ROWS)])?;
        if *side == DEXIE {
            version = page.dexie_version()?;
        }
    }
    let mut measured = Rounds::default();
    for round in 0..rounds + WARM_UP {
        println!("    round {round} of {}", rounds + WARM_UP - 1);
        let figures = one_round(&pages, round as usize)?;
        if round >= WARM_UP {
            measured.push(figures);
        }
    }
    println!("\n{}", Shown::of(&measured, &version)?);
    Ok(())
}

/// Who begins changes with the round.
fn one_round(pages: &[(&str, Page<'_>)], round: usize) -> Result<Value> {
    let mut figures = Map::new();
    for at in 0..pages.len() {
        let (side, page) = &pages[(at + round) % pages.len()];
        page.load()?;
        let shown = page.call("figures", &[])?;
        ensure!(shown["name"].is_string(), "the page of {side} shows nobody");
        figures.insert((*side).to_owned(), shown);
    }
    let names: Vec<_> = figures.values().map(|shown| &shown["name"]).collect();
    ensure!(names.windows(2).all(|pair| pair[0] == pair[1]), "the pages show different people: {names:?}");
    Ok(Value::Object(figures))
}

/// The table.
struct Shown(Vec<Vec<String>>);

impl Shown {
    fn of(rounds: &Rounds, dexie: &str) -> Result<Self> {
        let head = ["", RAW, INDEXIE, &format!("{DEXIE} {dexie}"), "indexie / raw", "indexie / Dexie"];
        let mut cells = vec![head.map(str::to_owned).to_vec()];
        for (figure, title) in FIGURES {
            // Only one side has a program.
            let is_shared = figure != "/program";
            let mut line = vec![title.to_owned()];
            for (side, _) in SIDES {
                let time = if is_shared || side == INDEXIE {
                    milliseconds(rounds.median(side, figure)?)
                } else {
                    String::new()
                };
                line.push(time);
            }
            for other in [RAW, DEXIE] {
                line.push(if is_shared { factor(rounds.ratio(INDEXIE, other, figure)?) } else { String::new() });
            }
            cells.push(line);
        }
        let mut line = vec!["loaded, not compressed".to_owned()];
        for (side, _) in SIDES {
            line.push(format!("{} kB", grouped(rounds.median(side, "/bytes")? / 1_000.0)));
        }
        line.extend([String::new(), String::new()]);
        cells.push(line);
        Ok(Self(cells))
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        aligned(f, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(load: f64) -> Value {
        json!({
            "scripts": load, "program": 0.0, "load": load, "open": 2.0, "read": 1.0, "shown": load + 3.0, "bytes": 98_765,
        })
    }

    #[test]
    fn the_table_has_each_side_and_what_indexie_is_of_the_others() {
        let mut rounds = Rounds::default();
        rounds.push(json!({ RAW: figures(5.0), INDEXIE: figures(9.0), DEXIE: figures(7.0) }));

        let Shown(cells) = Shown::of(&rounds, "4").expect("all figures are there");
        assert_eq!(cells[0], ["", "raw", "indexie", "Dexie 4", "indexie / raw", "indexie / Dexie"]);
        assert_eq!(cells[2][1..], ["", "0.00 ms", "", "", ""]);
        assert_eq!(cells[6], ["from the navigation to the row", "8.00 ms", "12 ms", "10 ms", "1.50", "1.20"]);
        assert_eq!(cells[7][1], "99 kB");
    }
}
