//! What hooks get. Cases 226 to 232 of area H.

use std::cell::RefCell;
use std::rc::Rc;

use indexie::Date;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{App, Event, Log, Total, event, fresh};

/// The changed fields of the last update, as JSON.
async fn changes(db: &App, change: impl FnOnce(&mut Event) + 'static) -> Result<String> {
    let seen: Rc<RefCell<String>> = Rc::default();
    let into = seen.clone();
    let id = db.events.hook().on_update(async move |e: Updated<Event>| {
        assert_eq!((e.key.as_str(), e.old.id.as_str(), e.new.id.as_str()), ("a", "a", "a"));
        *into.borrow_mut() =
            e.changes().into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ");
        Ok(())
    });
    db.events.update("a", change).await?;
    db.hooks_settled().await?;
    db.events.hook().remove(id);
    Ok(seen.take())
}

#[wasm_bindgen_test]
async fn the_changed_fields_by_value() -> Result<()> {
    let db: App = fresh("hooks changes").await;
    db.events.add(&event("a")).await?;
    assert_eq!(changes(&db, |row| row.place.city = "Bergen".into()).await?, r#"place: {"city":"Bergen","zip":1}"#);
    // Equal arrays and dates are the same, however they came about.
    assert_eq!(
        changes(&db, |row| (row.tags, row.at) = (vec!["a".into(), "b".into()], Date::from_millis(1_000))).await?,
        ""
    );
    assert_eq!(changes(&db, |row| row.tags.push("c".into())).await?, r#"tags: ["a","b","c"]"#);
    let date = serde_json_of(&Date::from_millis(2_000));
    assert_eq!(changes(&db, |row| row.at = Date::from_millis(2_000)).await?, format!("at: {date}"));
    // A dot in a name is part of the name; a field that has gone is null.
    assert_eq!(changes(&db, |row| row.note = Some("x".into())).await?, r#"the.note: "x""#);
    assert_eq!(changes(&db, |row| row.note = None).await?, "the.note: null");
    Ok(())
}

fn serde_json_of(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("a value")
}

#[wasm_bindgen_test]
async fn of_a_row_that_does_not_go_into_json_no_changes_are_told() -> Result<()> {
    let db: App = fresh("hooks big numbers").await;
    let seen: Rc<RefCell<Vec<String>>> = Rc::default();
    let into = seen.clone();
    db.totals.hook().on_update(async move |e: Updated<Total>| {
        let changes = serde_json::to_string(&e.changes())?;
        into.borrow_mut().push(format!("{}->{} {changes}", e.old.sum, e.new.sum));
        Ok(())
    });
    let big = u128::from(u64::MAX) + 1;
    db.totals.add(&Total { id: 1, sum: 1, note: "a".into() }).await?;
    for sum in [u128::from(u64::MAX), big, big + 1, 2] {
        db.totals.update(1, move |row| row.sum = sum).await?;
    }
    db.hooks_settled().await?;
    let expected = [
        r#"1->18446744073709551615 {"sum":18446744073709551615}"#,
        "18446744073709551615->18446744073709551616 {}",
        "18446744073709551616->18446744073709551617 {}",
        "18446744073709551617->2 {}",
    ];
    assert_eq!(*seen.borrow(), expected);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_outside_of_the_rows_are_told() -> Result<()> {
    let db: App = fresh("hooks outside keys").await;
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (added, deleted) = (seen.clone(), seen.clone());
    db.logs.hook().on_add(async move |e: Added<Log>| {
        added.borrow_mut().push((e.key, e.item.action));
        Ok(())
    });
    db.logs.hook().on_delete(async move |e: Deleted<Log>| {
        deleted.borrow_mut().push((Some(e.key), e.item.action));
        Ok(())
    });
    assert_eq!(db.logs.add(&Log { action: "one".into() }).await?, 1);
    assert_eq!(db.logs.add_with_key(&Log { action: "two".into() }, 7).await?, 7);
    db.logs.clear().await?;
    db.hooks_settled().await?;
    let expected = [(Some(1), "one"), (Some(7), "two"), (Some(1), "one"), (Some(7), "two")];
    assert_eq!(*seen.borrow(), expected.map(|(key, action)| (key, action.to_owned())));
    Ok(())
}
