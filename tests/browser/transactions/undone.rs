//! Every way of writing, undone by a savepoint: the rows, their indexes, and what only JavaScript knows of them.

use indexie::ReadWrite;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Account, Bank, Entry, Note, account, bank, contents, enough, entry, is_enough, note};
use crate::plain;

type Handles = (Table<Account, ReadWrite>, Table<Entry, ReadWrite>, Table<Note, ReadWrite>);

/// Runs `write` in a savepoint that fails, and compares everything with what was there before it.
async fn is_undone<R: 'static>(
    db: &Bank,
    what: &'static str,
    write: impl AsyncFn(&Handles) -> Result<R> + 'static,
) -> Result<()> {
    let before = contents(db).await?;
    let differs = db
        .transaction(Mode::ReadWrite, (&db.accounts, &db.entries, &db.notes), async move |handles| {
            let (accounts, entries, notes) = &handles;
            let all =
                async || Ok::<_, Error>((accounts.to_vec().await?, entries.to_vec().await?, notes.entries().await?));
            let before = all().await?;
            let mut differs = false;
            let failed = accounts
                .transaction()
                .savepoint(async || {
                    write(&handles).await?;
                    differs = all().await? != before;
                    Err::<(), _>(enough())
                })
                .await;
            assert!(is_enough(&failed), "{what}: {failed:?}");
            assert_eq!(all().await?, before, "{what}");
            Ok(differs)
        })
        .await?;
    assert!(differs, "{what} did something");
    assert_eq!(contents(db).await?, before, "{what}");
    Ok(())
}

#[wasm_bindgen_test]
async fn adding_is_undone() -> Result<()> {
    let db = bank("undone adding").await?;
    is_undone(&db, "add", async |(accounts, _, _)| accounts.add(&account(4, "Dan", 1)).await).await?;
    is_undone(&db, "add with a generated key", async |(_, entries, _)| entries.add(&entry(3, 1)).await).await?;
    is_undone(&db, "add_with_key", async |(_, _, notes)| notes.add_with_key(&note("new"), "key").await).await?;
    is_undone(&db, "bulk_add", async |(accounts, _, _)| {
        accounts.bulk_add(&[account(4, "Dan", 1), account(0, "Eve", 1)]).await
    })
    .await?;
    is_undone(&db, "bulk_add with generated keys", async |(_, entries, _)| {
        entries.bulk_add(&[entry(3, 1), entry(3, 2)]).await
    })
    .await?;
    is_undone(&db, "bulk_add_with_keys", async |(_, _, notes)| {
        notes.bulk_add_with_keys([("a", &note("1")), ("b", &note("2"))]).await
    })
    .await
}

#[wasm_bindgen_test]
async fn putting_is_undone() -> Result<()> {
    let db = bank("undone putting").await?;
    is_undone(&db, "put a new row", async |(accounts, _, _)| accounts.put(&account(4, "Dan", 1)).await).await?;
    is_undone(&db, "put over a row", async |(accounts, _, _)| accounts.put(&account(1, "Dan", 1)).await).await?;
    is_undone(&db, "put with a generated key", async |(_, entries, _)| entries.put(&entry(3, 1)).await).await?;
    is_undone(&db, "put_with_key over a row", async |(_, _, notes)| notes.put_with_key(&note("shut"), "door").await)
        .await?;
    is_undone(&db, "put_with_key a new row", async |(_, _, notes)| notes.put_with_key(&note("shut"), "gate").await)
        .await?;
    is_undone(&db, "bulk_put", async |(accounts, _, _)| {
        accounts.bulk_put(&[account(4, "Dan", 1), account(1, "Eve", 1), account(4, "Dan", 2)]).await
    })
    .await?;
    is_undone(&db, "bulk_put_with_keys", async |(_, _, notes)| {
        notes.bulk_put_with_keys([("door", &note("1")), ("gate", &note("2")), ("door", &note("3"))]).await
    })
    .await
}

