//! What the browser reports: a full disk, and what has no name here. It is made to, by replacing methods of its stores.

use indexie::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::fixtures::{Cases, Num, fresh, with_nums};
use crate::plain;

fn num(id: u32) -> Num {
    Num { id, v: 0, s: String::new(), z: None }
}

const FULL: &str = "function () { throw new DOMException('The disk is full.', 'QuotaExceededError'); }";
const STRANGE: &str = "function () { throw new DOMException('Never seen.', 'StrangeError'); }";

/// The request succeeds, and the commit fails.
const FULL_AT_COMMIT: &str = "function (...row) { \
    const { transaction } = this; \
    Object.defineProperty(transaction, 'error', { configurable: true, value: new DOMException('', 'QuotaExceededError') }); \
    transaction.commit = () => transaction.abort(); \
    const request = original.apply(this, row); \
    request.addEventListener('success', () => transaction.abort()); \
    return request; }";

/// The request succeeds, and the browser aborts the transaction with a reason in words.
const FULL_IN_WORDS: &str = "function (...row) { \
    const { transaction } = this; \
    Object.defineProperty(transaction, 'error', { configurable: true, value: new DOMException('Quota has been exceeded.', 'AbortError') }); \
    transaction.commit = () => transaction.abort(); \
    return original.apply(this, row); }";

