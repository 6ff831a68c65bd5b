//! How far an upgrade has come, and giving it up in the middle.

use std::cell::RefCell;

#[cfg(target_family = "wasm")]
use futures::FutureExt;
use indexie::UpgradeProgress;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, stored};

#[derive(Serialize, Deserialize)]
struct Old {
    id: u32,
    name: String,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("name")]
struct Named {
    name: String,
}

/// Whose names are their numbers.
fn numbered(count: usize) -> impl Iterator<Item = crate::fixtures::NewPerson> + 'static {
    (1..=count).map(|at| crate::fixtures::NewPerson { name: at.to_string() })
}

fn note_progress(UpgradeProgress { version, table, done, total, .. }: UpgradeProgress) {
    let total = total.map_or("?".to_owned(), |total| total.to_string());
    note(format!("{version} {table} {done}/{total}"));
}

async fn shout(tx: &Upgrade) -> Result<usize> {
    tx.table::<Old>("users")?.modify(|user| user.name.push('!')).await
}

#[wasm_bindgen_test]
async fn each_step_tells_of_its_rows() -> Result<()> {
    schema! { struct Before("upgrades: progress"); version 1 { users: Person } }
    schema! {
        struct After("upgrades: progress");
        version 1 { users: "++id, name" }
        version 2 {} upgrade to_2
        version 3 {} upgrade to_3
        version 4 { users: Named }
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        shout(&tx).await?;
        tx.table::<Old>("users")?.where_("id").below(10).modify(|_| ()).await.map(|_| ())
    }
    async fn to_3(tx: Upgrade) -> Result<()> {
        tx.migrate::<Old, Person>("users", |old| Person { id: old.id, name: old.name + "?" }).await.map(|_| ())
    }
    stored::<Before>(async |db| db.users.import(numbered(1_200)).await.map(|_| ())).await?;
    noted();

    let db = After::builder().on_upgrade_progress(note_progress).build();
    assert_eq!(db.users.count().await?, 1_200);

    let told = noted();
    let of = |version: &str| told.iter().filter_map(|line| line.strip_prefix(version)).collect::<Vec<_>>();
    assert_eq!(
        of("2 users "),
        ["0/1200", "500/1200", "1000/1200", "1200/1200", "0/9", "9/9"],
        "part after part, and one of few rows at once"
    );
    assert_eq!(of("3 users "), ["500/1200", "1000/1200", "1200/1200"]);
    assert_eq!(of("4 users "), ["0/1200", "1200/1200"], "a copy under another key");
    assert!(db.users.get("7!?").await?.is_some());
    Ok(())
}

#[wasm_bindgen_test]
async fn without_anybody_who_listens_it_is_the_same() -> Result<()> {
    schema! { struct Before("upgrades: no progress"); version 1 { users: Person } }
    schema! { struct After("upgrades: no progress"); version 1 { users: Person } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        assert_eq!(shout(&tx).await?, 1_200);
        Ok(())
    }
    stored::<Before>(async |db| db.users.import(numbered(1_200)).await.map(|_| ())).await?;
    assert_eq!(After::new().users.where_(|u| u.name).equals("1200!").count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_fails_in_a_later_part_can_be_caught_and_leaves_nothing() -> Result<()> {
    schema! { struct Before("upgrades: caught part"); version 1 { users: Person } }
    schema! { struct After("upgrades: caught part"); version 1 { users: Person } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Old>("users")?;
        let failed = users
            .modify(|user| match user.id {
                2 => user.id = 5_000,
                1_100 => user.id = 1,
                _ => user.name.push('?'),
            })
            .await;
        assert!(
            matches!(&failed, Err(Error::Constraint { key: Some(key), row: Some(1_099), .. }) if *key == 1.into()),
            "{failed:?}"
        );
        users.delete(1).await
    }
    stored::<Before>(async |db| db.users.import(numbered(1_200)).await.map(|_| ())).await?;

    let rows = After::new().users.to_vec().await?;

    let expected: Vec<Person> = (2..=1_200).map(|id| Person { id, name: id.to_string() }).collect();
    assert_eq!(rows, expected);
    Ok(())
}

schema! { struct Given("upgrades: given up"); version 1 { users: Person } }

thread_local!(static DATABASE: RefCell<Option<indexie::Indexie>> = const { RefCell::new(None) });

#[wasm_bindgen_test]
async fn closed_by_whom_it_tells_the_old_version_is_whole() -> Result<()> {
    schema! { struct After("upgrades: given up"); version 1 { users: Person } version 2 { users: Person, more: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        shout(&tx).await.map(|_| ())
    }
    stored::<Given>(async |db| db.users.import(numbered(2_000)).await.map(|_| ())).await?;
    let db = After::builder()
        .on_upgrade_progress(|progress| {
            if progress.done >= 1_000
                && let Some(database) = DATABASE.take()
            {
                database.close();
            }
        })
        .build();
    DATABASE.set(Some((*db).clone()));

    let opened = db.open().await;

    assert!(matches!(&opened, Err(Error::Closed { database }) if database == "upgrades: given up"), "{opened:?}");
    let old: Vec<Person> = (1..=2_000).map(|id| Person { id, name: id.to_string() }).collect();
    let given = Given::new();
    assert_eq!(given.users.to_vec().await?, old);
    given.close();
    db.open().await?;
    assert_eq!(db.users.where_(|u| u.name).equals("2000!").count().await?, 1, "the second time it goes through");
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn once_nobody_waits_for_it_the_old_version_is_whole() -> Result<()> {
    schema! { struct Dropped("upgrades: dropped"); version 1 { users: Person } }
    schema! { struct After("upgrades: dropped"); version 1 { users: Person } version 2 { users: Person, more: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        shout(&tx).await.map(|_| ())
    }
    stored::<Dropped>(async |db| db.users.import(numbered(3_000)).await.map(|_| ())).await?;
    noted();
    let db = After::builder().on_upgrade_progress(note_progress).build();

    let mut opening = db.open();
    let ended = loop {
        if (&mut opening).now_or_never().is_some() {
            break true;
        }
        if noted().iter().any(|line| line == "2 users 500/3000") {
            break false;
        }
        crate::plain::sleep(0).await;
    };
    drop(opening);

    assert!(!ended, "given up in the middle");
    let old: Vec<Person> = (1..=3_000).map(|id| Person { id, name: id.to_string() }).collect();
    assert_eq!(Dropped::new().users.to_vec().await?, old);
    assert!(noted().iter().all(|line| !line.ends_with("3000/3000")), "nothing goes on behind it");
    Ok(())
}