#[wasm_bindgen_test]
async fn changing_is_undone() -> Result<()> {
    let db = bank("undone changing").await?;
    is_undone(&db, "update", async |(accounts, _, _)| accounts.update(1, |a| a.tags.clear()).await).await?;
    is_undone(&db, "update of the key", async |(accounts, _, _)| accounts.update(1, |a| a.id = 9).await).await?;
    is_undone(&db, "update of a generated key", async |(_, entries, _)| entries.update(1, |e| e.id = 9).await).await?;
    is_undone(&db, "update with the key outside", async |(_, _, notes)| {
        notes.update("door", |n| n.text = "shut".into()).await
    })
    .await?;
    is_undone(&db, "upsert of a row", async |(accounts, _, _)| {
        accounts.upsert(1, || unreachable!(), |a| a.balance = 0).await
    })
    .await?;
    is_undone(&db, "upsert of a new row", async |(accounts, _, _)| {
        accounts.upsert(4, || account(4, "Dan", 0), |_| ()).await
    })
    .await?;
    is_undone(&db, "bulk_update", async |(accounts, _, _)| {
        accounts.bulk_update([1, 2, 1].map(|id| (id, |a: &mut Account| a.balance += 1))).await
    })
    .await?;
    is_undone(&db, "bulk_update that moves rows in a circle", async |(accounts, _, _)| {
        accounts.bulk_update([(1, 2), (2, 3), (3, 1)].map(|(from, to)| (from, move |a: &mut Account| a.id = to))).await
    })
    .await?;
    is_undone(&db, "modify", async |(accounts, _, _)| {
        accounts.where_(|a| a.balance).above(0).modify(|a| a.owner.push('!')).await
    })
    .await
}

#[wasm_bindgen_test]
async fn deleting_is_undone() -> Result<()> {
    let db = bank("undone deleting").await?;
    is_undone(&db, "delete", async |(accounts, _, _)| accounts.delete(1).await).await?;
    is_undone(&db, "delete with the key outside", async |(_, _, notes)| notes.delete("door").await).await?;
    is_undone(&db, "bulk_delete", async |(accounts, _, _)| accounts.bulk_delete([1, 3, 77, 1]).await).await?;
    is_undone(&db, "delete of a range of keys", async |(accounts, _, _)| {
        accounts.where_(|a| a.id).at_least(2).delete().await
    })
    .await?;
    is_undone(&db, "delete of several ranges", async |(accounts, _, _)| {
        accounts.where_(|a| a.id).any_of([1, 3]).delete().await
    })
    .await?;
    is_undone(&db, "delete of a range with the keys outside", async |(_, _, notes)| {
        notes.filter(|_| true).delete().await
    })
    .await?;
    is_undone(&db, "delete by an index", async |(accounts, _, _)| {
        accounts.where_(|a| a.tags).equals("all").delete().await
    })
    .await?;
    is_undone(&db, "clear", async |(accounts, _, _)| accounts.clear().await).await?;
    is_undone(&db, "clear with generated keys", async |(_, entries, _)| entries.clear().await).await?;
    is_undone(&db, "clear with the keys outside", async |(_, _, notes)| notes.clear().await).await
}

#[wasm_bindgen_test]
async fn many_steps_on_the_same_rows_are_undone_in_turn() -> Result<()> {
    let db = bank("undone in turn").await?;
    is_undone(&db, "swap of unique owners", async |(accounts, _, _)| {
        accounts.update(1, |a| a.owner = "nobody".into()).await?;
        accounts.update(2, |a| a.owner = "Ann".into()).await?;
        accounts.update(1, |a| a.owner = "Bob".into()).await
    })
    .await?;
    is_undone(&db, "the same key again and again", async |(accounts, _, _)| {
        accounts.delete(1).await?;
        accounts.add(&account(1, "Zoe", 1)).await?;
        accounts.clear().await?;
        accounts.bulk_put(&[account(1, "Ann", 3), account(2, "Zoe", 4)]).await?;
        accounts.delete(1).await?;
        accounts.put(&account(3, "Ann", 5)).await
    })
    .await
}

