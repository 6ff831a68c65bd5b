//! A `Vec<u8>` that is indexed later: what is binary elsewhere is an array of numbers under a multi-entry index, and what is
//! empty is binary under an index of its own.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{note, noted, stored};

/// Before: nothing of it is indexed.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id")]
struct File {
    id: u32,
    levels: Vec<u8>,
    hash: Vec<u8>,
    parts: Vec<Vec<u8>>,
    flags: Vec<bool>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, *levels, hash, [hash+id], *parts, flags")]
struct Indexed {
    id: u32,
    levels: Vec<u8>,
    hash: Vec<u8>,
    parts: Vec<Vec<u8>>,
    flags: Vec<bool>,
}

async fn files(table: &Table<File>) -> Result<()> {
    let file = |levels: &[u8], hash: &[u8], parts: &[&[u8]], flags: &[bool]| NewFile {
        levels: levels.to_vec(),
        hash: hash.to_vec(),
        parts: parts.iter().map(|part| part.to_vec()).collect(),
        flags: flags.to_vec(),
    };
    let files =
        [file(&[1, 2], &[], &[&[], &[9]], &[true, false]), file(&[], &[7], &[], &[]), file(&[2], &[7], &[], &[])];
    table.bulk_add(&files).await.map(|_| ())
}

const EMPTY: Vec<u8> = Vec::new();

#[wasm_bindgen_test]
async fn rows_of_before_are_found_by_the_new_index() -> Result<()> {
    schema! { struct Old("upgrades: bytes"); version 1 { files: File } }
    schema! {
        struct New("upgrades: bytes");
        version 1 { files: "++id" }
        version 2 { files: Indexed }
    }
    stored::<Old>(async |old| files(&old.files).await).await?;

    let db = New::new();

    assert_eq!(db.files.where_(|f| f.levels).equals(2).primary_keys().await?, [1, 3]);
    assert_eq!(db.files.order_by(|f| f.levels).keys::<u8>().await?, [1, 2, 2]);
    assert_eq!(db.files.where_(|f| f.hash).equals(EMPTY).primary_keys().await?, [1]);
    assert_eq!(db.files.where_(|f| f.hash).equals(vec![7]).primary_keys().await?, [2, 3]);
    assert_eq!(db.files.where_(|f| f.hash_id).equals((EMPTY, 1)).primary_keys().await?, [1]);
    assert_eq!(db.files.where_(|f| f.parts).equals(EMPTY).primary_keys().await?, [1]);
    assert_eq!(db.files.where_(|f| f.parts).equals(vec![9]).primary_keys().await?, [1]);
    assert_eq!(db.files.where_(|f| f.flags).equals(vec![true, false]).primary_keys().await?, [1]);
    let first = db.files.get(1).await?.expect("the first row");
    assert_eq!((first.levels, first.hash, first.parts), (vec![1, 2], EMPTY, vec![EMPTY, vec![9]]));
    Ok(())
}

#[wasm_bindgen_test]
async fn the_function_finds_them_too() -> Result<()> {
    schema! { struct Old("upgrades: bytes in the function"); version 1 { files: File } }
    schema! {
        struct New("upgrades: bytes in the function");
        version 1 { files: "++id" }
        version 2 { files: Indexed } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let files = tx.table::<File>("files")?;
        note(files.where_("levels").equals(2).count().await?);
        note(files.where_("hash").equals(EMPTY).count().await?);
        Ok(())
    }
    stored::<Old>(async |old| files(&old.files).await).await?;
    noted();

    New::new().open().await?;

    assert_eq!(noted(), ["2", "1"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn they_follow_an_index_that_becomes_another_kind_or_goes() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++id, levels, *hash")]
    struct Swapped {
        id: u32,
        levels: Vec<u8>,
        hash: Vec<u8>,
    }
    schema! { struct Old("upgrades: bytes swapped"); version 1 { files: File } }
    schema! {
        struct Second("upgrades: bytes swapped");
        version 1 { files: "++id" }
        version 2 { files: Indexed }
    }
    schema! {
        struct Third("upgrades: bytes swapped");
        version 2 { files: "++id, *levels, hash, [hash+id], *parts, flags" }
        version 3 { files: Swapped }
    }
    schema! {
        struct Fourth("upgrades: bytes swapped");
        version 3 { files: "++id, levels, *hash" }
        version 4 { files: File }
    }
    stored::<Old>(async |old| files(&old.files).await).await?;
    let second = Second::new();
    second.open().await?;
    second.close();

    let third = Third::new();
    assert_eq!(third.files.where_(|f| f.levels).equals(EMPTY).primary_keys().await?, [2]);
    assert_eq!(third.files.where_(|f| f.levels).equals(vec![1, 2]).primary_keys().await?, [1]);
    assert_eq!(third.files.where_(|f| f.hash).equals(7).primary_keys().await?, [2, 3]);
    third.close();

    let rows = Fourth::new().files.to_vec().await?;
    let rows: Vec<_> = rows.into_iter().map(|file| (file.levels, file.hash, file.parts)).collect();
    assert_eq!(
        rows,
        [(vec![1, 2], EMPTY, vec![EMPTY, vec![9]]), (EMPTY, vec![7], Vec::new()), (vec![2], vec![7], Vec::new())]
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn bytes_become_wider_numbers() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++id, hash")]
    struct Narrow {
        id: u32,
        hash: Vec<u8>,
    }
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++id, *hash")]
    struct Wide {
        id: u32,
        hash: Vec<u32>,
    }
    schema! { struct Old("upgrades: bytes widened"); version 1 { files: Narrow } }
    schema! {
        struct New("upgrades: bytes widened");
        version 1 { files: "++id, hash" }
        version 2 { files: Wide }
    }
    stored::<Old>(async |old| {
        old.files.bulk_add(&[NewNarrow { hash: vec![1, 255] }, NewNarrow { hash: EMPTY }]).await.map(|_| ())
    })
    .await?;

    let db = New::new();

    assert_eq!(db.files.where_(|f| f.hash).equals(255).primary_keys().await?, [1]);
    assert_eq!(db.files.get(2).await?, Some(Wide { id: 2, hash: Vec::new() }));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_key_can_be_made_of_them_and_be_given_up() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("hash, *levels")]
    struct ByHash {
        id: u32,
        levels: Vec<u8>,
        hash: Vec<u8>,
    }
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("id, levels, *hash")]
    struct ById {
        id: u32,
        levels: Vec<u8>,
        hash: Vec<u8>,
    }
    schema! { struct Old("upgrades: bytes in keys"); version 1 { files: File } }
    schema! { struct Keyed("upgrades: bytes in keys"); version 1 { files: "++id" } version 2 { files: ByHash } }
    schema! { struct New("upgrades: bytes in keys"); version 2 { files: "hash, *levels" } version 3 { files: ById } }
    stored::<Old>(async |old| {
        files(&old.files).await?;
        old.files.delete(3).await
    })
    .await?;

    let keyed = Keyed::new();
    assert_eq!(keyed.files.primary_keys().await?, [EMPTY, vec![7]]);
    assert_eq!(keyed.files.where_(|f| f.levels).equals(1).primary_keys().await?, [EMPTY]);
    assert_eq!(keyed.files.get(EMPTY).await?.map(|file| file.id), Some(1));
    keyed.close();

    let db = New::new();
    assert_eq!(db.files.primary_keys().await?, [1, 2]);
    assert_eq!(db.files.where_(|f| f.hash).equals(7).primary_keys().await?, [2]);
    assert_eq!(db.files.where_(|f| f.levels).equals(vec![1, 2]).primary_keys().await?, [1]);
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn nothing_else_of_the_row_changes() -> Result<()> {
    use crate::plain;

    schema! { struct New("upgrades: bytes and the rest"); version 2 { files: Indexed } }
    let row = "{ levels: new Uint8Array([1, 2]), hash: [], at: new Date(7), parts: [[], new Uint8Array([9])], flags: [true], more: new Uint8Array([3]) }";
    let upgrade = format!("db.createObjectStore('files', {{ keyPath: 'id', autoIncrement: true }}).add({row});");
    plain::create("upgrades: bytes and the rest", 1, &upgrade).await;

    New::new().open().await?;

    let stored = plain::stored("upgrades: bytes and the rest", "files", "1").await;
    let expected = r#"{"levels":[1,2],"hash":"Uint8Array()","at":"Date(7)","parts":["Uint8Array()","Uint8Array(9)"],"flags":[1],"more":"Uint8Array(3)","id":1}"#;
    assert_eq!(stored.as_deref(), Some(expected));
    Ok(())
}
