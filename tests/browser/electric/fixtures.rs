//! Records and databases of this suite.

use indexie::prelude::*;
use indexie::{ElectricSync, SyncStatus};
use indexie_tests::fresh;
use serde::{Deserialize, Serialize};

use crate::script::Script;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name")]
pub struct User {
    pub id: i32,
    pub name: String,
    pub age: Option<i64>,
    pub active: Option<bool>,
}

schema! {
    /// A database of users that a server has.
    pub struct Users("electric_users");

    version 1 {
        users: User,
    }
}

/// So long what is bound to come may take, on any machine.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_mins(2);

/// A user as the snapshot has him.
pub fn of_snapshot(id: i32, name: &str) -> User {
    User { id, name: name.into(), age: Some(30), active: Some(true) }
}

/// A user as the log inserts him.
pub fn of_log(id: i32, name: &str) -> User {
    User { id, name: name.into(), age: Some(5), active: Some(true) }
}

pub async fn database(name: &str) -> Users {
    fresh(name).await
}

pub async fn rows(db: &Users) -> Vec<User> {
    db.users.to_vec().await.expect("the table is read")
}

pub async fn names(db: &Users) -> Vec<(i32, String)> {
    rows(db).await.into_iter().map(|user| (user.id, user.name)).collect()
}

/// Syncs the users with a script.
pub async fn sync(db: &Users, script: &Script) -> ElectricSync {
    db.users.sync_electric(script.shape()).await.expect("a sync")
}

/// Lets the sync go on until something is so.
pub async fn until(db: &Users, what: &str, done: impl Fn() -> bool) {
    until_of(&db.users, what, done).await;
}

/// The same with any table.
pub async fn until_of<T: Store>(table: &Table<T>, what: &str, done: impl Fn() -> bool) {
    for _ in 0..50_000 {
        if done() {
            return;
        }
        table.count().await.expect("the table is read");
        #[cfg(not(target_family = "wasm"))]
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("{what}: never");
}

/// Lets it go on until so many requests have been made.
pub async fn asked(db: &Users, script: &Script, count: usize) {
    until(db, &format!("{count} requests; there were {:?}", script.queries()), || script.asked() >= count).await;
}

pub fn is_live(sync: &ElectricSync) -> bool {
    matches!(sync.status(), SyncStatus::Live)
}

/// Syncs the users with a script until they are up to date.
pub async fn synced(db: &Users, script: &Script) -> ElectricSync {
    let sync = sync(db, script).await;
    sync.up_to_date().await.expect("it is up to date");
    sync
}

/// What is stored of how far the table is, as the next program asks for it. The one before is to be dropped first.
pub async fn place(db: &Users) -> String {
    let script = Script::default();
    let _sync = sync(db, &script).await;
    asked(db, &script, 1).await;
    script.query(0)
}

/// Lets it go on until the users have these names.
pub async fn named(db: &Users, expected: &[(i32, &str)]) {
    let expected: Vec<(i32, String)> = expected.iter().map(|(id, name)| (*id, (*name).to_owned())).collect();
    for _ in 0..50_000 {
        if names(db).await == expected {
            return;
        }
        #[cfg(not(target_family = "wasm"))]
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("the users are {:?}, and not {expected:?}", names(db).await);
}

/// Lets it go on until it has failed for good; answers why.
pub async fn failed(db: &Users, sync: &ElectricSync) -> Error {
    until(db, "it fails", || matches!(sync.status(), SyncStatus::Failed { .. })).await;
    match sync.status() {
        SyncStatus::Failed { error } => error,
        other => panic!("{other:?}"),
    }
}
