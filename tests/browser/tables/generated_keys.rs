//! Keys that the browser generates, inside of the row: area A of the cases.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Auto, Cases, NewAuto, NewReading, Reading, auto, fresh, new_auto};
use crate::plain;

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
    Ok(())
}
