//! Which storage it is, and whose rows are in it.

use indexie::prelude::*;

use crate::fixtures::{Items, item, items};

#[tokio::test]
async fn the_default_is_the_memory() -> Result<()> {
    let db = items().await?;
    let explicit = Items::builder().storage(Storage::Memory).build();
    assert_eq!(explicit.items.count().await?, 3);
    explicit.items.add(&item(4)).await?;
    assert_eq!(db.items.count().await?, 4);
    Ok(())
}

#[tokio::test]
async fn there_is_no_indexed_db_off_the_web() {
    let db = Items::builder().storage(Storage::IndexedDb).build();
    let errors = [
        db.open().await,
        db.items.count().await.map(|_| ()),
        db.items.add(&item(1)).await.map(|_| ()),
        db.transaction(Mode::Read, &db.items, async |items| items.count().await).await.map(|_| ()),
        db.delete().await,
    ];
    for error in errors {
        assert!(matches!(&error, Err(Error::Unsupported { what }) if what.contains("Storage::Memory")), "{error:?}");
    }
}

#[tokio::test]
async fn a_database_is_there_once_it_has_been_opened() -> Result<()> {
    let db = Items::new();
    assert!(!Items::exists().await?);
    db.open().await?;
    Items::builder().name("others").build().open().await?;
    assert!(Items::exists().await?);
    assert_eq!(indexie::database_names().await?, ["items", "others"]);
    db.delete().await?;
    assert_eq!(indexie::database_names().await?, ["others"]);
    db.items.add(&item(1)).await?;
    assert_eq!(db.items.count().await?, 1);
    Ok(())
}
