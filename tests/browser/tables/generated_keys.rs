//! Keys that the browser generates, inside of the row: area A of the cases.

use futures::future::{join, join_all};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Auto, Cases, NewAuto, NewReading, Reading, auto, fresh, new_auto};
use crate::plain;

/// There are not many keys.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &name", new(derive(Clone, Debug)))]
pub struct Seat {
    pub id: u8,
    pub name: String,
}

/// The same, outside of the row.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++", key = u8)]
pub struct Ticket {
    pub price: u32,
}

schema! {
    pub struct Hall("hall");

    version 1 {
        seats: Seat,
        tickets: Ticket,
    }
}

fn seat(number: u32) -> NewSeat {
    NewSeat { name: number.to_string() }
}

fn seats(numbers: std::ops::Range<u32>) -> Vec<NewSeat> {
    numbers.map(seat).collect()
}

/// There are so many seats.
async fn with_seats(name: &str, count: u32) -> Result<Hall> {
    let db: Hall = fresh(name).await;
    db.seats.bulk_add(&seats(0..count)).await?;
    Ok(db)
}

/// The key and the row of which an error says that its key is not one of the type.
#[track_caller]
fn beyond<T: std::fmt::Debug>(result: &Result<T>) -> (indexie::AnyKey, Option<usize>) {
    match result {
        Err(Error::Data { table, key: Some(key), row, .. }) if table == "seats" => (key.clone(), *row),
        other => panic!("{other:?}"),
    }
}

/// All rows can be read, and there are so many.
async fn assert_seats(db: &Hall, count: usize) -> Result<()> {
    assert_eq!(db.seats.count().await?, count);
    assert_eq!(db.seats.to_vec().await?.len(), count);
    Ok(())
}

