//! Several operations as one: area G of the cases.

use futures::future::{join, join_all};
use indexie::Writable;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Num, Person, auto, david, fresh, guest, karl, new_auto, with_nums, with_people};
use crate::plain;

fn num(id: u32) -> Num {
    Num { id, v: 0, s: String::new(), z: None }
}

// Cases 195 and 196.
#[wasm_bindgen_test]
async fn a_body_without_operations_commits_and_gives_its_value() -> Result<()> {
    let db: Cases = fresh("transactions empty").await;
    assert_eq!(db.transaction(Mode::ReadWrite, &db.nums, async |_| Ok(42)).await?, 42);
    assert_eq!(db.transaction(Mode::Read, &db.nums, async |_| Ok("text")).await?, "text");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_read_handle_reads() -> Result<()> {
    let db = with_people("transactions read").await?;
    let (row, count, names) = db
        .transaction(Mode::Read, &db.people, async |people| {
            Ok((
                people.get(1).await?,
                people.count().await?,
                people.where_(|p| p.first).starts_with("K").to_vec().await?,
            ))
        })
        .await?;
    assert_eq!(row, Some(david()));
    assert_eq!(count, 2);
    assert_eq!(names, [karl()]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_sees_its_own_writes() -> Result<()> {
    let db: Cases = fresh("transactions own writes").await;
    let seen = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.add(&num(1)).await?;
            nums.put(&Num { v: 5, ..num(1) }).await?;
            nums.where_(|n| n.v).equals(5).primary_keys().await
        })
        .await?;
    assert_eq!(seen, [1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn writes_are_there_once_the_transaction_has_returned() -> Result<()> {
    let db: Cases = fresh("transactions committed").await;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums| nums.add(&num(1)).await).await?;
    assert_eq!(plain::all("transactions committed", "nums").await.as_deref(), Some(r#"[{"id":1,"v":0,"s":""}]"#));
    Ok(())
}

#[wasm_bindgen_test]
async fn several_tables_are_written_together() -> Result<()> {
    let db: Cases = fresh("transactions several").await;
    let id = db
        .transaction(Mode::ReadWrite, (&db.autos, &db.guests, &db.people), async |(autos, guests, people)| {
            let id = autos.add(&new_auto(1)).await?;
            guests.add_with_key(&guest("Ann"), id).await?;
            people.add(&david()).await?;
            Ok(id)
        })
        .await?;
    assert_eq!(db.autos.to_vec().await?, [auto(id, 1)]);
    assert_eq!(db.guests.entries().await?, [(id, guest("Ann"))]);
    assert_eq!(db.people.to_vec().await?, [david()]);
    Ok(())
}

#[wasm_bindgen_test]
async fn several_tables_are_rolled_back_together() -> Result<()> {
    let db = with_people("transactions several back").await?;
    let error = db
        .transaction(Mode::ReadWrite, (&db.autos, &db.people), async |(autos, people)| {
            autos.add(&new_auto(1)).await?;
            people.delete(1).await?;
            people.add(&karl()).await
        })
        .await;
    assert!(matches!(&error, Err(Error::Constraint { table, .. }) if table == "people"), "{error:?}");
    assert!(db.autos.is_empty().await?);
    assert_eq!(db.people.to_vec().await?, [david(), karl()]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_table_may_be_in_the_scope_twice() -> Result<()> {
    let db: Cases = fresh("transactions same twice").await;
    db.transaction(Mode::ReadWrite, (&db.nums, &db.nums), async |(one, two)| {
        one.add(&num(1)).await?;
        assert_eq!(two.count().await?, 1);
        Ok(())
    })
    .await
}

#[wasm_bindgen_test]
async fn a_helper_works_inside_and_outside() -> Result<()> {
    async fn rename<A: Writable>(people: &Table<Person, A>, id: u32) -> Result<Person> {
        people.update(id, |p| p.last = "New".into()).await
    }
    let db = with_people("transactions helper").await?;
    assert_eq!(rename(&db.people, 1).await?.last, "New");
    let renamed = db.transaction(Mode::ReadWrite, &db.people, async |people| rename(&people, 2).await).await?;
    assert_eq!(renamed.last, "New");
    Ok(())
}

#[derive(Debug)]
enum ShopError {
    TooPoor { missing: u32 },
    Storage(Error),
}

impl From<Error> for ShopError {
    fn from(error: Error) -> Self {
        Self::Storage(error)
    }
}

#[wasm_bindgen_test]
async fn a_body_may_fail_with_an_error_of_its_own() -> Result<()> {
    let db = with_nums("transactions own error").await?;
    let poor = db
        .try_transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.update(1, |n| n.v = 99).await?;
            Err::<(), _>(ShopError::TooPoor { missing: 5 })
        })
        .await;
    assert!(matches!(poor, Err(ShopError::TooPoor { missing: 5 })), "{poor:?}");
    let missing = db
        .try_transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.update(1, |n| n.v = 99).await?;
            Ok::<_, ShopError>(nums.update(77, |_| ()).await?)
        })
        .await;
    assert!(matches!(missing, Err(ShopError::Storage(Error::NotFound { .. }))), "{missing:?}");
    assert_eq!(db.nums.get(1).await?.map(|n| n.v), Some(1));
    let fine = db.try_transaction(Mode::Read, &db.nums, async |nums| Ok::<_, ShopError>(nums.count().await?)).await;
    assert!(matches!(fine, Ok(9)), "{fine:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_of_the_app_travels_out_of_the_body() -> Result<()> {
    let db: Cases = fresh("transactions user error").await;
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.add(&num(1)).await?;
            "x".parse::<u32>().map_err(Error::user)
        })
        .await;
    assert!(
        matches!(&error, Err(Error::User(error)) if error.to_string() == "invalid digit found in string"),
        "{error:?}"
    );
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_thousand_adds_run_together_in_one_transaction() -> Result<()> {
    let db: Cases = fresh("transactions thousand").await;
    let keys = db
        .transaction(Mode::ReadWrite, &db.autos, async |autos| {
            let added = join_all((0..1000).map(|v| autos.add(&new_auto(v)))).await;
            added.into_iter().collect::<Result<Vec<u32>>>()
        })
        .await?;
    assert_eq!(keys, (1..=1000).collect::<Vec<u32>>());
    assert_eq!(db.autos.count().await?, 1000);
    assert_eq!(db.autos.get(1000).await?, Some(auto(1000, 999)));
    Ok(())
}

// Case 198.
#[wasm_bindgen_test]
async fn an_error_that_is_not_caught_rolls_back_what_came_before() -> Result<()> {
    let db: Cases = fresh("transactions uncaught").await;
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.add(&num(100)).await?;
            nums.add(&num(100)).await
        })
        .await;
    assert!(matches!(&error, Err(Error::Constraint { index: None, .. })), "{error:?}");
    assert!(db.nums.is_empty().await?);
    Ok(())
}

// Case 199.
#[wasm_bindgen_test]
async fn after_an_error_that_is_caught_the_transaction_goes_on() -> Result<()> {
    let db: Cases = fresh("transactions caught").await;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        nums.add(&num(100)).await?;
        assert!(nums.add(&num(100)).await.is_err());
        nums.add(&num(101)).await
    })
    .await?;
    assert_eq!(db.nums.primary_keys().await?, [100, 101]);
    Ok(())
}

