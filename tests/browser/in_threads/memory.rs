//! The storage in memory, which threads share: a window must not sleep while it waits for another one.

use futures::future::{join, join_all};
use indexie::prelude::*;
use indexie_tests::{UserDb, user};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::spawn::thread;

fn in_memory(name: &str) -> UserDb {
    UserDb::builder().name(name).storage(Storage::Memory).build()
}

#[wasm_bindgen_test]
async fn rows_in_memory_are_there_for_every_thread() -> Result<()> {
    let db = in_memory("threads: memory");
    db.users.add(&user("a", "Ada", 36)).await?;
    let handle = db.clone();
    let there = thread(move || async move {
        let ada = handle.users.get_by(|u| u.email, "a").await?;
        handle.users.add(&user("b", "Bob", 30)).await?;
        Ok::<_, Error>(ada.map(|u| u.name))
    })
    .await?;
    assert_eq!(there.as_deref(), Some("Ada"));
    assert_eq!(db.users.order_by(|u| u.age).primary_keys().await?, [2, 1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn transactions_in_memory_of_several_threads_follow_one_another() -> Result<()> {
    async fn count(db: UserDb) -> Result<()> {
        for _ in 0..25 {
            db.transaction(Mode::ReadWrite, &db.users, async |users| {
                let age = users.get(1).await?.map_or(0, |u| u.age);
                users.update(1, move |u| u.age = age + 1).await?;
                users.get(1).await
            })
            .await?;
        }
        Ok(())
    }
    let db = in_memory("threads: memory counted");
    db.users.add(&user("a", "Ada", 0)).await?;
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