// Case 7.
#[wasm_bindgen_test]
async fn generated_keys_count_from_one_and_are_part_of_the_row() -> Result<()> {
    let db: Cases = fresh("generated count").await;
    assert_eq!(db.autos.add(&new_auto(1)).await?, 1);
    assert_eq!(db.autos.add(&new_auto(1)).await?, 2);
    assert_eq!(plain::all("generated count", "autos").await.as_deref(), Some(r#"[{"v":1,"id":1},{"v":1,"id":2}]"#));
    assert_eq!(db.autos.to_vec().await?, [auto(1, 1), auto(2, 1)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn generated_keys_go_on_after_one_that_was_given() -> Result<()> {
    let db: Cases = fresh("generated given").await;
    assert_eq!(db.autos.add(&auto(10, 1)).await?, 10);
    assert_eq!(db.autos.add(&new_auto(2)).await?, 11);
    assert_eq!(db.autos.to_vec().await?, [auto(10, 1), auto(11, 2)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_given_key_below_the_generator_does_not_move_it() -> Result<()> {
    let db: Cases = fresh("generated below").await;
    db.autos.add(&auto(10, 1)).await?;
    db.autos.add(&auto(3, 1)).await?;
    assert_eq!(db.autos.add(&new_auto(1)).await?, 11);
    Ok(())
}

// Case 9.
#[wasm_bindgen_test]
async fn a_generated_key_is_the_next_whole_number() -> Result<()> {
    let db: Cases = fresh("generated whole").await;
    db.readings.add(&Reading { id: 20.7, v: 1 }).await?;
    assert_eq!(db.readings.bulk_add(&[NewReading { v: 2 }]).await?, [21.0]);
    assert_eq!(db.readings.to_vec().await?, [Reading { id: 20.7, v: 1 }, Reading { id: 21.0, v: 2 }]);
    Ok(())
}

// Case 10.
#[wasm_bindgen_test]
async fn text_as_a_key_does_not_move_the_generator() -> Result<()> {
    let db: Cases = fresh("generated text").await;
    db.open().await?;
    plain::put("generated text", "autos", "{id: 'k'}").await;
    assert_eq!(db.autos.add(&NewAuto::default()).await?, 1);
    Ok(())
}

// Case 12.
#[wasm_bindgen_test]
async fn the_same_new_row_can_be_added_twice() -> Result<()> {
    let db: Cases = fresh("generated same").await;
    let row = new_auto(5);
    db.autos.bulk_add([&row, &row]).await?;
    assert_eq!(db.autos.to_vec().await?, [auto(1, 5), auto(2, 5)]);
    Ok(())
}

// Case 21.
#[wasm_bindgen_test]
async fn put_generates_a_key_or_replaces_the_row_with_it() -> Result<()> {
    let db: Cases = fresh("generated put").await;
    assert_eq!(db.autos.put(&NewAuto { u: Some("a".into()), v: None }).await?, 1);
    let b = Auto { id: 1, u: Some("b".into()), v: None };
    assert_eq!(db.autos.put(&b).await?, 1);
    assert_eq!(db.autos.to_vec().await?, [b]);
    Ok(())
}

#[wasm_bindgen_test]
async fn generated_keys_go_on_after_clear() -> Result<()> {
    let db: Cases = fresh("generated clear").await;
    db.autos.bulk_add(&[new_auto(1), new_auto(2)]).await?;
    db.autos.clear().await?;
    assert_eq!(db.autos.add(&new_auto(3)).await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_without_a_unique_field_clashes_with_none() -> Result<()> {
    let db: Cases = fresh("generated absent").await;
    db.autos.bulk_add(&[new_auto(1), new_auto(2)]).await?;
    assert_eq!(db.autos.count().await?, 2);
    assert_eq!(db.autos.order_by(|a| a.u).count().await?, 0);
    Ok(())
}

// A generated key that the key's type cannot hold is told, and not wrapped.
#[wasm_bindgen_test]
async fn a_generated_key_beyond_its_type_is_data() -> Result<()> {
    let db: Cases = fresh("generated beyond").await;
    db.open().await?;
    plain::put("generated beyond", "autos", "{id: 4294967295}").await;
    let error = db.autos.add(&new_auto(1)).await;
    assert!(
        matches!(&error, Err(Error::Data { table, key: Some(key), .. })
            if table == "autos" && *key == indexie::AnyKey::Number(4_294_967_296.0)),
        "{error:?}"
    );
    for error in [db.autos.add(&new_auto(2)).await, db.autos.put(&new_auto(3)).await] {
        assert!(matches!(&error, Err(Error::Data { row: None, .. })), "{error:?}");
    }
    assert_eq!(plain::all("generated beyond", "autos").await.as_deref(), Some(r#"[{"id":4294967295}]"#));
    // Other keys are as good as ever.
    assert_eq!(db.autos.add(&auto(7, 7)).await?, 7);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_last_key_of_a_type_is_generated() -> Result<()> {
    let db = with_seats("generated last", 254).await?;
    assert_eq!(db.seats.add(&seat(254)).await?, 255);
    assert_eq!(beyond(&db.seats.add(&seat(255)).await), (256.into(), None));
    assert_eq!(beyond(&db.seats.put(&seat(255)).await), (256.into(), None));
    assert_seats(&db, 255).await
}

#[wasm_bindgen_test]
async fn a_key_that_was_just_given_is_followed_by_none() -> Result<()> {
    let db: Cases = fresh("generated after given").await;
    assert_eq!(db.autos.add(&new_auto(1)).await?, 1);
    assert_eq!(db.autos.add(&new_auto(2)).await?, 2);
    let given = auto(u32::MAX, 3);
    let (given, next) = join(db.autos.put(&given), db.autos.bulk_add(&[new_auto(4)])).await;
    assert_eq!(given?, u32::MAX);
    assert!(matches!(&next, Err(Error::Data { row: Some(0), .. })), "{next:?}");
    let next = db.autos.add(&new_auto(5)).await;
    assert!(matches!(&next, Err(Error::Data { row: None, .. })), "{next:?}");
    assert_eq!(db.autos.to_vec().await?, [auto(1, 1), auto(2, 2), auto(u32::MAX, 3)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn of_many_rows_none_is_stored_if_one_has_a_key_beyond_its_type() -> Result<()> {
    let db = with_seats("generated bulk beyond", 250).await?;
    assert_eq!(beyond(&db.seats.bulk_add(&seats(250..260)).await), (256.into(), Some(5)));
    assert_seats(&db, 250).await?;
    assert_eq!(beyond(&db.seats.bulk_put(&seats(250..260)).await), (256.into(), Some(5)));
    assert_seats(&db, 250).await?;
    assert_eq!(db.seats.bulk_add(&seats(250..255)).await?, [251, 252, 253, 254, 255]);
    assert_seats(&db, 255).await
}

#[wasm_bindgen_test]
async fn an_import_beyond_the_type_of_its_keys_stores_nothing() -> Result<()> {
    let db: Hall = fresh("generated import beyond").await;
    assert_eq!(beyond(&db.seats.import((0..300).map(seat)).await), (256.into(), Some(255)));
    assert_seats(&db, 0).await?;
    assert_eq!(beyond(&db.seats.import((0..3000).map(seat)).replacing().await), (256.into(), Some(255)));
    assert_seats(&db, 0).await?;
    assert_eq!(db.seats.import((0..255).map(seat)).await?, 255);
    assert_seats(&db, 255).await
}

#[wasm_bindgen_test]
async fn of_rows_that_are_added_together_those_are_stored_whose_key_is_of_its_type() -> Result<()> {
    let db = with_seats("generated batch beyond", 250).await?;
    let added = join_all((250..280).map(|at| db.seats.add(&seat(at)))).await;
    for (at, added) in (251_u32..).zip(&added) {
        if at <= 255 {
            assert!(matches!(added, Ok(key) if u32::from(*key) == at), "{at}: {added:?}");
        } else {
            assert_eq!(beyond(added), (256.into(), None), "{at}");
        }
    }
    assert_seats(&db, 255).await
}

#[wasm_bindgen_test]
async fn a_transaction_goes_on_without_the_rows_whose_keys_are_beyond_their_type() -> Result<()> {
    let db = with_seats("generated within beyond", 254).await?;
    db.transaction(Mode::ReadWrite, &db.seats, async |seats| {
        assert_eq!(seats.add(&seat(254)).await?, 255);
        // What is asked for next to it does not see it either.
        let (refused, count) = join(seats.add(&seat(255)), seats.count()).await;
        assert_eq!((beyond(&refused).1, count?), (None, 255));
        let (refused, rows) = join(seats.put(&seat(255)), seats.to_vec()).await;
        assert_eq!((beyond(&refused).1, rows?.len()), (None, 255));
        assert_eq!(beyond(&seats.bulk_add(&seats_beyond()).await).1, Some(0));
        assert_eq!(beyond(&seats.import(seats_beyond()).await).1, Some(0));
        assert_eq!(seats.count().await?, 255);
        seats.delete(1).await
    })
    .await?;
    assert_seats(&db, 254).await
}

fn seats_beyond() -> Vec<NewSeat> {
    seats(1000..1200)
}

#[wasm_bindgen_test]
async fn a_savepoint_is_left_without_the_rows_whose_keys_are_beyond_their_type() -> Result<()> {
    let db = with_seats("generated savepoint beyond", 254).await?;
    db.transaction(Mode::ReadWrite, &db.seats, async |seats| {
        let refused = seats
            .transaction()
            .savepoint(async || {
                seats.delete(1).await?;
                seats.add(&seat(254)).await?;
                seats.add(&seat(255)).await
            })
            .await;
        assert_eq!(beyond(&refused).1, None);
        assert_eq!(seats.count().await?, 254);
        Ok(())
    })
    .await?;
    assert_seats(&db, 254).await?;
    assert!(db.seats.get(1).await?.is_some());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_key_beyond_its_type_is_no_key_outside_of_the_row_either() -> Result<()> {
    let db: Hall = fresh("generated outside beyond").await;
    let ticket = |price| Ticket { price };
    assert_eq!(db.tickets.add_with_key(&ticket(1), 254).await?, 254);
    let added = db.tickets.bulk_add(&[ticket(2), ticket(3)]).await;
    assert!(matches!(&added, Err(Error::Data { row: Some(1), .. })), "{added:?}");
    assert_eq!(db.tickets.put(&ticket(4)).await?, 255);
    let added = db.tickets.put(&ticket(5)).await;
    assert!(matches!(&added, Err(Error::Data { row: None, .. })), "{added:?}");
    assert_eq!(db.tickets.primary_keys().await?, [254, 255]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_clash_is_one_although_the_key_is_beyond_its_type() -> Result<()> {
    let db = with_seats("generated clash beyond", 255).await?;
    let clash = db.seats.add(&seat(7)).await;
    assert!(matches!(&clash, Err(Error::Constraint { index: Some(index), .. }) if index == "name"), "{clash:?}");
    assert_seats(&db, 255).await
}

// A transaction of one row is committed before the row has its key, unless that may be one of the last.
#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_row_is_committed_early_where_its_key_is_far_from_the_last() -> Result<()> {
    const ASKED: &str = "if (transaction.objectStoreNames[0] !== 'notes') { \
        const { commit } = transaction, { add } = IDBObjectStore.prototype; \
        const name = transaction.objectStoreNames[0], store = transaction.objectStore(name); \
        let request = null; \
        store.add = (...row) => (request = add.apply(store, row)); \
        transaction.objectStore = () => store; \
        transaction.commit = () => { \
          globalThis.commits = `${globalThis.commits ?? ''} ${name} ${request.readyState}`; \
          commit.call(transaction); }; }";
    let db: Cases = fresh("generated early").await;
    db.open().await?;
    let begun = plain::begun(ASKED);
    for _ in 0..3 {
        db.autos.add(&new_auto(1)).await?;
        db.readings.add(&NewReading { v: 1 }).await?;
    }
    db.autos.add(&auto(u32::MAX - 9, 1)).await?;
    db.autos.add(&new_auto(1)).await?;
    drop(begun);
    let commits = js_sys::Reflect::get(&js_sys::global(), &"commits".into());
    assert_eq!(
        commits.ok().and_then(|commits| commits.as_string()).as_deref(),
        Some(
            " autos done readings pending autos pending readings pending autos pending readings pending autos pending \
             autos done"
        )
    );
    Ok(())
}
