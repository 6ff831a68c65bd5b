//! Live queries in a tab: some that are chosen at random are kept, with what they have given last, and compared with fresh ones.

use std::cell::RefCell;
use std::rc::Rc;

use indexie::prelude::*;
use indexie::{Builder, Subscription};
use serde_json::{Value, json};

use crate::change::change;
use crate::programs::{Chance, Program, Thing, Things, things};

thread_local!(static WATCHED: RefCell<Vec<Watched>> = const { RefCell::new(Vec::new()) });

/// A query, and what its live forms have given.
struct Watched {
    query: Query<Thing>,
    rows: Rc<RefCell<Given<Vec<Rc<Thing>>>>>,
    count: Rc<RefCell<Given<usize>>>,
    _subscriptions: [Subscription; 2],
}

#[derive(Default)]
struct Given<R> {
    last: R,
    items: u32,
    errors: Vec<String>,
}

impl<R> Given<R> {
    fn take(&mut self, item: Result<R>) {
        match item {
            Ok(item) => {
                self.last = item;
                self.items += 1;
            }
            Err(error) => self.errors.push(format!("{error:?}")),
        }
    }
}

fn open(name: &str) -> Things {
    Builder::new().name(name).build()
}

/// Fills a database.
pub async fn fill(name: &str) -> Result<Value> {
    open(name).things.bulk_put(&things(&mut Chance(1))).await?;
    Ok(Value::Null)
}

/// Begins to watch some queries.
pub fn watch(name: &str, seed: u64) -> Value {
    let (db, mut chance) = (open(name), Chance(seed));
    let watched = (0..8).map(|_| {
        let query = Program::random(&mut chance).ask(&db.things);
        let (rows, count) = (Rc::new(RefCell::new(Given::default())), Rc::new(RefCell::new(Given::default())));
        let (into_rows, into_count) = (rows.clone(), count.clone());
        let subscriptions = [
            query.live().subscribe(move |item| into_rows.borrow_mut().take(item)),
            query.count().live().subscribe(move |item| into_count.borrow_mut().take(item)),
        ];
        Watched { query, rows, count, _subscriptions: subscriptions }
    });
    WATCHED.set(watched.collect());
    Value::Null
}

/// Makes so many random changes.
pub async fn make_changes(name: &str, seed: u64, count: u32) -> Result<Value> {
    let (db, mut chance) = (open(name), Chance(seed));
    for _ in 0..count {
        change(&db, &mut chance).await?;
    }
    Ok(Value::Null)
}

/// Adds many rows in many transactions.
pub async fn import(name: &str, transactions: u32, rows: u32) -> Result<Value> {
    let db = open(name);
    for at in 0..transactions {
        let from = 1_000 + at * rows;
        let new: Vec<Thing> = (from..from + rows)
            .map(|id| Thing {
                id,
                name: "Imported".into(),
                age: Some(id % 7),
                tags: vec!["a".into()],
                flag: true,
                score: 1,
            })
            .collect();
        db.things.bulk_add(&new).await?;
    }
    Ok(Value::Null)
}

/// What differs from fresh queries, and the errors there were.
pub async fn compare() -> Result<Value> {
    let queries = WATCHED.with_borrow(|all| all.iter().map(|watched| watched.query.clone()).collect::<Vec<_>>());
    let mut differences = Vec::new();
    for (at, query) in queries.iter().enumerate() {
        let expected = query.to_vec().await?;
        WATCHED.with_borrow(|all| {
            let watched = &all[at];
            let (rows, count) = (watched.rows.borrow(), watched.count.borrow());
            if !rows.last.iter().map(|row| &**row).eq(&expected) {
                let ids = |rows: Vec<u32>| format!("{rows:?}");
                differences.push(format!(
                    "{}: {}, and not {}",
                    query.explain(),
                    ids(rows.last.iter().map(|row| row.id).collect()),
                    ids(expected.iter().map(|row| row.id).collect()),
                ));
            }
            if count.last != expected.len() {
                differences.push(format!("{}: counts {}, and not {}", query.explain(), count.last, expected.len()));
            }
            differences.extend(rows.errors.iter().chain(&count.errors).cloned());
        });
    }
    Ok(json!(differences))
}

/// How many items each query has given.
pub fn items() -> Value {
    let items = |watched: &Watched| watched.rows.borrow().items.max(watched.count.borrow().items);
    WATCHED.with_borrow(|all| json!(all.iter().map(items).collect::<Vec<_>>()))
}
