//! Another thread is the server, and writes whenever it likes.

use std::collections::BTreeMap;

use futures::executor::block_on;
use indexie::prelude::*;

use super::model::{Chance, PATIENCE, World};
use super::tests::Person;
use crate::OverlayTransaction;
use crate::table::Pending;

/// Another thread writes while overlays do: what comes in the end is what is stored, with the fields over it that are pending.
#[test]
fn what_another_thread_stores_meanwhile_comes_beneath() -> Result<()> {
    block_on(async {
        for seed in 1..=60 {
            let mut chance = Chance(seed);
            let mut world = World::new(&mut chance).await?;
            // By overlay and row: the fields that it has changed.
            let mut pending: Vec<(Optimistic, BTreeMap<u32, Fields>)> = Vec::new();
            for step in 0..12_u32 {
                let (elsewhere, mut its_chance) = (world.server.clone(), Chance(seed * 1_000 + u64::from(step)));
                let thread = std::thread::spawn(move || {
                    block_on(async {
                        for number in 0..4 {
                            let (id, fields) = (1 + its_chance.below(6), Fields::one(&mut its_chance, 2 * number));
                            let update = elsewhere.people.update(id, move |row| fields.put(row));
                            update.await.expect("it can be changed");
                        }
                    });
                });
                match chance.below(4) {
                    0 if pending.len() < 3 => {
                        pending.push((world.db.people.start_transaction(Overlay::Optimistic), BTreeMap::new()));
                    }
                    1 if !pending.is_empty() => {
                        let (tx, _) = pending.remove(chance.at(pending.len()));
                        if chance.below(2) == 0 { tx.rollback() } else { drop(tx.commit().await?) }
                    }
                    _ if !pending.is_empty() => {
                        let at = chance.at(pending.len());
                        let (id, fields) = (1 + chance.below(6), Fields::one(&mut chance, 1 + 2 * step));
                        let to = fields.clone();
                        pending[at].0.update(id, move |row| to.put(row)).await?;
                        pending[at].1.entry(id).or_default().extend(fields);
                    }
                    _ => {}
                }
                thread.join().expect("it does not panic");
                let mut expected = world.server.people.to_vec().await?;
                for row in &mut expected {
                    for (_, fields) in &pending {
                        fields.get(&row.id).cloned().unwrap_or_default().put(row);
                    }
                }
                let mut seen = Vec::new();
                for _ in 0..PATIENCE {
                    seen = world.db.people.to_vec().await?;
                    if seen == expected {
                        break;
                    }
                }
                assert_eq!(seen, expected, "seed {seed}, step {step}");
                world.check_live(&format!("seed {seed}, step {step}")).await?;
            }
        }
        Ok(())
    })
}

type Optimistic = OverlayTransaction<Table<Person, Pending>>;

/// Some fields of a row, with values that nobody else gives them.
#[derive(Clone, Debug, Default)]
struct Fields {
    name: Option<String>,
    age: Option<u32>,
}

impl Fields {
    fn one(chance: &mut Chance, number: u32) -> Self {
        let value = 1_000 * number + 3 + chance.below(900);
        if chance.below(2) == 0 {
            Self { name: Some(value.to_string()), age: None }
        } else {
            Self { name: None, age: Some(value) }
        }
    }

    fn put(self, row: &mut Person) {
        row.name = self.name.unwrap_or_else(|| row.name.clone());
        row.age = self.age.unwrap_or(row.age);
    }

    fn extend(&mut self, other: Self) {
        self.name = other.name.or(self.name.take());
        self.age = other.age.or(self.age);
    }
}
