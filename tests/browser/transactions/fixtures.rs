//! A small bank: the tables and rows that the cases of this suite share.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

pub use indexie_tests::fresh;

/// The app gives the key, and each owner has one account.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, &owner, balance, *tags")]
pub struct Account {
    pub id: u32,
    pub owner: String,
    pub balance: i32,
    pub tags: Vec<String>,
}

/// The browser gives the key.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, account")]
pub struct Entry {
    pub id: u32,
    pub account: u32,
    pub amount: i32,
}

/// The key is outside of the row.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("", key = String)]
pub struct Note {
    pub text: String,
}

/// The key is a number that need not be one.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("above")]
pub struct Rate {
    pub above: f64,
    pub percent: u32,
}

schema! {
    /// Accounts, and what happened to them.
    pub struct Bank("bank");

    version 1 {
        accounts: Account,
        entries: Entry,
        notes: Note,
        rates: Rate,
    }
}

/// A table by its name, whatever its rows are.
#[cfg(not(target_family = "wasm"))]
pub fn loose(database: &str, table: &str) -> indexie_tests::loose::Loose {
    use indexie_tests::loose::Loose;

    let db = Bank::builder().name(database).build();
    match table {
        "accounts" => Loose::of::<Account>(&db, table),
        other => panic!("`{other}` is not one of the tables that are looked into"),
    }
}

pub fn account(id: u32, owner: &str, balance: i32) -> Account {
    Account { id, owner: owner.into(), balance, tags: vec![format!("{owner}'s"), "all".into()] }
}

pub fn entry(account: u32, amount: i32) -> NewEntry {
    NewEntry { account, amount }
}

pub fn note(text: &str) -> Note {
    Note { text: text.into() }
}

/// Ann has 100, Bob 50, Cid nothing.
pub fn accounts() -> [Account; 3] {
    [account(1, "Ann", 100), account(2, "Bob", 50), account(3, "Cid", 0)]
}

/// A bank with [`accounts`], an entry for each of them that is not empty, and a note.
pub async fn bank(name: &str) -> Result<Bank> {
    let db: Bank = fresh(name).await;
    db.accounts.bulk_add(&accounts()).await?;
    db.entries.bulk_add(&[entry(1, 100), entry(2, 50)]).await?;
    db.notes.add_with_key(&note("open"), "door").await?;
    Ok(db)
}

/// All rows of all tables, and what their indexes say.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    accounts: Vec<Account>,
    owners: Vec<String>,
    balances: Vec<i32>,
    tags: Vec<String>,
    entries: Vec<Entry>,
    of_accounts: Vec<u32>,
    notes: Vec<(String, Note)>,
}

pub async fn contents(db: &Bank) -> Result<Contents> {
    Ok(Contents {
        accounts: db.accounts.to_vec().await?,
        owners: db.accounts.order_by(|a| a.owner).keys().await?,
        balances: db.accounts.order_by(|a| a.balance).keys().await?,
        tags: db.accounts.order_by(|a| a.tags).keys().await?,
        entries: db.entries.to_vec().await?,
        of_accounts: db.entries.order_by(|e| e.account).keys().await?,
        notes: db.notes.entries().await?,
    })
}

/// An error of the app's, to fail a body with.
pub fn enough() -> Error {
    Error::user("enough")
}

pub fn is_enough<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::User(error)) if error.to_string() == "enough")
}
