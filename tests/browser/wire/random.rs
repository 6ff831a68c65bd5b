//! Random transactions and random faults, over a real wire: in the end both have the same table.

use indexie_tests::wasm_bindgen_test;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::server::{Server, caught_up, delete, insert, rows, update};

fn fault(chance: &mut Chance) -> Value {
    let on = ["initial", "catch_up", "long_poll", "sse"][chance.below(4)];
    let at = [json!({"frame": 1}), json!("character"), json!({"byte": chance.below(400)})][chance.below(3)].clone();
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
    let mut chance = Chance::new(seed.into());
    let (mut ids, mut next) = ((1..=30).collect::<Vec<i32>>(), 31);
    server.transact(ids.iter().copied().map(insert).collect()).await;
    let db = server.database().await;
    let mut sync = Some(caught_up(&db, server.shape()).await);
    for _ in 0..30 {
        match chance.below(8) {
            0..3 => {
                ids.push(next);
                server.transact(vec![insert(next), update(next, &json!({"amount": next}))]).await;
                next += 1;
            }
            3 | 4 => {
                let id = *chance.pick(&ids);
                server.transact(vec![update(id, &json!({"name": format!("é {}", chance.below(100))}))]).await;
            }
            5 => {
                let id = ids.swap_remove(chance.below(ids.len()));
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
