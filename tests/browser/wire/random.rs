//! Random transactions and random faults, over a real wire: in the end both have the same table.

use indexie_tests::wasm_bindgen_test;
use serde_json::{Value, json};

use crate::server::{Server, caught_up, delete, insert, rows, update};

/// Numbers that look random, and are the same for the same seed.
struct Chance(u32);

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit
    }
}

fn fault(chance: &mut Chance) -> Value {
    let on = ["initial", "catch_up", "long_poll", "sse"][chance.below(4) as usize];
    let at =
        [json!({"frame": 1}), json!("character"), json!({"byte": chance.below(400)})][chance.below(3) as usize].clone();
    let mut fault = match chance.below(6) {
        0..3 => json!({"fault": "cut", "at": at}),
        3 => json!({"fault": "status", "status": 503}),
        4 => json!({"fault": "replay", "back": 1}),
        _ => json!({"fault": "split", "bytes": 3}),
    };
    fault["on"] = json!([on]);
    fault["times"] = json!(1);
    fault
}

async fn soak(seed: u32) {
    let Some(server) = Server::with_table(&format!("wire_soak_{seed}")).await else { return };
    let mut chance = Chance(seed * 7_919 + 1);
    let (mut ids, mut next) = ((1..=30).collect::<Vec<i32>>(), 31);
    server.transact(ids.iter().copied().map(insert).collect()).await;
    let db = server.database().await;
    let mut sync = Some(caught_up(&db, server.shape()).await);
    for _ in 0..30 {
        let some = |chance: &mut Chance, ids: &[i32]| chance.below(u32::try_from(ids.len()).unwrap_or(1)) as usize;
        match chance.below(8) {
            0..3 => {
                ids.push(next);
                server.transact(vec![insert(next), update(next, &json!({"amount": next}))]).await;
                next += 1;
            }
            3 | 4 => {
                let id = ids[some(&mut chance, &ids)];
                server.transact(vec![update(id, &json!({"name": format!("é {}", chance.below(100))}))]).await;
            }
            5 => {
                let id = ids.swap_remove(some(&mut chance, &ids));
                server.transact(vec![delete(id)]).await;
            }
            6 => server.fault(fault(&mut chance)).await,
            _ => {
                sync = None;
                let again = db.items.sync_electric(server.shape()).await;
                sync = sync.or(again.ok());
            }
        }
    }
    let txid = server.insert(1_000).await;
    sync.expect("it runs").await_txid(txid).await.expect("it comes");
    assert_eq!(rows(&db).await, server.rows().await, "seed {seed}");
}

#[wasm_bindgen_test]
async fn both_have_the_same_table_in_the_end() {
    for seed in 1..=4 {
        soak(seed).await;
    }
}
