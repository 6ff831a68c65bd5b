//! Local first: hooks come after the commit, one after the other, and their failures are told.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::StreamExt;
use futures::channel::oneshot;
use futures::future::join;
use indexie::Mutation;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{App, Ear, Log, User, user, with_three};

#[wasm_bindgen_test]
async fn a_write_does_not_wait_for_its_hooks() -> Result<()> {
    let db = with_three("hooks background").await?;
    assert_eq!(db.users.strategy(), Strategy::LocalFirst);
    let (open, gate) = oneshot::channel::<()>();
    let (ear, gate) = (Ear::default(), Rc::new(RefCell::new(Some(gate))));
    let inner = ear.clone();
    db.users.hook().on_add(async move |e: Added<User>| {
        inner.hear(format!("{} begins", e.item.name));
        let gate = gate.borrow_mut().take();
        if let Some(gate) = gate {
            gate.await?;
        }
        inner.hear(format!("{} ends", e.item.name));
        Ok(())
    });
    let mut count = db.users.count().live();
    assert_eq!(count.next().await.transpose()?, Some(3));
    db.users.add(&user("Dan", 1)).await?;
    db.users.add(&user("Eve", 1)).await?;
    assert_eq!(count.next().await.transpose()?, Some(5), "stored and shown");
    db.users.count().await?;
    assert_eq!(ear.heard(), ["Dan begins"], "the next one waits for its turn");
    open.send(()).expect("it is waited for");
    assert_eq!(ear.settled(&db).await?, ["Dan ends", "Eve begins", "Eve ends"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_failure_is_told_and_can_be_tried_again() -> Result<()> {
    let db = with_three("hooks failure").await?;
    let failures: Rc<RefCell<Vec<HookFailure>>> = Rc::default();
    let into = failures.clone();
    db.on_hook_error(move |failure| into.borrow_mut().push(failure));
    let offline = Rc::new(Cell::new(true));
    let (ear, inner, is_offline) = (Ear::default(), Ear::default(), offline.clone());
    let (adding, ear_of_second) = (inner.clone(), ear.clone());
    db.users.hook().on_add(async move |e: Added<User>| {
        if is_offline.get() {
            return Err(HookError::new("offline"));
        }
        adding.hear(format!("sent {}", e.item.name));
        Ok(())
    });
    db.users.hook().on_add(async move |e: Added<User>| {
        ear_of_second.hear(e.item.name);
        Ok(())
    });
    db.users.hook().on_update(async |_: Updated<User>| {
        Err::<(), HookError>(std::io::Error::new(std::io::ErrorKind::TimedOut, "slow").into())
    });
    db.users.add(&user("Dan", 50)).await?;
    db.users.update(1, |row| row.age = 21).await?;
    assert_eq!(ear.settled(&db).await?, ["Dan"], "the other hook is called all the same");
    assert_eq!(db.users.count().await?, 4, "nothing is undone");
    let told = failures.take();
    assert_eq!(told.len(), 2);
    let [added, updated] = &told[..] else { panic!("{told:?}") };
    assert_eq!((added.table(), added.key(), added.mutation()), ("users", Some(&4.into()), Mutation::Add));
    assert_eq!(added.error().to_string(), "offline");
    assert_eq!(added.row::<User>().map(|row| (row.id, row.name)), Some((4, "Dan".into())));
    assert!(added.old::<User>().is_none());
    assert_eq!(updated.old::<User>().map(|row| row.age), Some(20));
    assert!(updated.error().downcast_ref::<std::io::Error>().is_some());
    let again = added.retry().await;
    assert!(
        matches!(&again, Err(Error::Hook { table, message, .. }) if table == "users" && message == "offline"),
        "{again:?}"
    );
    offline.set(false);
    added.retry().await?;
    assert_eq!(inner.heard(), ["sent Dan"]);
    assert!(failures.borrow().is_empty());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_may_use_the_database() -> Result<()> {
    let db = with_three("hooks inner").await?;
    let inner = db.clone();
    db.users.hook().on_add(async move |e: Added<User>| {
        inner.logs.add(&crate::fixtures::Log { action: format!("added {}", e.item.name) }).await?;
        inner.users.update(e.item.id, |row| row.age += 1).await?;
        Ok(())
    });
    db.users.add(&user("Dan", 50)).await?;
    db.hooks_settled().await?;
    assert_eq!(db.logs.to_vec().await?.len(), 1);
    assert_eq!(db.users.get(4).await?.map(|row| row.age), Some(51));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_may_wait_for_those_before_it() -> Result<()> {
    let db = with_three("hooks settled inside").await?;
    let (ear, inner) = (Ear::default(), db.clone());
    let (of_users, of_logs) = (ear.clone(), ear.clone());
    db.users.hook().on_add(async move |e: Added<User>| {
        inner.hooks_settled().await?;
        of_users.hear(e.item.name);
        Ok(())
    });
    let inner = db.clone();
    db.logs.hook().on_add(async move |e: Added<Log>| {
        for _ in 0..3 {
            inner.users.count().await?;
        }
        // Each of the two tables' hooks waits for those of the other one.
        inner.hooks_settled().await?;
        of_logs.hear(e.item.action);
        Ok(())
    });
    let tables = (&db.users, &db.logs);
    db.transaction(Mode::ReadWrite, tables, async move |(users, logs)| {
        logs.add(&Log { action: "first".into() }).await?;
        users.bulk_add(&[user("Dan", 1), user("Eve", 2)]).await?;
        logs.add(&Log { action: "last".into() }).await?;
        Ok(())
    })
    .await?;
    assert_eq!(ear.settled(&db).await?, ["first", "Dan", "Eve", "last"]);
    Ok(())
}

/// Users' hooks, of which the one for Dan waits for the sender.
async fn slow_for_dan(name: &str) -> Result<(App, Ear, oneshot::Sender<()>)> {
    let db = with_three(name).await?;
    let (open, gate) = oneshot::channel::<()>();
    let (ear, gate) = (Ear::default(), Rc::new(RefCell::new(Some(gate))));
    let (adding, updating) = (ear.clone(), ear.clone());
    db.users.hook().on_add(async move |e: Added<User>| {
        let gate = if e.item.name == "Dan" { gate.borrow_mut().take() } else { None };
        if let Some(gate) = gate {
            gate.await?;
        }
        adding.hear(format!("add {}", e.item.name));
        Ok(())
    });
    db.users.hook().on_update(async move |e: Updated<User>| {
        updating.hear(format!("update {} {}->{}", e.new.name, e.old.age, e.new.age));
        Ok(())
    });
    Ok((db, ear, open))
}

#[wasm_bindgen_test]
async fn those_of_an_overlay_come_after_those_that_are_due_for_its_rows() -> Result<()> {
    let (db, ear, open) = slow_for_dan("hooks before an overlay").await?;
    assert_eq!(db.users.add(&user("Dan", 50)).await?, 4);
    let other = db.users.start_transaction(Overlay::Optimistic);
    other.update(1, |row| row.age = 21).await?;
    other.commit().await?;
    assert_eq!(ear.heard(), ["update Ann 20->21"], "another row's does not wait");

    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.update(4, |row| row.age = 51).await?;
    let meanwhile = async {
        for _ in 0..20 {
            db.users.count().await?;
        }
        assert!(ear.heard().is_empty());
        assert_eq!(db.users.get(4).await?.map(|row| row.age), Some(51), "it is shown meanwhile");
        open.send(()).expect("it is waited for");
        Ok::<_, Error>(())
    };
    let (committed, meanwhile) = join(tx.commit(), meanwhile).await;
    meanwhile?;
    committed?;
    assert_eq!(ear.heard(), ["add Dan", "update Dan 50->51"]);
    assert_eq!(db.users.get(4).await?.map(|row| row.age), Some(51));
    Ok(())
}

#[wasm_bindgen_test]
async fn those_of_a_network_first_write_come_after_those_that_were_due_before() -> Result<()> {
    let (db, ear, open) = slow_for_dan("hooks before the network").await?;
    assert_eq!(db.users.add(&user("Dan", 50)).await?, 4);
    db.users.set_strategy(Strategy::NetworkFirst);
    let meanwhile = async {
        for _ in 0..20 {
            db.users.count().await?;
        }
        assert!(ear.heard().is_empty());
        open.send(()).expect("it is waited for");
        Ok::<_, Error>(())
    };
    let (updated, meanwhile) = join(db.users.update(4, |row| row.age = 51), meanwhile).await;
    meanwhile?;
    assert_eq!(updated?.age, 51);
    assert_eq!(ear.heard(), ["add Dan", "update Dan 50->51"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_that_writes_its_own_row_does_not_wait_for_itself() -> Result<()> {
    let db = with_three("hooks own row").await?;
    let (ear, inner) = (Ear::default(), db.clone());
    let updating = ear.clone();
    db.users.hook().on_add(async move |e: Added<User>| {
        let tx = inner.users.start_transaction(Overlay::Optimistic);
        tx.update(e.item.id, |row| row.age += 1).await?;
        tx.commit().await?;
        inner.users.set_strategy(Strategy::NetworkFirst);
        inner.users.update(e.item.id, |row| row.age += 1).await?;
        Ok(())
    });
    db.users.hook().on_update(async move |e: Updated<User>| {
        updating.hear(format!("{} {}->{}", e.key, e.old.age, e.new.age));
        Ok(())
    });
    db.users.bulk_add(&[user("Dan", 50), user("Eve", 60)]).await?;
    db.users.set_strategy(Strategy::NetworkFirst);
    // It waits for the hooks, which write the same row.
    assert_eq!(db.users.update(5, |row| row.age *= 2).await?.age, 124);
    assert_eq!(ear.settled(&db).await?, ["4 50->51", "4 51->52", "5 60->61", "5 61->62", "5 62->124"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_failure_is_told_after_the_last_handle_is_gone() -> Result<()> {
    let db = with_three("hooks last handle").await?;
    let failures: Rc<RefCell<Vec<String>>> = Rc::default();
    let into = failures.clone();
    db.on_hook_error(move |failure| into.borrow_mut().push(format!("{:?} {}", failure.key(), failure.error())));
    let (open, gate) = oneshot::channel::<()>();
    let gate = Rc::new(RefCell::new(Some(gate)));
    db.users.hook().on_add(async move |_: Added<User>| {
        let gate = gate.borrow_mut().take();
        if let Some(gate) = gate {
            gate.await?;
        }
        Err::<(), _>(HookError::new("offline"))
    });
    db.users.bulk_add(&[user("Dan", 1), user("Eve", 2)]).await?;
    drop(db);
    open.send(()).expect("it is waited for");
    let other = with_three("hooks another handle").await?;
    for _ in 0..20 {
        other.users.count().await?;
    }
    assert_eq!(*failures.borrow(), ["Some(Number(4.0)) offline", "Some(Number(5.0)) offline"]);
    assert_eq!(Rc::strong_count(&failures), 1, "the handler is gone, too");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_is_no_part_of_what_waits_meanwhile() -> Result<()> {
    let db = with_three("hooks beside").await?;
    let ear = Ear::default();
    let tx = db.users.start_transaction(Overlay::Optimistic);
    let (inner, pending, told) = (db.clone(), tx.tables().clone(), ear.clone());
    db.logs.hook().on_add(async move |e: Added<Log>| {
        match &*e.item.action {
            "update" => told.hear(format!("{:?}", inner.users.update(1, |row| row.age += 1).await.map(|row| row.age))),
            _ => told.hear(format!("{:?}", pending.add(&user("Dan", 50)).await.is_ok())),
        }
        Ok(())
    });

    // While a savepoint's body waits, which is undone.
    let inner = &db;
    let undone = tx.savepoint(async || {
        tx.add(&user("Eve", 60)).await?;
        inner.logs.add(&Log { action: "add".into() }).await?;
        for _ in 0..20 {
            inner.logs.count().await?;
        }
        Err::<(), _>(Error::user("no"))
    });
    assert!(matches!(undone.await, Err(Error::User(_))));
    assert_eq!(ear.settled(&db).await?, ["true"]);
    let names: Vec<String> = tx.to_vec().await?.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["Ann", "Bob", "Cid", "Dan"]);
    tx.rollback();

    // While a network-first hook waits: it is another write, which comes after that.
    db.users.set_strategy(Strategy::NetworkFirst);
    let inner = db.clone();
    db.users.hook().on_update(async move |e: Updated<User>| {
        if e.new.age == 77 {
            inner.logs.add(&Log { action: "update".into() }).await?;
            for _ in 0..20 {
                inner.logs.count().await?;
            }
        }
        Ok(())
    });
    assert_eq!(db.users.update(1, |row| row.age = 77).await?.age, 77);
    assert_eq!(ear.settled(&db).await?, ["Ok(78)"]);
    assert_eq!(db.users.get(1).await?.map(|row| row.age), Some(78));
    Ok(())
}
