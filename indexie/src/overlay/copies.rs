//! What a write costs does not grow with what is pending already: layers are not copied.

use futures::executor::block_on;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};

use super::layer::COPIED;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &text", new(derive(Clone, Debug)))]
struct Line {
    id: u32,
    text: String,
    count: u32,
}

schema! {
    struct Lines("lines");

    version 1 {
        lines: Line,
    }
}

fn line(at: usize) -> NewLine {
    NewLine { text: at.to_string(), count: 0 }
}

/// How many rows of layers are copied meanwhile.
async fn copied<R>(steps: impl Future<Output = Result<R>>) -> Result<usize> {
    let before = COPIED.get();
    steps.await?;
    Ok(COPIED.get() - before)
}

#[test]
fn a_write_into_an_overlay_leaves_what_is_pending_where_it_is() -> Result<()> {
    block_on(async {
        for overlay in [Overlay::Optimistic, Overlay::Standard] {
            for synced in [false, true] {
                let db = Lines::new();
                if synced {
                    super::set_synced(&db.lines.shared, db.lines.store, true);
                }
                let tx = db.lines.start_transaction(overlay);
                let rows = copied(async {
                    for at in 0..100 {
                        let key = tx.add(&line(at)).await?;
                        tx.update(key, |row| row.count += 1).await?;
                    }
                    Ok(())
                });
                assert_eq!(rows.await?, 0, "{overlay:?} {synced}");
                assert_eq!(tx.where_(|l| l.text).equals("7").to_vec().await?[0].count, 1);
                tx.commit().await?;
                assert_eq!(db.lines.count().await?, 100);
                db.lines.clear().await?;
            }
        }
        Ok(())
    })
}

#[test]
fn a_savepoint_copies_once() -> Result<()> {
    block_on(async {
        let db = Lines::new();
        let tx = db.lines.start_transaction(Overlay::Optimistic);
        for at in 0..50 {
            tx.add(&line(at)).await?;
        }
        let rows = copied(tx.savepoint(async || {
            for at in 50..100 {
                tx.add(&line(at)).await?;
            }
            Ok(())
        }));
        assert_eq!(rows.await?, 50);
        tx.commit().await?;
        assert_eq!(db.lines.count().await?, 100);
        Ok(())
    })
}

#[test]
fn many_rows_are_changed_without_copies_of_what_has_been() -> Result<()> {
    block_on(async {
        let db = Lines::new();
        db.lines.bulk_add(&(0..3000).map(line).collect::<Vec<_>>()).await?;
        let tx = db.lines.start_transaction(Overlay::Optimistic);
        assert_eq!(copied(tx.filter(|_| true).modify(|row| row.count += 1)).await?, 0);
        tx.commit().await?;
        db.lines.hook().on_update(async |_: Updated<Line>| Ok(()));
        assert_eq!(copied(db.lines.filter(|_| true).modify(|row| row.count += 1)).await?, 0);
        let changes = (1..=3000_u32).map(|id| (id, |row: &mut Line| row.count += 1));
        assert_eq!(copied(db.lines.bulk_update(changes)).await?, 0);
        assert!(db.lines.to_vec().await?.iter().all(|row| row.count == 3));
        db.hooks_settled().await
    })
}
