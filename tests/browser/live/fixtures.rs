//! The tables that the cases of this suite share, and ways to look at a stream.

use std::fmt::Debug;
use std::rc::Rc;

use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use indexie::prelude::*;
use serde::{Deserialize, Serialize};

pub use indexie_tests::fresh;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name, age, *tags, &email")]
pub struct Friend {
    pub id: u32,
    pub name: String,
    pub age: Option<u32>,
    pub tags: Vec<String>,
    pub email: Option<String>,
}

/// The key is outside of the row.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("", key = String)]
pub struct Note {
    pub text: String,
}

/// The browser gives the key.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, title", new(derive(Clone, Debug)))]
pub struct Todo {
    pub id: u32,
    pub title: String,
}

schema! {
    pub struct Friends("friends");

    version 1 {
        friends: Friend,
        rivals: Friend,
        notes: Note,
        todos: Todo,
    }
}

pub fn friend(id: u32, name: &str, age: u32) -> Friend {
    Friend { id, name: name.into(), age: Some(age), tags: Vec::new(), email: None }
}

/// Ann (1, 20), Bob (2, 30), Cid (3, 40).
pub fn three() -> Vec<Friend> {
    vec![friend(1, "Ann", 20), friend(2, "Bob", 30), friend(3, "Cid", 40)]
}

pub async fn with_three(name: &str) -> Result<Friends> {
    let db: Friends = fresh(name).await;
    db.friends.bulk_add(&three()).await?;
    Ok(db)
}

/// The next item.
pub async fn next<S: Stream<Item = Result<R>> + Unpin, R>(stream: &mut S) -> R {
    stream.next().await.expect("it does not end").expect("a result")
}

/// The next item, if there is one before so much else has been done that it would have come.
pub async fn soon<S: Stream<Item = Result<R>> + Unpin, R>(db: &Friends, stream: &mut S) -> Option<Result<R>> {
    let busy = Box::pin(async {
        // As many transactions as a query needs to be read again, and more.
        for _ in 0..4 {
            let counted = db.transaction(Mode::Read, &db.friends, async |friends| friends.count().await);
            counted.await.expect("a count");
        }
    });
    match select(stream.next(), busy).await {
        Either::Left((item, _)) => item,
        Either::Right(_) => None,
    }
}

#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "called with what has just come, or has not")]
pub fn assert_quiet<R: Debug>(item: Option<Result<R>>) {
    assert!(item.is_none(), "nothing that it shows has changed: {item:?}");
}

pub fn ids(rows: &[Rc<Friend>]) -> Vec<u32> {
    rows.iter().map(|row| row.id).collect()
}

pub fn names(rows: &[Rc<Friend>]) -> Vec<&str> {
    rows.iter().map(|row| row.name.as_str()).collect()
}

/// A table of a database in this thread's memory, whatever rows it holds.
#[cfg(not(target_family = "wasm"))]
pub fn loose(database: &str, table: &str) -> indexie_tests::loose::Loose {
    let db: Friends = indexie_tests::builder(database).build();
    match table {
        "friends" => indexie_tests::loose::Loose::of::<Friend>(&db, table),
        "todos" => indexie_tests::loose::Loose::of::<Todo>(&db, table),
        _ => indexie_tests::loose::Loose::of::<Note>(&db, table),
    }
}
