//! What transactions do to tables, seen through commits.

use serde_json::json;

use super::table::Column;
use super::*;

fn users() -> Database {
    let mut db = Database::new();
    db.create_table(TableSpec::new("users").key("id", "int4").column("name", "text").column("active", "bool")).unwrap();
    db
}

fn commit(db: &mut Database, record: impl FnOnce(&mut Transaction)) -> Result<Commit, String> {
    let mut transaction = Transaction::default();
    record(&mut transaction);
    db.commit(transaction)
}

#[test]
fn a_commit_tells_each_row_before_and_after() {
    let mut db = users();
    let commit = commit(&mut db, |tx| {
        tx.insert("users", json!({"id": 1, "name": "Ann", "active": true}));
        tx.update("users", json!({"id": 1}), json!({"name": null}));
        tx.delete("users", json!({"id": 1}));
    })
    .unwrap();

    assert_eq!((commit.lsn, commit.txid), (FIRST_LSN + 136, FIRST_TXID));
    assert_eq!(commit.changes.iter().map(|change| change.position).collect::<Vec<_>>(), [0, 2, 4]);
    let update = &commit.changes[1];
    assert_eq!(update.old.as_ref().unwrap()["name"].as_deref(), Some("Ann"));
    assert_eq!(update.new.as_ref().unwrap()["name"], None);
    assert_eq!(update.new.as_ref().unwrap()["active"].as_deref(), Some("t"));
    assert!(db.rows("users").unwrap().is_empty());
}

#[test]
fn a_transaction_that_fails_changes_nothing() {
    let mut db = users();
    let failed = commit(&mut db, |tx| {
        tx.insert("users", json!({"id": 1}));
        tx.insert("users", json!({"id": 1}));
    });
    assert!(failed.unwrap_err().contains("duplicate key"));
    assert!(db.rows("users").unwrap().is_empty());
    assert_eq!(db.lsn(), FIRST_LSN);
}

#[test]
fn a_dropped_table_is_found_until_it_is_swept() {
    let mut db = users();
    commit(&mut db, |tx| {
        tx.drop_table("users");
    })
    .unwrap();
    let name = TableName::parse("users").unwrap();
    assert!(db.rows("users").is_err());
    assert!(db.table(&name).is_some());
    assert_eq!(db.sweep(Instant::now()).len(), 1);
    assert!(db.table(&name).is_none());
}

#[test]
fn a_column_comes_with_nulls_and_goes_with_its_values() {
    let mut db = users();
    commit(&mut db, |tx| {
        tx.insert("users", json!({"id": 1, "name": "Ann"}));
        tx.add_column("users", Column::new("extra", "int4"));
        tx.drop_column("users", "name");
    })
    .unwrap();
    assert_eq!(json!(db.rows("users").unwrap()), json!([{"active": null, "extra": null, "id": "1"}]));
}

#[test]
fn rows_are_put_back_where_they_were() {
    let mut db = users();
    commit(&mut db, |tx| {
        for id in 1..=3 {
            tx.insert("users", json!({"id": id, "name": "old"}));
        }
    })
    .unwrap();
    let before = json!(db.rows("users").unwrap());
    for schema_too in [false, true] {
        let failed = commit(&mut db, |tx| {
            tx.update("users", json!({"id": 1}), json!({"id": 9, "name": "new"}));
            tx.delete("users", json!({"id": 2}));
            tx.insert("users", json!({"id": 2, "name": "other"}));
            if schema_too {
                tx.add_column("users", Column::new("extra", "int4"));
            }
            tx.update("users", json!({"id": 3}), json!({"id": 9}));
        });
        assert!(failed.is_err());
        assert_eq!(json!(db.rows("users").unwrap()), before);
    }
    // The keys are as they were, too.
    commit(&mut db, |tx| {
        tx.insert("users", json!({"id": 9}));
        tx.delete("users", json!({"id": 1}));
    })
    .unwrap();
}
