//! Random changes of things: single rows and many, transactions, savepoints and aborts.

use indexie::prelude::*;

use crate::programs::{Chance, Program, Thing, Things, thing, things};

/// One change, of whatever kind; says which.
pub async fn change(db: &Things, chance: &mut Chance) -> Result<String> {
    let id = 1 + chance.below(124);
    Ok(match chance.below(12) {
        0 | 1 => {
            db.things.put(&thing(id, chance)).await?;
            format!("put {id}")
        }
        2 => {
            let added = db.things.add(&thing(id, chance)).await;
            format!("add {id}: {}", added.is_ok())
        }
        3 => {
            db.things.delete(id).await?;
            format!("delete {id}")
        }
        4 => {
            let score = i32::try_from(chance.below(5)).unwrap_or(0) - 2;
            let updated = db.things.update(id, move |row| row.score = score).await;
            format!("update {id}: {}", updated.is_ok())
        }
        5 => {
            let to = 1 + chance.below(124);
            let moved = db.things.update(id, move |row| row.id = to).await;
            format!("move {id} to {to}: {}", moved.is_ok())
        }
        6 => {
            let rows: Vec<Thing> = (0..chance.below(30)).map(|_| thing(1 + chance.below(124), chance)).collect();
            db.things.bulk_put(&rows).await?;
            format!("bulk_put {:?}", rows.iter().map(|row| row.id).collect::<Vec<_>>())
        }
        7 => {
            let program = Program::random(chance);
            let count = program.ask(&db.things).limit(8).delete().await?;
            format!("delete {count} by {program:?}")
        }
        8 => {
            let program = Program::random(chance);
            let name = thing(id, chance).name;
            let count = program.ask(&db.things).modify(move |row| row.name.clone_from(&name)).await?;
            format!("modify {count} by {program:?}")
        }
        9 => {
            let rows: Vec<Thing> = (0..4).map(|_| thing(1 + chance.below(124), chance)).collect();
            let (aborts, undoes) = (chance.once_in(3), chance.once_in(2));
            let done = db
                .transaction(Mode::ReadWrite, &db.things, async move |things| {
                    things.put(&rows[0]).await?;
                    things.delete(rows[1].id).await?;
                    let tx = things.transaction();
                    let undone = tx.savepoint(async || {
                        things.bulk_put(&rows[1..]).await?;
                        if undoes { Err(Error::Stalled) } else { Ok(()) }
                    });
                    let _ = undone.await;
                    things.put(&rows[0]).await?;
                    if aborts { Err(Error::Stalled) } else { Ok(()) }
                })
                .await;
            format!("transaction: {}, with a savepoint undone: {undoes}", done.is_ok())
        }
        10 if chance.once_in(4) => {
            db.things.clear().await?;
            db.things.bulk_put(&things(chance)).await?;
            "clear and fill".to_owned()
        }
        _ => {
            let from = chance.below(120);
            let count = db.things.where_(|t| t.id).between(from..from + 4).delete().await?;
            format!("delete {count} from {from}")
        }
    })
}
