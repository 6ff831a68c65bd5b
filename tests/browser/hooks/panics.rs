//! Hooks that panic, and handlers that do: the table's other hooks are called all the same. In wasm a panic is an exception that goes
//! through it and unwinds nothing; the test runner would take a real one for the failure of the test.

use std::cell::RefCell;
use std::rc::Rc;

use indexie::prelude::*;
#[cfg(target_family = "wasm")]
use indexie_tests::Uncaught;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{App, Ear, User, user, with_three};

#[cfg(target_family = "wasm")]
fn panic() -> ! {
    wasm_bindgen::throw_str("a panic")
}

#[cfg(not(target_family = "wasm"))]
fn panic() -> ! {
    panic!("a panic")
}

/// Elsewhere a panic unwinds, and ends where the hook was called.
#[cfg(not(target_family = "wasm"))]
struct Uncaught;

#[cfg(not(target_family = "wasm"))]
impl Uncaught {
    fn listen() -> Self {
        Self
    }

    #[allow(clippy::unused_self, reason = "as in a page")]
    fn heard(self) -> Vec<String> {
        Vec::new()
    }
}

/// Hooks of which the first one panics at Dan and, after a request, at Eve.
async fn panicking(name: &str) -> Result<(App, Ear)> {
    let db = with_three(name).await?;
    let (ear, inner) = (Ear::default(), db.clone());
    let (first, second) = (ear.clone(), ear.clone());
    db.users.hook().on_add(async move |e: Added<User>| {
        if e.item.name == "Dan" {
            panic();
        }
        inner.users.count().await?;
        if e.item.name == "Eve" {
            panic();
        }
        first.hear(format!("first {}", e.item.name));
        Ok(())
    });
    db.users.hook().on_add(async move |e: Added<User>| {
        second.hear(format!("second {}", e.item.name));
        Ok(())
    });
    Ok((db, ear))
}

const HEARD: [&str; 4] = ["second Dan", "second Eve", "first Flo", "second Flo"];

#[wasm_bindgen_test]
async fn a_hook_that_panics_ends_no_others() -> Result<()> {
    let uncaught = Uncaught::listen();
    let (db, ear) = panicking("hooks panic").await?;
    let failures: Rc<RefCell<Vec<String>>> = Rc::default();
    let into = failures.clone();
    db.on_hook_error(move |failure| into.borrow_mut().push(format!("{:?} {}", failure.key(), failure.error())));
    db.users.bulk_add(&[user("Dan", 1), user("Eve", 2), user("Flo", 3)]).await?;
    assert_eq!(ear.settled(&db).await?, HEARD);
    let expected = ["Some(Number(4.0)) it has panicked", "Some(Number(5.0)) it has panicked"];
    assert_eq!(*failures.borrow(), expected);
    assert_eq!(uncaught.heard().len(), if cfg!(target_family = "wasm") { 2 } else { 0 });
    Ok(())
}

#[wasm_bindgen_test]
async fn a_handler_that_panics_ends_no_hooks() -> Result<()> {
    let uncaught = Uncaught::listen();
    let (db, ear) = panicking("hooks handler panic").await?;
    db.on_hook_error(|_| panic());
    db.users.bulk_add(&[user("Dan", 1), user("Eve", 2), user("Flo", 3)]).await?;
    assert_eq!(ear.settled(&db).await?, HEARD);
    // The handler's own are heard too.
    assert_eq!(uncaught.heard().len(), if cfg!(target_family = "wasm") { 4 } else { 0 });
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_that_a_write_waits_for_fails_it() -> Result<()> {
    let uncaught = Uncaught::listen();
    let (db, ear) = panicking("hooks network panic").await?;
    let inner = db.clone();
    db.users.hook().on_update(async move |e: Updated<User>| {
        inner.users.count().await?;
        if e.new.age == 0 {
            panic();
        }
        Ok(())
    });
    db.users.set_strategy(Strategy::NetworkFirst);
    for (name, age) in [("Dan", 50), ("Eve", 60)] {
        let failed = db.users.add(&user(name, age)).await;
        let Err(Error::Hook { table, message, .. }) = failed else { panic!("{failed:?}") };
        assert_eq!((table.as_str(), message.as_str()), ("users", "it has panicked"));
    }
    let failed = db.users.update(1, |row| row.age = 0).await;
    assert!(matches!(&failed, Err(Error::Hook { key: Some(key), .. }) if *key == 1.into()), "{failed:?}");
    // Whatever is written next does not wait for them, nor count as a part of them.
    assert_eq!(db.users.update(1, |row| row.age = 21).await?.age, 21);
    assert_eq!(db.users.filter(|row| row.age > 0).modify(|row| row.age += 1).await?, 3);
    assert_eq!(db.users.add(&user("Flo", 1)).await?, 4);
    assert_eq!(ear.heard(), ["first Flo", "second Flo"]);

    db.users.set_strategy(Strategy::LocalFirst);
    for name in ["Dan", "Eve"] {
        let tx = db.users.start_transaction(Overlay::Optimistic);
        tx.add(&user(name, 1)).await?;
        assert_eq!(db.users.count().await?, 5);
        let failed = tx.commit().await;
        assert!(matches!(&failed, Err(Error::Hook { key: None, .. })), "{failed:?}");
        assert_eq!(db.users.count().await?, 4, "nothing is pending any more");
    }
    let ages: Vec<u32> = db.users.to_vec().await?.iter().map(|row| row.age).collect();
    assert_eq!(ages, [22, 31, 41, 1]);
    assert_eq!(uncaught.heard().len(), if cfg!(target_family = "wasm") { 5 } else { 0 });
    Ok(())
}
