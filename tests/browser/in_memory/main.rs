//! The library in a browser's window, without IndexedDB: in memory.
#![cfg(target_family = "wasm")]

/// What an app does, but for a look at what the browser has stored.
#[path = "../anywhere"]
mod anywhere {
    mod opening;
    mod rows;
    mod transactions;

    #[allow(dead_code, reason = "made for another target, which needs all of it")]
    #[path = "../tables/plain.rs"]
    mod plain;

    use crate::{builder, fresh};
}

use std::ops::Deref;

use indexie::prelude::*;
use indexie::{Builder, Database, Indexie};
use indexie_tests::{UserDb, user};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn builder<D: Database>(name: &str) -> Builder<D> {
    Builder::new().name(name).storage(Storage::Memory)
}

async fn fresh<D: Database + Deref<Target = Indexie>>(name: &str) -> D {
    let db: D = builder(name).build();
    db.delete().await.expect("the old database goes");
    db
}

#[wasm_bindgen_test]
async fn indexed_db_knows_nothing_of_it() -> Result<()> {
    let db: UserDb = fresh("in memory: unknown").await;
    db.users.add(&user("a", "Ada", 36)).await?;
    assert!(!indexie::database_names().await?.contains(&"in memory: unknown".to_owned()));
    assert_eq!(builder::<UserDb>("in memory: unknown").build().users.count().await?, 1);
    Ok(())
}
