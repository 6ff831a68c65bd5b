//! Errors that the body catches: the transaction goes on as if what failed had never been asked for.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Account, Contents, Rate, account, bank, contents, entry};

fn is_clash<T>(result: &Result<T>, index: Option<&str>) -> bool {
    matches!(result, Err(Error::Constraint { table, index: clashed, .. }) if table == "accounts" && clashed.as_deref() == index)
}

// Case 199, for each way of writing.
#[wasm_bindgen_test]
async fn every_constraint_error_can_be_caught() -> Result<()> {
    let db = bank("caught every").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let before = accounts.to_vec().await?;
        let failed = accounts.add(&account(1, "New", 1)).await;
        assert!(is_clash(&failed, None), "add: {failed:?}");
        let failed = accounts.add(&account(4, "Ann", 1)).await;
        assert!(is_clash(&failed, Some("owner")), "add: {failed:?}");
        let failed = accounts.put(&account(4, "Ann", 1)).await;
        assert!(is_clash(&failed, Some("owner")), "put: {failed:?}");
        let failed = accounts.bulk_add(&[account(4, "Dan", 1), account(5, "Eve", 1), account(4, "Fay", 1)]).await;
        assert!(is_clash(&failed, None), "bulk_add: {failed:?}");
        let failed = accounts.bulk_put(&[account(1, "Zoe", 1), account(4, "Dan", 1), account(5, "Bob", 1)]).await;
        assert!(is_clash(&failed, Some("owner")), "bulk_put: {failed:?}");
        let failed = accounts.update(1, |a| a.owner = "Bob".into()).await;
        assert!(is_clash(&failed, Some("owner")), "update: {failed:?}");
        let failed = accounts.update(1, |a| a.id = 2).await;
        assert!(is_clash(&failed, None), "update of the key: {failed:?}");
        let failed = accounts.upsert(4, || account(4, "Ann", 1), |_| ()).await;
        assert!(is_clash(&failed, Some("owner")), "upsert: {failed:?}");
        let same = |a: &mut Account| a.owner = "same".into();
        let failed = accounts.bulk_update([(1, same), (2, same)]).await;
        assert!(is_clash(&failed, Some("owner")), "bulk_update: {failed:?}");
        let failed = accounts.filter(|_| true).modify(|a| a.owner = "same".into()).await;
        assert!(is_clash(&failed, Some("owner")), "modify: {failed:?}");
        assert_eq!(accounts.to_vec().await?, before);
        accounts.add(&account(4, "Dan", 4)).await
    })
    .await?;
    assert_eq!(db.accounts.primary_keys().await?, [1, 2, 3, 4]);
    Ok(())
}

#[wasm_bindgen_test]
async fn errors_of_other_kinds_can_be_caught() -> Result<()> {
    let db = bank("caught others").await?;
    let before = contents(&db).await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let missing = accounts.update(77, |a| a.balance = 1).await;
        assert!(matches!(&missing, Err(Error::NotFound { .. })), "{missing:?}");
        let other_key = accounts.upsert(77, || account(78, "Dan", 1), |_| ()).await;
        assert!(matches!(&other_key, Err(Error::Data { .. })), "{other_key:?}");
        let backwards = accounts.where_(|a| a.owner).in_any_range(["b".."a"]).delete().await;
        assert!(matches!(&backwards, Err(Error::InvalidArgument { .. })), "{backwards:?}");
        Ok(())
    })
    .await?;
    assert_eq!(contents(&db).await?, before);
    Ok(())
}

// Case 198, for each way of writing.
#[wasm_bindgen_test]
async fn every_constraint_error_that_is_not_caught_rolls_back() -> Result<()> {
    let db = bank("caught none").await?;
    let before: Contents = contents(&db).await?;
    for way in 0..7 {
        let failed = db
            .transaction(Mode::ReadWrite, (&db.accounts, &db.entries), async move |(accounts, entries)| {
                entries.clear().await?;
                accounts.delete(3).await?;
                match way {
                    0 => accounts.add(&account(1, "New", 1)).await.map(|_| ()),
                    1 => accounts.bulk_add(&[account(4, "Dan", 1), account(1, "Eve", 1)]).await.map(|_| ()),
                    2 => accounts.put(&account(4, "Ann", 1)).await.map(|_| ()),
                    3 => accounts.update(1, |a| a.owner = "Bob".into()).await.map(|_| ()),
                    4 => accounts.filter(|_| true).modify(|a| a.owner = "same".into()).await.map(|_| ()),
                    5 => accounts.bulk_put(&[account(1, "Zoe", 1), account(5, "Bob", 1)]).await.map(|_| ()),
                    _ => accounts.upsert(4, || account(4, "Ann", 1), |_| ()).await.map(|_| ()),
                }
            })
            .await;
        assert!(matches!(&failed, Err(Error::Constraint { .. })), "{way}: {failed:?}");
        assert_eq!(contents(&db).await?, before, "{way}");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn errors_of_other_kinds_that_are_not_caught_roll_back_too() -> Result<()> {
    let db = bank("caught none of the others").await?;
    let before: Contents = contents(&db).await?;
    for way in 0..7 {
        let failed = db
            .transaction(Mode::ReadWrite, (&db.accounts, &db.rates), async move |(accounts, rates)| {
                rates.put(&Rate { above: 0.0, percent: 1 }).await?;
                accounts.delete(3).await?;
                match way {
                    0 => accounts.update(77, |a| a.balance = 1).await.map(|_| ()),
                    1 => rates.add(&Rate { above: f64::NAN, percent: 2 }).await.map(|_| ()),
                    2 => rates.bulk_put(&[1.0, f64::NAN].map(|above| Rate { above, percent: 2 })).await.map(|_| ()),
                    3 => rates.get(f64::NAN).await.map(|_| ()),
                    4 => rates.update(0.0, |rate| rate.above = f64::NAN).await.map(|_| ()),
                    5 => accounts.where_(|a| a.owner).in_any_range(["b".."a"]).delete().await.map(|_| ()),
                    _ => accounts.upsert(77, || account(78, "Dan", 1), |_| ()).await.map(|_| ()),
                }
            })
            .await;
        match &failed {
            Err(Error::NotFound { table, .. }) => assert_eq!((way, table.as_str()), (0, "accounts")),
            Err(Error::InvalidArgument { .. }) => assert_eq!(way, 5),
            Err(Error::Data { .. }) => assert!(![0, 5].contains(&way), "{way}"),
            other => panic!("{way}: {other:?}"),
        }
        assert_eq!(contents(&db).await?, before, "{way}");
        assert!(db.rates.is_empty().await?, "{way}");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_key_that_was_given_and_clashes_does_not_move_the_generator() -> Result<()> {
    let db = bank("caught keys").await?;
    let keys = db
        .transaction(Mode::ReadWrite, &db.entries, async |entries| {
            let first = entries.add(&entry(1, 1)).await?;
            let taken = entries.add(&crate::fixtures::Entry { id: first, account: 1, amount: 1 }).await;
            assert!(matches!(&taken, Err(Error::Constraint { .. })), "{taken:?}");
            Ok((first, entries.add(&entry(1, 1)).await?))
        })
        .await?;
    assert_eq!(keys, (3, 4));
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_can_be_caught_again_and_again() -> Result<()> {
    let db = bank("caught again").await?;
    let attempts = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            let mut id = 1;
            while accounts.add(&account(id, &format!("New {id}"), 0)).await.is_err() {
                id += 1;
            }
            Ok(id)
        })
        .await?;
    assert_eq!(attempts, 4);
    assert_eq!(db.accounts.count().await?, 4);
    Ok(())
}
