//! Rows and keys that cannot be stored: told before anything is.

use indexie::AnyKey;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Board, Cases, Comment, Ratio, Wide, fresh};
use crate::plain;

const BEYOND: u64 = (1 << 53) + 1;

fn board(id: u32) -> Board {
    Board { id, stones: [((0, 1), "black".to_owned())].into() }
}

#[wasm_bindgen_test]
async fn a_map_whose_keys_are_no_text_names_its_field() -> Result<()> {
    let db: Cases = fresh("refused map").await;
    let error = db.boards.add(&board(1)).await;
    assert!(
        matches!(&error, Err(Error::Encode { table, key: Some(AnyKey::Number(1.0)), row: None, path, message })
            if table == "boards" && path == "stones" && message.contains("a tuple")),
        "{error:?}"
    );
    assert!(db.boards.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_names_the_row_that_cannot_be_stored() -> Result<()> {
    let db: Cases = fresh("refused bulk").await;
    let empty = Board { id: 1, stones: [].into() };
    for error in [db.boards.bulk_add(&[empty.clone(), board(2)]).await, db.boards.bulk_put(&[empty, board(2)]).await] {
        assert!(
            matches!(&error, Err(Error::Encode { table, row: Some(1), path, .. }) if table == "boards" && path == "stones"),
            "{error:?}"
        );
    }
    assert!(db.boards.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_change_that_cannot_be_stored_changes_nothing() -> Result<()> {
    let db: Cases = fresh("refused change").await;
    db.boards.bulk_add(&[Board { id: 1, stones: [].into() }, Board { id: 2, stones: [].into() }]).await?;
    let error = db.boards.update(1, |b| b.stones = board(1).stones).await;
    assert!(matches!(&error, Err(Error::Encode { row: None, path, .. }) if path == "stones"), "{error:?}");
    let change = |b: &mut Board| {
        if b.id == 2 {
            b.stones = board(2).stones;
        }
    };
    let error = db.boards.bulk_update([(2, change), (1, change)]).await;
    assert!(matches!(&error, Err(Error::Encode { row: Some(0), path, .. }) if path == "stones"), "{error:?}");
    let error = db.boards.filter(|_| true).modify(change).await;
    assert!(matches!(&error, Err(Error::Encode { path, .. }) if path == "stones"), "{error:?}");
    assert_eq!(
        plain::all("refused change", "boards").await.as_deref(),
        Some(r#"[{"id":1,"stones":{}},{"id":2,"stones":{}}]"#)
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn a_key_beyond_what_a_number_holds_names_its_field() -> Result<()> {
    let db: Cases = fresh("refused wide").await;
    for error in [db.wides.add(&Wide { id: BEYOND, seen: 1 }).await, db.wides.put(&Wide { id: BEYOND, seen: 1 }).await]
    {
        assert!(
            matches!(&error, Err(Error::Encode { table, key: None, row: None, path, message })
                if table == "wides" && path == "id" && message.contains("9007199254740993")),
            "{error:?}"
        );
    }
    assert!(db.wides.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_largest_number_is_a_key_and_larger_fields_are_big_integers() -> Result<()> {
    let db: Cases = fresh("refused not").await;
    let row = Wide { id: 1 << 53, seen: BEYOND };
    assert_eq!(db.wides.add(&row).await?, 1 << 53);
    assert_eq!(db.wides.get(1_u64 << 53).await?, Some(row));
    #[cfg(target_family = "wasm")]
    assert_eq!(
        plain::all("refused not", "wides").await.as_deref(),
        Some(r#"[{"id":9007199254740992,"seen":"9007199254740993n"}]"#)
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn a_lookup_beyond_what_a_number_holds_is_data() -> Result<()> {
    let db: Cases = fresh("refused lookup").await;
    for error in [db.wides.get(BEYOND).await.map(|_| ()), db.wides.delete(BEYOND).await] {
        assert!(
            matches!(&error, Err(Error::Data { table, row: None, message, .. })
                if table == "wides" && message.contains("9007199254740993")),
            "{error:?}"
        );
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn nan_is_no_key() -> Result<()> {
    let db: Cases = fresh("refused nan").await;
    let nan = Ratio { id: f64::NAN };
    let errors = [
        db.ratios.add(&nan).await.map(|_| ()),
        db.ratios.put(&nan).await.map(|_| ()),
        db.ratios.get(f64::NAN).await.map(|_| ()),
        db.ratios.delete(f64::NAN).await,
        db.ratios.update(f64::NAN, |_| ()).await.map(|_| ()),
        db.ratios.upsert(f64::NAN, || Ratio { id: 1.0 }, |_| ()).await.map(|_| ()),
        db.ratios.where_(|r| r.id).equals(f64::NAN).to_vec().await.map(|_| ()),
    ];
    for error in errors {
        assert!(
            matches!(&error, Err(Error::Data { table, row: None, message, .. }) if table == "ratios" && message.contains("NaN")),
            "{error:?}"
        );
    }
    assert!(db.ratios.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_change_that_makes_the_key_nan_changes_nothing() -> Result<()> {
    let db: Cases = fresh("refused to nan").await;
    db.ratios.bulk_add(&[Ratio { id: 0.5 }, Ratio { id: 1.5 }]).await?;
    let error = db.ratios.update(0.5, |r| r.id = f64::NAN).await;
    assert!(matches!(&error, Err(Error::Data { table, row: None, .. }) if table == "ratios"), "{error:?}");
    let error = db
        .ratios
        .bulk_update([0.5, 1.5].map(|id| (id, |r: &mut Ratio| r.id = if r.id < 1.0 { 9.0 } else { f64::NAN })))
        .await;
    assert!(matches!(&error, Err(Error::Data { row: Some(1), .. })), "{error:?}");
    assert_eq!(db.ratios.to_vec().await?, [Ratio { id: 0.5 }, Ratio { id: 1.5 }]);
    Ok(())
}

#[wasm_bindgen_test]
async fn bad_input_inside_a_transaction_leaves_it_usable() -> Result<()> {
    let db: Cases = fresh("refused inside").await;
    db.transaction(Mode::ReadWrite, (&db.ratios, &db.boards), async |(ratios, boards)| {
        let nan = ratios.add(&Ratio { id: f64::NAN }).await;
        assert!(matches!(nan, Err(Error::Data { .. })), "{nan:?}");
        let map = boards.bulk_add(&[Board { id: 1, stones: [].into() }, board(2)]).await;
        assert!(matches!(map, Err(Error::Encode { row: Some(1), .. })), "{map:?}");
        ratios.add(&Ratio { id: 2.0 }).await
    })
    .await?;
    assert_eq!(db.ratios.primary_keys().await?, [2.0]);
    assert!(db.boards.is_empty().await?);
    Ok(())
}

/// A comment with so many levels of answers.
fn discussion(id: u32, levels: usize) -> Comment {
    let last = Comment { id, answers: vec![] };
    (0..levels).fold(last, |answer, _| Comment { id, answers: vec![answer] })
}

// What is read is 256 levels deep at most: a record and a list for each comment.
#[wasm_bindgen_test]
async fn what_is_too_deep_to_be_read_again_is_not_stored() -> Result<()> {
    let db: Cases = fresh("refused deep").await;
    let (deepest, deeper) = (discussion(1, 127), discussion(2, 128));
    db.comments.add(&deepest).await?;
    let refused = db.comments.bulk_put(&[discussion(3, 1), deeper.clone()]).await;
    assert!(
        matches!(&refused, Err(Error::Encode { table, key: Some(AnyKey::Number(2.0)), row: Some(1), path, message })
            if table == "comments" && path.starts_with("answers[0].answers[0].") && message.contains("256")),
        "{refused:?}"
    );
    let refused = db.comments.update(1, move |row| *row = Comment { id: 1, ..deeper }).await;
    assert!(matches!(&refused, Err(Error::Encode { key: Some(AnyKey::Number(1.0)), .. })), "{refused:?}");
    assert_eq!(db.comments.to_vec().await?, [deepest]);
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, place?.post.code as u32")]
pub struct Parcel {
    id: u32,
    place: Option<Place>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Place {
    post: Post,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Post {
    #[serde(rename = "postCode")]
    code: u32,
}

schema! {
    struct Parcels("parcels");

    version 1 {
        parcels: Parcel,
    }
}

#[wasm_bindgen_test]
async fn a_nested_key_field_that_serde_renames_is_refused_when_its_database_is_opened() -> Result<()> {
    let db: Parcels = fresh("refused name").await;
    let parcel = Parcel { id: 1, place: Some(Place { post: Post { code: 8000 } }) };
    for error in [db.open().await.map(|()| 0), db.parcels.add(&parcel).await, db.parcels.count().await.map(|_| 0)] {
        assert!(
            matches!(&error, Err(Error::Unsupported { what }) if what.contains("`place.post.code` of the table `parcels`")),
            "{error:?}"
        );
    }
    Ok(())
}

/// As `serde_repr` stores it.
#[derive(Key, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum Priority {
    Low = 1,
    High = 2,
}

impl Serialize for Priority {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(if u8::deserialize(deserializer)? == 1 { Self::Low } else { Self::High })
    }
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, [priority+id]")]
struct Chore {
    id: u32,
    priority: Option<Priority>,
}

schema! {
    struct Chores("chores");

    version 1 {
        chores: Chore,
    }
}

#[wasm_bindgen_test]
async fn an_enum_that_serde_stores_as_a_number_is_refused_when_its_database_is_opened() -> Result<()> {
    let db: Chores = fresh("refused enum").await;
    for error in [db.chores.add(&Chore { id: 1, priority: Some(Priority::High) }).await, db.open().await.map(|()| 0)] {
        assert!(
            matches!(&error, Err(Error::Unsupported { what }) if what.contains("`priority` of the table `chores`: serde stores its type as a number")),
            "{error:?}"
        );
    }
    Ok(())
}
