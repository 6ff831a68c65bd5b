//! The contract's and the seed's examples, and overlays over several tables.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Member, Note, member, names, player, stored, with_rows};

/// The seed's "Optimistic Transactions": a hook that fails rolls the page back by itself.
#[wasm_bindgen_test]
async fn the_seeds_optimistic_transaction() -> Result<()> {
    let db = with_rows("overlay seed optimistic").await?;
    db.members.hook().on_add(
        async |e: Added<Member>| {
            if e.item.age < 18 { Err(HookError::new("the server says no")) } else { Ok(()) }
        },
    );
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.add(&member("Dan", 50)).await?;
    assert_eq!(names(&db.members).await?.len(), 4);
    tx.commit().await?;
    assert_eq!(stored(&db).await?.len(), 4);
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.add(&member("Eve", 5)).await?;
    assert_eq!(names(&db.members).await?.len(), 5);
    assert!(matches!(tx.commit().await, Err(Error::Hook { .. })));
    assert_eq!(names(&db.members).await?.len(), 4);
    Ok(())
}

/// The seed's "Standard Transactions": both changes at once, or none.
#[wasm_bindgen_test]
async fn the_seeds_standard_transaction() -> Result<()> {
    let db = with_rows("overlay seed standard").await?;
    for fails in [true, false] {
        let tx = db.players.start_transaction(Overlay::Standard);
        tx.update("Ida", |row| row.points -= 1).await?;
        tx.update("Joe", |row| row.points += 1).await?;
        assert_eq!(db.players.to_vec().await?, [player("Ida", 5), player("Joe", 7)]);
        if fails {
            tx.rollback();
            assert_eq!(db.players.to_vec().await?, [player("Ida", 5), player("Joe", 7)]);
        } else {
            tx.commit().await?;
            assert_eq!(db.players.to_vec().await?, [player("Ida", 4), player("Joe", 8)]);
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn several_tables_are_stored_together_or_not_at_all() -> Result<()> {
    let db = with_rows("overlay several").await?;
    let tx = db.start_transaction(Overlay::Optimistic, (&db.members, &db.notes));
    let (members, notes) = tx.tables();
    members.add(&member("Dan", 50)).await?;
    notes.add(&Note { text: "Dan is here".into() }).await?;
    assert_eq!((db.members.count().await?, db.notes.count().await?), (4, 1));
    // The second table's rows clash, and the first one's are not stored either.
    db.members.add(&member("Dan", 1)).await?;
    assert!(tx.commit().await.is_err());
    assert_eq!((db.members.count().await?, db.notes.count().await?), (4, 0));
    let all = db.start_transaction(Overlay::Standard, db.all());
    all.members.add(&member("Eve", 50)).await?;
    all.players.delete("Ida").await?;
    let committed = all.commit().await?;
    assert_eq!(committed.keys(&db.members).len(), 1);
    assert_eq!(db.players.primary_keys().await?, ["Joe"]);
    Ok(())
}