#[wasm_bindgen_test]
async fn a_full_disk_tells_how_much_there_is() -> Result<()> {
    let db: Cases = fresh("failures full").await;
    db.open().await?;
    let guard = plain::replaced("add", FULL);
    let error = db.nums.add(&num(1)).await;
    drop(guard);
    assert!(matches!(&error, Err(Error::QuotaExceeded { usage: Some(_), quota: Some(_) })), "{error:?}");
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_disk_that_fills_up_at_commit_stores_nothing() -> Result<()> {
    let db: Cases = fresh("failures at commit").await;
    db.open().await?;
    for how in [FULL_AT_COMMIT, FULL_IN_WORDS] {
        let guard = plain::replaced("add", how);
        let error = db.nums.bulk_add(&[num(1), num(2)]).await;
        drop(guard);
        assert!(matches!(&error, Err(Error::QuotaExceeded { .. })), "{error:?}");
        assert!(db.nums.is_empty().await?);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_that_fills_the_disk_halfway_stores_nothing() -> Result<()> {
    let db: Cases = fresh("failures halfway").await;
    db.open().await?;
    let third = "(calls => function (...row) { \
        if (++calls === 3) throw new DOMException('', 'QuotaExceededError'); \
        return original.apply(this, row); })(0)";
    let guard = plain::replaced("add", third);
    let error = db.nums.bulk_add(&[num(1), num(2), num(3), num(4)]).await;
    drop(guard);
    assert!(matches!(&error, Err(Error::QuotaExceeded { .. })), "{error:?}");
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_full_disk_inside_a_transaction_rolls_it_back() -> Result<()> {
    let db = with_nums("failures full inside").await?;
    let guard = plain::replaced("add", FULL);
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.delete(1).await?;
            nums.add(&num(10)).await
        })
        .await;
    drop(guard);
    assert!(matches!(&error, Err(Error::QuotaExceeded { .. })), "{error:?}");
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_full_disk_tells_how_much_there_is_where_several_requests_are_one_operation() -> Result<()> {
    let db = with_nums("failures full amounts").await?;
    let guards = [plain::replaced("add", FULL), plain::replaced("put", FULL)];
    let imported = db.nums.import([num(10), num(11)]).await.map(|_| ());
    let updated = db.nums.update(1, |num| num.v = 7).await.map(|_| ());
    db.nums.hook().on_add(async |_: Added<Num>| Ok(()));
    let hooked = db.nums.add(&num(10)).await.map(|_| ());
    drop(guards);
    for error in [imported, updated, hooked] {
        assert!(matches!(&error, Err(Error::QuotaExceeded { usage: Some(_), quota: Some(_) })), "{error:?}");
    }
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_full_disk_inside_a_transaction_tells_how_much_there_is() -> Result<()> {
    let db = with_nums("failures full inside amounts").await?;
    let guard = plain::replaced("add", FULL);
    let returned = db.transaction(Mode::ReadWrite, &db.nums, async |nums| nums.add(&num(10)).await).await.map(|_| ());
    let in_savepoint = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.transaction().savepoint(async || nums.bulk_add(&[num(10), num(11)]).await).await
        })
        .await
        .map(|_| ());
    let tried = db.try_transaction(Mode::ReadWrite, &db.nums, async |nums| nums.add(&num(10)).await);
    let tried: Result<()> = tried.await.map(|_| ());
    drop(guard);
    for error in [returned, in_savepoint, tried] {
        assert!(matches!(&error, Err(Error::QuotaExceeded { usage: Some(_), quota: Some(_) })), "{error:?}");
    }
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_a_body_makes_of_a_full_disk_is_what_its_transaction_comes_to() -> Result<()> {
    let db = with_nums("failures full made").await?;
    let guard = plain::replaced("add", FULL);
    let own = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.add(&num(10)).await.map_err(|_| Error::user("no place"))
        })
        .await;
    let aborted = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            assert!(matches!(nums.add(&num(10)).await, Err(Error::QuotaExceeded { .. })));
            nums.transaction().abort();
            Ok(())
        })
        .await;
    drop(guard);
    assert!(matches!(&own, Err(Error::User(_))), "{own:?}");
    assert!(matches!(&aborted, Err(Error::Aborted { .. })), "{aborted:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_full_disk_that_is_caught_leaves_the_transaction_usable() -> Result<()> {
    let db = with_nums("failures full caught").await?;
    let guard = plain::replaced("add", FULL);
    let done = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            let error = nums.add(&num(10)).await;
            assert!(matches!(&error, Err(Error::QuotaExceeded { .. })), "{error:?}");
            nums.delete(1).await
        })
        .await;
    drop(guard);
    done?;
    assert_eq!(db.nums.primary_keys().await?, [2, 3, 4, 5, 6, 7, 8, 9]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_that_the_browser_aborts_tells_why() -> Result<()> {
    let db = with_nums("failures aborted").await?;
    let guard = plain::replaced("add", FULL_AT_COMMIT);
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.add(&num(10)).await?;
            // Too late: its transaction is gone, and the reason is the disk's, not this error's.
            nums.add(&num(11)).await
        })
        .await;
    drop(guard);
    assert!(matches!(&error, Err(Error::QuotaExceeded { .. })), "{error:?}");
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_has_no_name_here_keeps_its_own() -> Result<()> {
    let db: Cases = fresh("failures strange").await;
    db.open().await?;
    let guard = plain::replaced("add", STRANGE);
    let error = db.nums.add(&num(1)).await;
    drop(guard);
    assert!(
        matches!(&error, Err(Error::Other { name, message }) if name == "StrangeError" && message == "Never seen."),
        "{error:?}"
    );
    db.nums.add(&num(1)).await?;
    assert_eq!(db.nums.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_read_that_fails_tells_so() -> Result<()> {
    let db = with_nums("failures read").await?;
    let guard = plain::replaced("get", STRANGE);
    let error = db.nums.get(1).await;
    drop(guard);
    assert!(
        matches!(&error, Err(Error::Other { name, message }) if name == "StrangeError" && message == "Never seen."),
        "{error:?}"
    );
    assert_eq!(db.nums.get(1).await?.map(|n| n.s), Some("s1".to_owned()));
    Ok(())
}

// Firefox tells the page of every request's error that nobody takes.
#[wasm_bindgen_test]
async fn errors_go_to_who_awaits_and_not_to_the_page() -> Result<()> {
    let db = with_nums("failures reported").await?;
    let of_db = db.clone();
    let reported = plain::reported(async move {
        let db = of_db;
        let errors = [
            db.nums.add(&num(1)).await.map(|_| ()),
            db.nums.bulk_add(&[num(10), num(1), num(11), num(2)]).await.map(|_| ()),
            db.nums.update(1, |n| n.id = 2).await.map(|_| ()),
            db.nums.filter(|_| true).modify(|n| n.id = 1).await.map(|_| ()),
            db.transaction(Mode::ReadWrite, &db.nums, async |nums| nums.bulk_add(&[num(10), num(1), num(11)]).await)
                .await
                .map(|_| ()),
            db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
                nums.add(&num(10)).await?;
                plain::sleep(1).await;
                Ok(())
            })
            .await,
        ];
        assert!(errors.iter().all(Result::is_err), "{errors:?}");
    })
    .await;
    assert_eq!(reported, "");
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn something_thrown_that_is_no_error_is_an_error_too() -> Result<()> {
    let db: Cases = fresh("failures thrown").await;
    db.open().await?;
    for thrown in ["'text'", "undefined", "null", "7"] {
        let guard = plain::replaced("add", &format!("function () {{ throw {thrown}; }}"));
        let error = db.nums.add(&num(1)).await;
        drop(guard);
        assert!(matches!(&error, Err(Error::Other { .. })), "{error:?}");
    }
    assert!(db.nums.is_empty().await?);
    Ok(())
}
