//! `cargo xtask bench`: measurements that can be repeated. The page is the program of `examples/bench`; it is built as it ships,
//! and measured in a headless browser beside what it is compared with.

mod compile;
mod electric;
mod figures;
mod import;
mod live;
mod ops;
mod page;
mod rows;
mod scale;
mod scratch;
mod sides;
mod site;
mod start;
mod sync;
mod table;

use anyhow::Result;
use clap::ValueEnum;

use crate::browser::{Browser, Kind};
use crate::server::Server;
use crate::setup::{self, Need};
use crate::webdriver::{Session, Start};
use crate::workspace::Workspace;
use crate::{npm, progress};
use electric::Electric;
use page::Page;
use scratch::Scratch;
use table::Table;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// Single operations, beside `IndexedDB` by hand, Dexie, idb and four Rust crates
    Ops,
    /// Live queries, beside Dexie's
    Live,
    /// Tables that follow a shape, beside the official client of ElectricSQL with Dexie
    Sync,
    /// The same operations in tables of 1,000 to 1,000,000 rows, beside Dexie: how they grow, what they read, and memory
    Scale,
    /// From the navigation of a page to the first row of a database that is there, beside Dexie and `IndexedDB` by hand
    Start,
    /// Many rows at once, beside Dexie's `bulkAdd`: what it takes, and how long the page is busy at a time
    Import,
    /// `cargo check` of many records, beside serde's derives alone
    Compile,
}

impl Subject {
    /// Its page, beside the others.
    fn page(self) -> &'static str {
        match self {
            Self::Ops => "ops.html",
            Self::Scale => "scale.html",
            Self::Live | Self::Start | Self::Compile => "",
            Self::Sync => "sync.html",
            Self::Import => "import.html",
        }
    }
}

/// How it is measured.
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// Measure in Firefox instead of Chromium
    #[arg(long)]
    firefox: bool,
    /// Measure each figure so many times; an odd number has a median
    #[arg(long, value_name = "N", default_value_t = 11)]
    rounds: u32,
    /// Measure these operations only (ops)
    #[arg(long, num_args = 1.., value_name = "OPERATION")]
    only: Vec<String>,
    /// Measure these sides only, and IndexedDB by hand (ops)
    #[arg(long, num_args = 1.., value_name = "SIDE")]
    sides: Vec<String>,
    /// Write into tables of so many rows, or fill them (live, sync, import and scale)
    #[arg(long, alias = "sizes", num_args = 1.., value_name = "ROWS", default_values_t = [1_000, 10_000, 100_000])]
    rows: Vec<u32>,
    /// Keep indexie's rows in memory: what its own work takes, without a database (live and sync)
    #[arg(long)]
    in_memory: bool,
}

impl Settings {
    fn kind(&self) -> Kind {
        if self.firefox { Kind::Firefox } else { Kind::Chromium }
    }
}

/// Measures one subject, and prints a table.
pub fn run(workspace: &Workspace, subject: Subject, settings: &Settings) -> Result<()> {
    if subject == Subject::Compile {
        return compile::measure(workspace, settings.rounds);
    }
    let kind = settings.kind();
    setup::ensure(workspace, &[Need::WasmTarget, Need::Browser(kind), Need::Npm])?;
    let electric = (subject == Subject::Sync).then(|| Electric::start(workspace)).transpose()?;
    let server = Server::isolated(site::build(workspace)?)?;
    let browser = Browser::find(workspace, kind)?;
    // Goes after the browser that uses it.
    let scratch = Scratch::in_memory()?;
    let temporary = scratch.as_ref().map(|scratch| scratch.path().to_owned());
    let session = Session::start(workspace, &browser, &Start { temporary, exposes_gc: true, ..Start::default() })?;
    if subject == Subject::Start {
        return progress::report(&format!("{} rounds in {kind}", settings.rounds), || {
            start::measure(&session, kind, &server.address(), settings.rounds)
        });
    }
    let page = Page::open(&session, kind, server.address() + subject.page(), settings.in_memory)?;
    if subject == Subject::Ops {
        let report = progress::report(&format!("{} rounds in {kind}", settings.rounds), || {
            ops::measure(workspace, &page, kind, settings.rounds, &settings.only, &settings.sides)
        });
        if report.is_err() {
            session.console().iter().for_each(|message| println!("    console: {message}"));
        }
        return report?.publish(workspace);
    }
    if subject == Subject::Scale {
        return progress::report(&format!("{} rounds in {kind}", settings.rounds), || {
            scale::measure(&page, settings.rounds, &settings.rows)
        });
    }
    let dexie = ["Dexie", &page.dexie_version()?].join(" ");
    let mut table = Table::new(match subject {
        Subject::Ops | Subject::Live | Subject::Scale | Subject::Start | Subject::Import | Subject::Compile => dexie,
        Subject::Sync => format!("{}, {dexie}", npm::electric::version()),
    });
    let measured = progress::report(&format!("{} rounds in {kind}", settings.rounds), || match &electric {
        None if subject == Subject::Import => import::measure(&page, settings.rounds, &settings.rows, &mut table),
        None => {
            live::measure(&page, settings.rounds, &settings.rows, &mut table)?;
            rows::measure(&page, settings.rounds, &mut table)
        }
        Some(electric) => sync::measure(&page, electric, settings.rounds, &settings.rows, &mut table),
    });
    if measured.is_err() {
        session.console().iter().for_each(|message| println!("    console: {message}"));
    }
    println!("\n{table}");
    measured
}
