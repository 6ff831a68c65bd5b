//! What a transaction is over: one table, several, or all of them.

use indexie::prelude::*;
use indexie::{ReadWrite, Tables};
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Bank, account, accounts, bank, contents, enough, entry, fresh, is_enough, note};

#[wasm_bindgen_test]
async fn all_tables_are_a_scope() -> Result<()> {
    let db = bank("scopes all").await?;
    let id = db
        .transaction(Mode::ReadWrite, db.all(), async |tables| {
            tables.accounts.update(1, |a| a.balance -= 30).await?;
            tables.notes.put_with_key(&note("shut"), "door").await?;
            tables.entries.add(&entry(1, -30)).await
        })
        .await?;
    assert_eq!(id, 3);
    assert_eq!(db.accounts.get(1).await?.map(|a| a.balance), Some(70));
    assert_eq!(db.notes.get("door").await?, Some(note("shut")));
    Ok(())
}

#[wasm_bindgen_test]
async fn all_tables_are_rolled_back_together() -> Result<()> {
    let db = bank("scopes all back").await?;
    let before = contents(&db).await?;
    let failed = db
        .transaction(Mode::ReadWrite, db.all(), async |tables| {
            tables.accounts.clear().await?;
            tables.entries.clear().await?;
            tables.notes.clear().await?;
            Err::<(), _>(enough())
        })
        .await;
    assert!(is_enough(&failed), "{failed:?}");
    assert_eq!(contents(&db).await?, before);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_handles_of_all_tables_have_a_name() -> Result<()> {
    async fn pay(tables: &Tables<Bank, ReadWrite>, from: u32, to: u32, amount: i32) -> Result<()> {
        tables.accounts.update(from, move |a| a.balance -= amount).await?;
        tables.accounts.update(to, move |a| a.balance += amount).await?;
        tables.entries.bulk_add(&[entry(from, -amount), entry(to, amount)]).await?;
        Ok(())
    }
    let db = bank("scopes named").await?;
    db.transaction(Mode::ReadWrite, db.all(), async |tables| {
        pay(&tables, 1, 2, 10).await?;
        pay(&tables, 2, 3, 60).await
    })
    .await?;
    let balances: Vec<i32> = db.accounts.to_vec().await?.iter().map(|a| a.balance).collect();
    assert_eq!(balances, [90, 0, 60]);
    assert_eq!(db.entries.count().await?, 6);
    Ok(())
}

#[wasm_bindgen_test]
async fn all_tables_can_be_read_together() -> Result<()> {
    let db = bank("scopes read").await?;
    let counts = db
        .transaction(Mode::Read, db.all(), async |tables| {
            Ok((tables.accounts.count().await?, tables.entries.count().await?, tables.notes.count().await?))
        })
        .await?;
    assert_eq!(counts, (3, 2, 1));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_over_all_tables_has_savepoints() -> Result<()> {
    let db = bank("scopes savepoint").await?;
    let before = contents(&db).await?;
    db.transaction(Mode::ReadWrite, db.all(), async |tables| {
        let tx = tables.accounts.transaction();
        let failed = tx
            .savepoint(async || {
                tables.entries.clear().await?;
                tables.notes.clear().await?;
                Err::<(), _>(enough())
            })
            .await;
        assert!(is_enough(&failed), "{failed:?}");
        Ok(())
    })
    .await?;
    assert_eq!(contents(&db).await?, before);
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
pub struct Row {
    pub id: u32,
}

schema! {
    /// As many tables as a tuple holds, and one more.
    pub struct Many("many");

    version 1 {
        t01: Row, t02: Row, t03: Row, t04: Row, t05: Row, t06: Row, t07: Row, t08: Row, t09: Row, t10: Row, t11: Row,
        t12: Row, t13: Row, gone: "id",
    }
    version 2 { gone: drop }
}

#[wasm_bindgen_test]
async fn a_tuple_holds_twelve_tables() -> Result<()> {
    let db: Many = fresh("scopes twelve").await;
    let scope =
        (&db.t01, &db.t02, &db.t03, &db.t04, &db.t05, &db.t06, &db.t07, &db.t08, &db.t09, &db.t10, &db.t11, &db.t12);
    db.transaction(Mode::ReadWrite, scope, async |(a, b, c, d, e, f, g, h, i, j, k, l)| {
        for table in [&a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k, &l] {
            table.add(&Row { id: 1 }).await?;
        }
        l.add(&Row { id: 2 }).await
    })
    .await?;
    assert_eq!(db.t01.count().await?, 1);
    assert_eq!(db.t12.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn all_tables_may_be_more_than_twelve() -> Result<()> {
    let db: Many = fresh("scopes thirteen").await;
    db.transaction(Mode::ReadWrite, db.all(), async |tables| {
        tables.t01.add(&Row { id: 1 }).await?;
        tables.t13.add(&Row { id: 13 }).await
    })
    .await?;
    assert_eq!(db.t13.primary_keys().await?, [13]);
    Ok(())
}

#[wasm_bindgen_test]
async fn all_tables_of_another_database_object_are_refused() -> Result<()> {
    let db = bank("scopes of one").await?;
    let other: Bank = fresh("scopes of another").await;
    let refused = db.transaction(Mode::ReadWrite, other.all(), async |tables| tables.accounts.clear().await).await;
    assert!(matches!(&refused, Err(Error::InvalidArgument { .. })), "{refused:?}");
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

schema! {
    /// All its tables are gone.
    pub struct Empty("empty");

    version 1 { gone: "id", left: Row }
    version 2 { gone: drop, left: drop }
}

#[wasm_bindgen_test]
async fn a_scope_without_tables_is_refused() -> Result<()> {
    let db: Empty = fresh("scopes empty").await;
    let refused = db.transaction(Mode::Read, db.all(), async |_| Ok(())).await;
    assert!(matches!(&refused, Err(Error::InvalidArgument { message }) if message.contains("no table")), "{refused:?}");
    Ok(())
}

// Case 213.
#[wasm_bindgen_test]
async fn a_table_by_its_name_can_be_in_a_scope_and_is_unbound_itself() -> Result<()> {
    let db = bank("scopes by name").await?;
    let by_name = db.table::<crate::fixtures::Account>("accounts")?;
    let unbound = by_name.clone();
    db.transaction(Mode::ReadWrite, &by_name, async move |accounts| {
        let refused = unbound.count().await;
        assert!(matches!(&refused, Err(Error::OutsideTransaction { .. })), "{refused:?}");
        accounts.add(&account(4, "Dan", 1)).await
    })
    .await?;
    assert_eq!(db.accounts.count().await?, 4);
    Ok(())
}
