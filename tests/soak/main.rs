//! A soak of the sync, on this machine: random transactions at the server, random faults on the wire, and a client that is stopped and
//! started; when it is over, both have the same table. `SEEDS=400` runs more than the usual 40, `SEED=7` one.
//!
//! With `ELECTRIC_URL` and `DATABASE_URL` the server is a real one (`cargo xtask test electric`), and nothing goes wrong but what does.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::cast_possible_truncation, reason = "small random numbers")]

#[allow(dead_code, reason = "shared with the model")]
#[path = "../model/chance.rs"]
mod chance;
mod upstream;

use std::collections::BTreeMap;
use std::time::Duration;

use electric_server::{Config, Fault, FaultKind, RequestKind, Server, Spot};
use indexie::prelude::*;
use indexie::{Electric, ElectricSync};
use indexie_tests::builder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::chance::Chance;
use crate::upstream::{Statement, Upstream};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, &code, name")]
struct Item {
    id: i32,
    code: String,
    name: String,
    amount: Option<i64>,
    done: Option<bool>,
    tags: Vec<Option<String>>,
}

schema! {
    struct Shop("soak");

    version 1 {
        items: Item,
    }
}

struct Soak {
    seed: u64,
    chance: Chance,
    server: Upstream,
    table: String,
    db: Shop,
    sync: Option<ElectricSync>,
    /// What the server has.
    rows: BTreeMap<i32, String>,
    next: i32,
    streams: bool,
}

fn config(chance: &mut Chance, seed: u64) -> Config {
    Config {
        long_poll: Duration::from_millis(60),
        sse: Duration::from_millis(150),
        keep_alive: Duration::from_millis(40),
        chunk_bytes: [300, 1_500, 1_000_000][chance.below(3)],
        seed,
        ..Config::default()
    }
}

