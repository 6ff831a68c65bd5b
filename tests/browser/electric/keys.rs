//! Which row a message is about: primary keys of several columns, none at all, and names that are written in two ways.

use indexie::prelude::*;
use indexie::{Replica, SyncError, SyncStatus};
use indexie_tests::{fresh, wasm_bindgen_test};
use serde::{Deserialize, Serialize};

use crate::script::{H1, SNAPSHOT_END, Script, UP_TO_DATE, message, page, polled, with_columns, with_old};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("[tenant+no]")]
pub struct Order {
    pub no: i32,
    pub note: Option<String>,
    pub tenant: String,
}

/// Of a table without a primary key: under the server's name for it.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("", key = String)]
pub struct Entry {
    pub a: Option<i32>,
    pub b: Option<String>,
    pub c: String,
}

schema! {
    pub struct Keys("electric_keys");

    version 1 {
        orders: Order,
        entries: Entry,
    }
}

/// Under a key that is not the server's.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("email")]
pub struct Account {
    pub email: String,
    pub id: i32,
    pub name: String,
}

schema! {
    pub struct Accounts("electric_accounts");

    version 1 {
        accounts: Account,
    }
}

const ACCOUNTS: &str = r#"{"email":{"type":"text","not_null":true},"id":{"type":"int4","not_null":true,"pk_index":0},"name":{"type":"text","not_null":true}}"#;
const ORDERS: &str = r#"{"no":{"type":"int4","not_null":true,"pk_index":1},"note":{"type":"text"},"tenant":{"type":"text","not_null":true,"pk_index":0}}"#;
const ENTRIES: &str = r#"{"a":{"type":"int4"},"b":{"type":"text"},"c":{"type":"text"}}"#;

/// A snapshot of rows, and then a transaction.
fn script(schema: &str, rows: &[String], log: &[String]) -> Script {
    let first: Vec<&str> = rows.iter().map(String::as_str).chain([SNAPSHOT_END]).collect();
    let log: Vec<&str> = log.iter().map(String::as_str).chain([UP_TO_DATE]).collect();
    Script::default()
        .then(with_columns(page(H1, "0_0", &first), schema))
        .then(with_columns(page(H1, "0_inf", &[UP_TO_DATE]), schema))
        .then(polled(H1, "100_10", "1", &log))
}

