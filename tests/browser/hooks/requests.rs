//! What hooks cost where there are none: counted at IndexedDB itself.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{App, Log, User, user, with_three};

/// Counts the requests of this page, from now on.
fn count_requests() {
    js_sys::eval(
        "if (globalThis.requests === undefined) {
            globalThis.requests = [];
            const reads = ['get', 'getAll', 'getAllRecords', 'getKey', 'getAllKeys', 'openCursor', 'openKeyCursor', 'count'];
            const counted = (of, names) => {
                for (const name of names) {
                    const original = of.prototype[name];
                    if (original === undefined) continue;
                    of.prototype[name] = function (...given) {
                        requests.push(name);
                        return original.apply(this, given);
                    };
                }
            };
            counted(IDBObjectStore, [...reads, 'add', 'put', 'delete', 'clear']);
            counted(IDBIndex, reads);
        }",
    )
    .expect("a script");
}

/// The requests since this was asked last.
fn requests() -> String {
    js_sys::eval("requests.splice(0).join(' ')").expect("a script").as_string().expect("text")
}

/// The requests of each way to write.
async fn writes(db: &App) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let mut note = || all.push(requests());
    requests();
    let id = db.users.add(&user("Dan", 1)).await?;
    note();
    db.users.put(&User { id, email: "d".into(), name: "Dan".into(), age: 2 }).await?;
    note();
    db.users.update(id, |row| row.age += 1).await?;
    note();
    db.users.bulk_put(&[User { id, email: "d".into(), name: "Dan".into(), age: 4 }]).await?;
    note();
    db.users.where_(|u| u.age).equals(4).modify(|row| row.age += 1).await?;
    note();
    db.users.delete(id).await?;
    note();
    db.users.where_(|u| u.id).above(100).delete().await?;
    note();
    db.transaction(Mode::ReadWrite, &db.users, async |users| users.update(1, |row| row.age += 1).await).await?;
    note();
    Ok(all)
}

// Case 241.
#[wasm_bindgen_test]
async fn a_table_without_hooks_makes_no_more_requests() -> Result<()> {
    let db = with_three("hooks requests").await?;
    count_requests();
    let before = writes(&db).await?;
    assert_eq!(before[0], "add", "{before:?}");
    assert_eq!(before[1], "put", "{before:?}");
    assert_eq!(before[5], "delete", "{before:?}");

    // Neither do hooks of another table cost anything, nor an overlay that is open on it.
    db.logs.hook().on_add(async |_: Added<Log>| Ok(()));
    let tx = db.logs.start_transaction(Overlay::Optimistic);
    tx.add(&Log { action: "pending".into() }).await?;
    assert_eq!(writes(&db).await?, before);

    let hooks = db.users.hook();
    let id = hooks.on_add(async |_: Added<User>| Ok(()));
    let hooked = writes(&db).await?;
    assert_ne!(hooked, before, "what a hook is told has to be read");
    assert!(hooks.remove(id));
    assert_eq!(writes(&db).await?, before);
    Ok(())
}