impl Soak {
    async fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let server = match Upstream::real().await {
            Some(real) => real,
            None => Upstream::Conformance(Server::start(config(&mut chance, seed))),
        };
        let table = format!("indexie_soak_{seed}");
        server.create(&table).await;
        let streams = !chance.once_in(4);
        let db: Shop = builder::<Shop>(&format!("soak {seed}")).build();
        Self { seed, chance, server, table, db, sync: None, rows: BTreeMap::new(), next: 1, streams }
    }

    fn some_row(&mut self) -> Option<i32> {
        let at = self.chance.below(self.rows.len());
        self.rows.keys().nth(at).copied()
    }

    /// Statements that fit what the server has.
    fn statements(&mut self) -> Vec<Statement> {
        let operations = 1 + self.chance.below(5);
        let mut tx = Vec::new();
        for _ in 0..operations {
            match self.chance.below(12) {
                0..4 => {
                    let id = self.next;
                    self.next += 1;
                    let code = format!("c{id}");
                    self.rows.insert(id, code.clone());
                    let row = json!({
                        "id": id, "code": code, "name": format!("näme {id} 😀"), "amount": id * 3, "done": id % 2 == 0,
                        "tags": "{a,\"b,c\",NULL}"
                    });
                    tx.push(Statement::Insert(row));
                }
                4..8 => {
                    let Some(id) = self.some_row() else { continue };
                    let set = match self.chance.below(3) {
                        0 => json!({"name": format!("other {}", self.chance.below(1_000))}),
                        1 => json!({"amount": Value::Null, "done": self.chance.once_in(2)}),
                        _ => json!({"amount": 7, "tags": "{}"}),
                    };
                    tx.push(Statement::Update(id, set));
                }
                8 => {
                    // Two rows change places in a unique index.
                    let (Some(a), Some(b)) = (self.some_row(), self.some_row()) else { continue };
                    if a == b {
                        continue;
                    }
                    let (of_a, of_b) = (self.rows[&a].clone(), self.rows[&b].clone());
                    tx.push(Statement::Update(a, json!({"code": "between"})));
                    tx.push(Statement::Update(b, json!({"code": of_a.clone()})));
                    tx.push(Statement::Update(a, json!({"code": of_b.clone()})));
                    self.rows.insert(a, of_b);
                    self.rows.insert(b, of_a);
                }
                9 => {
                    // Another primary key.
                    let Some(id) = self.some_row() else { continue };
                    let new = self.next;
                    self.next += 1;
                    let code = self.rows.remove(&id).unwrap_or_default();
                    self.rows.insert(new, code);
                    tx.push(Statement::Update(id, json!({"id": new})));
                }
                10 if self.chance.once_in(6) => {
                    self.rows.clear();
                    tx.push(Statement::Truncate);
                }
                _ => {
                    let Some(id) = self.some_row() else { continue };
                    self.rows.remove(&id);
                    tx.push(Statement::Delete(id));
                }
            }
        }
        tx
    }

    async fn transact(&mut self) {
        let statements = self.statements();
        self.server.transact(&self.table, statements).await;
    }

    fn fault(&mut self) {
        let on =
            [RequestKind::Initial, RequestKind::CatchUp, RequestKind::LongPoll, RequestKind::Sse][self.chance.below(4)];
        let at = |chance: &mut Chance| match chance.below(4) {
            0 => Spot::Byte(chance.below(600)),
            1 => Spot::Frame(chance.below(4)),
            2 => Spot::Between(chance.below(4)),
            _ => Spot::Character,
        };
        let kind = match self.chance.below(16) {
            0 => FaultKind::HangUp,
            1 => FaultKind::Delay { ms: 30 },
            2..5 => FaultKind::Cut { at: at(&mut self.chance) },
            5 => FaultKind::Stall { at: at(&mut self.chance) },
            6 => FaultKind::Split { bytes: 1 + self.chance.below(7), pause_ms: 0 },
            7 | 8 => FaultKind::Replay { back: 1 + self.chance.below(2) },
            9 => FaultKind::BufferSse,
            10 => FaultKind::SseAsJson,
            11 => {
                FaultKind::Status { status: [429, 500, 502, 503][self.chance.below(4)], retry_after: None, body: None }
            }
            12 => FaultKind::Conflict { handle: None },
            13 => FaultKind::Truncate { bytes: self.chance.below(300) },
            14 => FaultKind::Html,
            _ => FaultKind::MustRefetch { after: self.chance.below(3) },
        };
        let fault = Fault::new(kind).on(on).times(1 + self.chance.below(2) as u32);
        self.server.fault(fault);
    }

    async fn start(&mut self) {
        let (pace, silence) = (self.server.pace(), self.server.silence());
        let shape = Electric::shape(self.server.url()).table(&self.table).pace(pace).silence(silence);
        let shape = if self.streams { shape } else { shape.long_polling() };
        let shape =
            if self.seed.is_multiple_of(3) { shape.most_in_memory(self.seed as usize % 7 * 100) } else { shape };
        self.sync = Some(self.db.items.sync_electric(shape).await.expect("a sync"));
    }

    async fn pause(&mut self) {
        tokio::time::sleep(Duration::from_millis(self.chance.below(25) as u64)).await;
        self.db.items.count().await.expect("a count");
    }

    async fn run(&mut self) {
        for _ in 0..self.chance.below(30) {
            self.transact().await;
        }
        self.start().await;
        for _ in 0..40 {
            match self.chance.below(10) {
                0..5 => self.transact().await,
                5 | 6 => self.fault(),
                7 => {
                    self.sync = None;
                    self.pause().await;
                    if self.chance.once_in(2) {
                        self.db.close();
                        self.db = builder::<Shop>(&format!("soak {}", self.seed)).build();
                    }
                    self.start().await;
                }
                8 if self.chance.once_in(4) => self.server.rotate(),
                8 if self.chance.once_in(4) => self.server.restart(),
                _ => self.pause().await,
            }
        }
        self.server.clear_faults();
        let last = json!({"id": 1_000_000, "code": "last", "name": "", "tags": "{}"});
        let txid = self.server.transact(&self.table, vec![Statement::Insert(last)]).await;
        let sync = self.sync.as_ref().expect("it runs");
        let came = tokio::time::timeout(Duration::from_mins(5), sync.await_txid(txid)).await;
        let seed = self.seed;
        match came {
            Ok(Ok(())) => {}
            other => {
                for request in self.server.last_requests() {
                    eprintln!("{request}");
                }
                panic!("seed {seed}: {other:?}, {:?}", sync.status());
            }
        }
        let ours = self.db.items.to_vec().await.expect("our rows");
        let ours: BTreeMap<i32, Value> = ours.into_iter().map(|item| (item.id, json!(item))).collect();
        let theirs = self.server.rows(&self.table).await;
        let theirs: BTreeMap<i32, Value> = theirs.into_iter().map(|(id, row)| (id, typed(id, &row))).collect();
        assert_eq!(ours, theirs, "seed {seed}");
    }
}

/// A row of the server's as the record has it.
fn typed(id: i32, row: &Map<String, Value>) -> Value {
    let text = |name: &str| row[name].as_str();
    let tags = match text("tags") {
        Some("{}") => json!([]),
        _ => json!(["a", "b,c", Value::Null]),
    };
    let amount = text("amount").map(|digits| digits.parse::<i64>().expect("a number"));
    let done = text("done").map(|word| matches!(word, "true" | "t"));
    json!({"id": id, "code": text("code"), "name": text("name"), "amount": amount, "done": done, "tags": tags})
}

#[tokio::test]
async fn both_have_the_same_table_in_the_end() {
    let of = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match of("SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..of("SEEDS").unwrap_or(40) + 1,
    };
    for seed in seeds {
        Soak::new(seed).await.run().await;
    }
}