fn at(operation: u64) -> String {
    format!(r#","lsn":"100","txids":[7],"op_position":{operation}"#)
}

fn order(tenant: &str, no: i32, note: Option<&str>) -> Order {
    Order { no, note: note.map(Into::into), tenant: tenant.into() }
}

/// V41.
#[wasm_bindgen_test]
async fn a_key_of_several_columns_is_made_of_them_and_not_of_its_name() {
    let db: Keys = fresh("electric_keys_compound").await;
    let rows = [
        message("insert", r#""public"."orders"/"a//b"/"1""#, r#"{"no":"1","note":"x","tenant":"a/b"}"#, ""),
        message("insert", r#""public"."orders"/"q"t"/"2""#, r#"{"no":"2","note":null,"tenant":"q\"t"}"#, ""),
        message("insert", r#""public"."orders"/"a"/"10""#, r#"{"no":"10","note":null,"tenant":"a"}"#, ""),
    ];
    let log = [
        message("update", r#""public"."orders"/"a//b"/"1""#, r#"{"no":"1","note":"y","tenant":"a/b"}"#, &at(0)),
        message("delete", r#""public"."orders"/"a"/"10""#, r#"{"no":"10","tenant":"a"}"#, &at(2)),
    ];
    let script = script(ORDERS, &rows, &log);
    let sync = db.orders.sync_electric(script.shape_of("orders")).await.expect("a sync");
    sync.await_txid(7).await.expect("it comes");
    let rows = db.orders.to_vec().await.expect("the rows");
    assert_eq!(rows, [order("a/b", 1, Some("y")), order("q\"t", 2, None)]);
    assert_eq!(db.orders.get(("q\"t".to_owned(), 2)).await.expect("a row"), Some(order("q\"t", 2, None)));
}

/// Rule 9: the snapshot and the log call the same row by different names.
#[wasm_bindgen_test]
async fn a_row_is_the_same_by_either_of_its_names() {
    let db: Keys = fresh("electric_keys_names").await;
    let columns = r#"{"no":"1","note":"x","tenant":"a"}"#;
    let rows = [message("insert", r#""s.x"."t/y"/"a"/"1""#, columns, "")];
    let log = [message("delete", r#""s..x"."t//y"/"a"/"1""#, r#"{"no":"1","tenant":"a"}"#, &at(0))];
    let script = script(ORDERS, &rows, &log);
    let sync = db.orders.sync_electric(script.shape_of("\"s.x\".\"t/y\"")).await.expect("a sync");
    sync.await_txid(7).await.expect("it comes");
    assert_eq!(db.orders.to_vec().await.expect("the rows"), []);
}

/// V42: without a primary key, the name is the key; null is a part of it.
#[wasm_bindgen_test]
async fn rows_without_a_primary_key_are_told_apart_by_their_names() {
    let db: Keys = fresh("electric_keys_none").await;
    let names = [r#""public"."nopk"/"1"/_/"""#, r#""public"."nopk"/"1"/"_"/"""#, r#""public"."nopk"/_/_/"x""#];
    let values = [r#"{"a":"1","b":null,"c":""}"#, r#"{"a":"1","b":"_","c":""}"#, r#"{"a":null,"b":null,"c":"x"}"#];
    let rows: Vec<String> = names.iter().zip(values).map(|(name, value)| message("insert", name, value, "")).collect();
    let log = [message("delete", names[1], values[1], &at(0))];
    let script = script(ENTRIES, &rows, &log);
    let sync = db.entries.sync_electric(script.shape_of("nopk")).await.expect("a sync");
    sync.await_txid(7).await.expect("it comes");
    let mut keys = db.entries.primary_keys().await.expect("the keys");
    keys.sort();
    assert_eq!(keys, [names[0], names[2]]);
    let row = db.entries.get(names[2]).await.expect("a row");
    assert_eq!(row, Some(Entry { a: None, b: None, c: "x".into() }));
}

/// V43: the columns of the table's key are not those that the server sends of a deleted row.
#[wasm_bindgen_test]
async fn a_key_that_did_not_come_stops_the_sync() {
    let db: Keys = fresh("electric_keys_missing").await;
    let rows = [message("insert", "k", r#"{"no":"1","note":"x","tenant":"a"}"#, "")];
    let log = [message("delete", "k", r#"{"no":"1"}"#, &at(0))];
    let script = script(ORDERS, &rows, &log);
    let shape = script.shape_of("orders").replica(Replica::Default);
    let sync = db.orders.sync_electric(shape).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    let error = loop {
        match sync.status() {
            SyncStatus::Failed { error } => break error,
            _ => db.orders.count().await.expect("a count"),
        };
    };
    assert!(
        matches!(&error, Error::Sync { table, reason: SyncError::Protocol { .. } } if table == "orders"),
        "{error}"
    );
    assert!(error.to_string().contains("primary key (tenant, no)"), "{error}");
    assert_eq!(db.orders.count().await.expect("a count"), 1);
}

fn account(id: i32, email: &str, name: &str) -> Account {
    Account { email: email.into(), id, name: name.into() }
}

/// What the server sends of an account, with `replica=full`: all columns, and what those were before that have changed.
fn account_change(operation: &str, account: &Account, before: &str, place: u64) -> String {
    let Account { email, id, name } = account;
    let columns = format!(r#"{{"email":"{email}","id":"{id}","name":"{name}"}}"#);
    let key = format!(r#""public"."accounts"/"{id}""#);
    let more = if operation == "insert" { String::new() } else { at(place) };
    with_old(&message(operation, &key, &columns, &more), before)
}

/// V30: A gets another address, and B gets the one that A has had. X and Y, for whom the database looks only in the end whether
/// addresses are unique, exchange theirs.
fn addresses_change() -> [String; 6] {
    [
        account_change("update", &account(1, "c", "A"), r#"{"email":"a"}"#, 0),
        account_change("update", &account(2, "a", "B"), r#"{"email":"b"}"#, 2),
        account_change("update", &account(1, "d", "A"), r#"{"email":"c"}"#, 4),
        account_change("update", &account(3, "e", "E"), r#"{"name":"_"}"#, 6),
        account_change("update", &account(4, "y", "X"), r#"{"email":"x"}"#, 8),
        account_change("update", &account(5, "x", "Y"), r#"{"email":"y"}"#, 10),
    ]
}

fn accounts() -> [String; 5] {
    [account(1, "a", "A"), account(2, "b", "B"), account(3, "e", "_"), account(4, "x", "X"), account(5, "y", "Y")]
        .map(|account| account_change("insert", &account, "{}", 0))
}

fn with_other_addresses() -> [Account; 5] {
    [account(2, "a", "B"), account(1, "d", "A"), account(3, "e", "E"), account(5, "x", "Y"), account(4, "y", "X")]
}

#[wasm_bindgen_test]
async fn a_row_whose_own_key_changes_is_not_there_twice() {
    let db: Accounts = fresh("electric_keys_changed").await;
    let script = script(ACCOUNTS, &accounts(), &addresses_change());
    let shape = script.shape_of("accounts").replica(Replica::Full);
    let sync = db.accounts.sync_electric(shape).await.expect("a sync");
    sync.await_txid(7).await.expect("it comes");
    assert_eq!(db.accounts.to_vec().await.expect("the rows"), with_other_addresses());
}

/// Changes that wait for others in the database are the same.
#[wasm_bindgen_test]
async fn a_row_whose_own_key_changes_in_a_part_that_is_put_aside_is_not_there_twice() {
    let db: Accounts = fresh("electric_keys_changed_staged").await;
    let [first, second, third, fourth, fifth, sixth] = addresses_change();
    let parts = [
        ("0_0", accounts().to_vec()),
        ("0_inf", vec![UP_TO_DATE.into()]),
        // Of who has been away for long.
        ("100_2", vec![first, second]),
        ("100_4", vec![third]),
        ("100_10", vec![fourth, fifth, sixth, UP_TO_DATE.into()]),
    ];
    let script =
        Script::default().answers(parts.map(|(offset, messages)| with_columns(page(H1, offset, &messages), ACCOUNTS)));
    let shape = script.shape_of("accounts").replica(Replica::Full).most_in_memory(0);
    let sync = db.accounts.sync_electric(shape).await.expect("a sync");
    sync.await_txid(7).await.expect("it comes");
    assert_eq!(db.accounts.to_vec().await.expect("the rows"), with_other_addresses());
}
