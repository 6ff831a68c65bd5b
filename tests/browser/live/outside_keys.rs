//! Live queries of rows whose keys are outside of them, or given by the browser.

use std::rc::Rc;

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Friends, NewTodo, Note, Todo, fresh, next};

fn note(text: &str) -> Note {
    Note { text: text.into() }
}

fn texts(rows: &[Rc<Note>]) -> Vec<&str> {
    rows.iter().map(|row| row.text.as_str()).collect()
}

// Case 286.
#[wasm_bindgen_test]
async fn rows_under_keys_apart_are_kept_in_their_order() -> Result<()> {
    let db: Friends = fresh("live outbound").await;
    let mut all = db.notes.live();
    let mut some = db.notes.where_(|n| n.key).starts_with("b").live();
    let mut keys = db.notes.primary_keys().live();
    let mut entries = db.notes.entries().live();
    let mut one = db.notes.get("b").live();
    assert_eq!(next(&mut all).await, []);
    assert_eq!(next(&mut some).await, []);
    assert_eq!(next(&mut one).await, None);
    assert!(next(&mut keys).await.is_empty());
    assert!(next(&mut entries).await.is_empty());
    db.notes.put_with_key(&note("two"), "b").await?;
    db.notes.add_with_key(&note("one"), "a").await?;
    assert_eq!(texts(&next(&mut all).await), ["one", "two"]);
    assert_eq!(texts(&next(&mut some).await), ["two"]);
    assert_eq!(next(&mut one).await, Some(note("two")));
    assert_eq!(next(&mut keys).await, ["a", "b"]);
    assert_eq!(next(&mut entries).await[1], ("b".to_owned(), note("two")));
    db.notes.update("b", |row| row.text = "zwei".into()).await?;
    assert_eq!(texts(&next(&mut some).await), ["zwei"]);
    db.notes.delete("a").await?;
    assert_eq!(texts(&next(&mut all).await), ["zwei"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_generated_key_is_part_of_the_row() -> Result<()> {
    let db: Friends = fresh("live generated").await;
    let mut all = db.todos.order_by(|t| t.title).live();
    assert_eq!(next(&mut all).await, []);
    let id = db.todos.add(&NewTodo { title: "b".into() }).await?;
    assert_eq!(*next(&mut all).await[0], Todo { id, title: "b".into() });
    let more = ["c", "a"].map(|title| NewTodo { title: title.into() });
    let ids = db.todos.bulk_add(&more).await?;
    let expected: Vec<u32> = vec![ids[1], id, ids[0]];
    assert_eq!(next(&mut all).await.iter().map(|row| row.id).collect::<Vec<_>>(), expected);
    db.transaction(Mode::ReadWrite, &db.todos, async |todos| todos.put(&NewTodo { title: "d".into() }).await).await?;
    assert_eq!(next(&mut all).await[3].title, "d");
    Ok(())
}