// Case 219.
#[wasm_bindgen_test]
async fn transactions_side_by_side_do_not_mix() -> Result<()> {
    let db: Cases = fresh("transactions side by side").await;
    let fails = db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        nums.add(&num(1)).await?;
        Err::<(), _>(Error::user("no"))
    });
    let works = db.transaction(Mode::ReadWrite, &db.autos, async |autos| {
        autos.add(&new_auto(1)).await?;
        autos.add(&new_auto(2)).await
    });
    let (failed, worked) = join(fails, works).await;
    assert!(matches!(failed, Err(Error::User(_))), "{failed:?}");
    assert_eq!(worked?, 2);
    assert!(db.nums.is_empty().await?);
    assert_eq!(db.autos.count().await?, 2);
    Ok(())
}

// Case 222.
#[wasm_bindgen_test]
async fn transactions_that_write_the_same_table_follow_one_another() -> Result<()> {
    let db = with_nums("transactions same table").await?;
    let counts = (0..20).map(|_| {
        db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
            let v = nums.get(1).await?.map_or(0, |n| n.v);
            nums.put(&Num { v: v + 1, ..num(1) }).await
        })
    });
    for done in join_all(counts).await {
        done?;
    }
    assert_eq!(db.nums.get(1).await?.map(|n| n.v), Some(21));
    Ok(())
}

