//! One database value on several threads, all of which read and write at the same time.

use std::sync::LazyLock;

use futures::future::{join, join_all};
use indexie::prelude::*;
use indexie_tests::{NewUser, User, UserDb, fresh, user};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::spawn::thread;

fn numbered(number: u32) -> NewUser {
    user(&number.to_string(), "Zoë", number)
}

#[wasm_bindgen_test]
async fn rows_that_a_thread_has_written_are_there_for_all() -> Result<()> {
    let db: UserDb = fresh("threads: written").await;
    let handle = db.clone();
    let id = thread(move || async move { handle.users.add(&user("a", "Ada", 36)).await }).await?;
    assert!(!db.is_open(), "each thread opens a connection of its own");
    let ada = User { id, email: "a".into(), name: "Ada".into(), age: 36, tags: vec![] };
    let users = db.users.clone();
    assert_eq!(thread(move || async move { users.get_by(|u| u.email, "a").await }).await?.as_ref(), Some(&ada));
    assert_eq!(db.users.to_vec().await?, [ada]);
    Ok(())
}

#[wasm_bindgen_test]
async fn two_threads_write_at_the_same_time() -> Result<()> {
    async fn add_one_by_one(db: UserDb, from: u32) -> Result<Vec<u32>> {
        let mut keys = Vec::new();
        for number in from..from + 100 {
            keys.push(db.users.add(&numbered(number)).await?);
        }
        Ok(keys)
    }
    let db: UserDb = fresh("threads: at the same time").await;
    let handle = db.clone();
    let there = thread(move || add_one_by_one(handle, 1_000));
    let (here, there) = join(add_one_by_one(db.clone(), 0), there).await;
    let mut keys = [here?, there?].concat();
    keys.sort_unstable();
    assert_eq!(keys, (1..=200).collect::<Vec<u32>>());
    let ages = db.users.order_by(|u| u.age).keys::<u32>().await?;
    assert_eq!(ages, (0..100).chain(1_000..1_100).collect::<Vec<u32>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn transactions_of_several_threads_follow_one_another() -> Result<()> {
    async fn count(db: UserDb) -> Result<()> {
        for _ in 0..25 {
            db.transaction(Mode::ReadWrite, &db.users, async |users| {
                let age = users.get(1).await?.map_or(0, |u| u.age);
                users.where_(|u| u.name).equals("nobody").count().await?;
                users.update(1, move |u| u.age = age + 1).await?;
                users.get(1).await
            })
            .await?;
        }
        Ok(())
    }
    let db: UserDb = fresh("threads: one another").await;
    db.users.add(&numbered(0)).await?;
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let db = db.clone();
            thread(move || count(db))
        })
        .collect();
    let (here, there) = join(count(db.clone()), join_all(threads)).await;
    here?;
    there.into_iter().collect::<Result<Vec<()>>>()?;
    assert_eq!(db.users.get(1).await?.map(|u| u.age), Some(100));
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_of_another_thread_says_what_happened() -> Result<()> {
    let db: UserDb = fresh("threads: error").await;
    db.users.add(&numbered(1)).await?;
    let users = db.users.clone();
    let error = thread(move || async move { users.bulk_add(&[numbered(2), numbered(1)]).await }).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: Some(index), key: Some(key), row: Some(1) })
            if table == "users" && index == "email" && *key == "1".into()),
        "{error:?}"
    );
    assert_eq!(db.users.count().await?, 1);
    Ok(())
}

// Views of the memory that JavaScript has made before another thread made it grow end too early.
#[wasm_bindgen_test]
async fn the_memory_may_grow_in_one_thread_while_another_reads_and_writes() -> Result<()> {
    let db: UserDb = fresh("threads: growing").await;
    let growing = thread(|| async {
        let mut blocks: Vec<Vec<u8>> = Vec::new();
        for _ in 0..40 {
            blocks.push(vec![1; 4 << 20]);
            crate::anywhere::sleep(5).await;
        }
        blocks.iter().map(Vec::len).sum::<usize>()
    });
    let working = async {
        for turn in 0..40 {
            let rows: Vec<NewUser> = (0..100).map(|n| numbered(turn * 100 + n)).collect();
            let keys = db.users.bulk_add(&rows).await?;
            let read = db.users.bulk_get(keys).await?;
            let same = rows
                .iter()
                .zip(&read)
                .all(|(row, read)| read.as_ref().is_some_and(|read| read.email == row.email && read.name == "Zoë"));
            assert!(same && read.len() == 100, "{read:?}");
        }
        Ok::<_, Error>(())
    };
    let (grown, worked) = join(growing, working).await;
    worked?;
    assert_eq!(grown, 160 << 20);
    assert_eq!(db.users.count().await?, 4_000);
    Ok(())
}

static DB: LazyLock<UserDb> = LazyLock::new(|| UserDb::builder().name("threads: static").build());

#[wasm_bindgen_test]
async fn a_database_in_a_static_serves_every_thread() -> Result<()> {
    DB.delete().await?;
    DB.users.add(&numbered(1)).await?;
    let there = thread(|| async { DB.users.add(&numbered(2)).await }).await?;
    assert_eq!(there, 2);
    assert_eq!(DB.users.primary_keys().await?, [1, 2]);
    Ok(())
}
