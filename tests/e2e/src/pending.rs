//! Overlay transactions and network-first writes in a tab that may not live to see them stored.

use std::cell::RefCell;

use indexie::prelude::*;
use indexie::{OverlayTransaction, Pending};
use serde_json::json;

use crate::shop::{Item, NewScrap, Scrap, v1};
use crate::state;

type Both = (Table<Item, Pending>, Table<Scrap, Pending>);

thread_local!(static PREPARED: RefCell<Option<OverlayTransaction<Both>>> = const { RefCell::new(None) });

/// Has the tab report each item that the server would have from now on.
fn listen(shop: &v1::Shop) {
    shop.items.hook().on_update(async |e: Updated<Item>| {
        state::report(json!({ "sent": e.key }));
        Ok(())
    });
}

/// Begins an overlay: so many items in another round, and a new scrap for each.
pub async fn prepare(shop: v1::Shop, count: u32, round: u32) -> Result<()> {
    listen(&shop);
    let tx = shop.start_transaction(Overlay::Optimistic, (&shop.items, &shop.scraps));
    let (items, scraps) = tx.tables();
    items.where_(|item| item.id).at_most(count).modify(move |item| item.round = round).await?;
    scraps.bulk_add(&(1..=count).map(|item| NewScrap { item }).collect::<Vec<_>>()).await?;
    PREPARED.with_borrow_mut(|prepared| *prepared = Some(tx));
    Ok(())
}

/// Commits it, whatever others have done meanwhile.
pub async fn commit() -> Result<()> {
    let tx = PREPARED.with_borrow_mut(Option::take).ok_or_else(|| Error::user("nothing is prepared"))?;
    tx.commit_overwriting().await.map(drop)
}

/// Both.
pub async fn prepare_and_commit(shop: v1::Shop, count: u32, round: u32) -> Result<()> {
    prepare(shop, count, round).await?;
    commit().await
}

/// Puts items into another round, network first.
pub async fn put_after_network(shop: v1::Shop, count: u32, round: u32) -> Result<()> {
    listen(&shop);
    shop.items.set_strategy(Strategy::NetworkFirst);
    shop.items.where_(|item| item.id).at_most(count).modify(move |item| item.round = round).await?;
    Ok(())
}