// Case 222.
#[wasm_bindgen_test]
async fn transactions_that_are_started_together_all_read_the_rows() -> Result<()> {
    let db = with_nums("transactions readers").await?;
    let reads = (0..20).map(|_| db.transaction(Mode::Read, &db.nums, async |nums| nums.count().await));
    for count in join_all(reads).await {
        assert_eq!(count?, 9);
    }
    Ok(())
}

// Case 210.
#[wasm_bindgen_test]
async fn another_database_may_be_written_to_on_the_side() -> Result<()> {
    let db: Cases = fresh("transactions main").await;
    let log: Cases = fresh("transactions log").await;
    log.open().await?;
    let logging = log.clone();
    db.transaction(Mode::ReadWrite, &db.nums, async move |nums| {
        nums.add(&num(1)).await?;
        let logged = logging.autos.add(&new_auto(1));
        indexie_tests::spawn_local(async move {
            logged.await.expect("the log is written");
        });
        nums.add(&num(2)).await?;
        nums.add(&num(3)).await
    })
    .await?;
    plain::sleep(50).await;
    assert_eq!(db.nums.count().await?, 3);
    assert_eq!(log.autos.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn tables_of_two_database_objects_share_no_transaction() -> Result<()> {
    let db: Cases = fresh("transactions of one").await;
    let other: Cases = fresh("transactions of another").await;
    for error in [
        db.transaction(Mode::Read, (&db.nums, &other.autos), async |_| Ok(())).await,
        db.transaction(Mode::Read, &other.nums, async |_| Ok(())).await,
    ] {
        assert!(matches!(&error, Err(Error::InvalidArgument { .. })), "{error:?}");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn queries_run_inside_a_transaction() -> Result<()> {
    let db = with_nums("transactions queries").await?;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        assert_eq!(nums.where_(|n| n.v).equals(0).delete().await?, 3);
        assert_eq!(nums.where_(|n| n.v).equals(1).modify(|n| n.v = 5).await?, 3);
        assert_eq!(nums.order_by(|n| n.v).reverse().first().await?.map(|n| n.v), Some(5));
        nums.clear().await?;
        assert!(nums.is_empty().await?);
        Err(Error::user("back"))
    })
    .await
    .or_else(|error: Error| if matches!(error, Error::User(_)) { Ok(()) } else { Err(error) })?;
    assert_eq!(db.nums.where_(|n| n.v).equals(1).count().await?, 3);
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn already_resolved_work_may_be_awaited() -> Result<()> {
    let db: Cases = fresh("transactions resolved").await;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        futures::future::ready(()).await;
        nums.add(&num(1)).await?;
        let promise = js_sys::Promise::resolve(&wasm_bindgen::JsValue::from(1));
        wasm_bindgen_futures::JsFuture::from(promise).await.map_err(|_| Error::user("rejected"))?;
        nums.add(&num(2)).await
    })
    .await?;
    assert_eq!(db.nums.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_handle_outlives_its_transaction_without_harm() -> Result<()> {
    let db = with_nums("transactions handle").await?;
    let handle = db.transaction(Mode::ReadWrite, &db.nums, async |nums| Ok(nums)).await?;
    let errors = [
        handle.get(1).await.map(|_| ()),
        handle.add(&num(20)).await.map(|_| ()),
        handle.update(1, |n| n.v = 9).await.map(|_| ()),
        handle.where_(|n| n.id).above(0).modify(|n| n.v = 9).await.map(|_| ()),
    ];
    for error in errors {
        assert!(matches!(&error, Err(Error::Aborted { .. })), "{error:?}");
    }
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}