// To undo the inner one twice would put back an owner that somebody else has by then.
#[wasm_bindgen_test]
async fn what_an_inner_savepoint_has_undone_is_not_undone_again() -> Result<()> {
    let db = bank("undone twice").await?;
    is_undone(&db, "an inner savepoint", async |(accounts, _, _)| {
        let inner = accounts
            .transaction()
            .savepoint(async || {
                accounts.delete(3).await?;
                accounts.update(1, |a| a.owner = "Cid".into()).await?;
                accounts.update(1, |a| a.owner = "Dan".into()).await?;
                Err::<(), _>(enough())
            })
            .await;
        assert!(is_enough(&inner), "{inner:?}");
        accounts.update(2, |a| a.balance += 1).await
    })
    .await
}

#[wasm_bindgen_test]
async fn writes_that_fail_leave_nothing_to_undo() -> Result<()> {
    let db = bank("undone failures").await?;
    is_undone(&db, "failures, and one success", async |(accounts, _, _)| {
        let failures = [
            accounts.add(&account(1, "New", 1)).await.map(|_| ()),
            accounts.add(&account(4, "Ann", 1)).await.map(|_| ()),
            accounts.put(&account(4, "Ann", 1)).await.map(|_| ()),
            accounts.bulk_add(&[account(4, "Dan", 1), account(1, "Eve", 1)]).await.map(|_| ()),
            accounts.bulk_put(&[account(2, "Dan", 1), account(4, "Ann", 1)]).await.map(|_| ()),
            accounts.update(1, |a| a.owner = "Bob".into()).await.map(|_| ()),
            accounts.update(1, |a| a.id = 2).await.map(|_| ()),
            accounts.filter(|_| true).modify(|a| a.owner = "same".into()).await.map(|_| ()),
        ];
        assert!(failures.iter().all(|failure| matches!(failure, Err(Error::Constraint { .. }))), "{failures:?}");
        accounts.put(&account(3, "Dan", 3)).await
    })
    .await
}

#[wasm_bindgen_test]
async fn what_rust_does_not_know_of_a_row_is_put_back_too() -> Result<()> {
    let db = bank("undone unknown").await?;
    #[cfg(target_family = "wasm")]
    let row =
        "{ id: 4, owner: 'Dan', balance: 1, tags: [], photo: new Blob(['abc']), seen: new Date(5), deep: { n: 9n } }";
    #[cfg(not(target_family = "wasm"))]
    let row = "{ id: 4, owner: 'Dan', balance: 1, tags: [], photo: 'abc', seen: null, deep: { n: 9 } }";
    plain::put("undone unknown", "accounts", row).await;
    let before = plain::all("undone unknown", "accounts").await;
    is_undone(&db, "update", async |(accounts, _, _)| accounts.update(4, |a| a.balance += 1).await).await?;
    is_undone(&db, "put", async |(accounts, _, _)| accounts.put(&account(4, "Dan", 1)).await).await?;
    is_undone(&db, "delete", async |(accounts, _, _)| accounts.delete(4).await).await?;
    is_undone(&db, "clear", async |(accounts, _, _)| accounts.clear().await).await?;
    assert_eq!(plain::all("undone unknown", "accounts").await, before);
    Ok(())
}

#[wasm_bindgen_test]
async fn thousands_of_rows_are_undone() -> Result<()> {
    let db = bank("undone thousands").await?;
    db.entries.bulk_add(&(0..3000).map(|at| entry(at, 1)).collect::<Vec<_>>()).await?;
    is_undone(&db, "thousands", async |(_, entries, _)| {
        entries.where_(|e| e.id).below(2000).modify(|e| e.amount = 2).await?;
        entries.where_(|e| e.account).at_least(2500).delete().await?;
        entries.bulk_add(&(0..3000).map(|at| entry(at, 3)).collect::<Vec<_>>()).await
    })
    .await
}
