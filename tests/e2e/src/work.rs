//! The work that tabs are killed in the middle of, and that which holds a connection.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use indexie::prelude::*;

use crate::shop::{Account, Item, NewEntry, NewScrap, v1};
use crate::state::{self, Shop};

const NAMES: [&str; 8] = ["Anvil", "Bell", "Candle", "Drum", "Easel", "Flute", "Globe", "Harp"];
const ACCOUNTS: u32 = 4;
/// Transfers of one transaction.
const TRANSFERS: u32 = 20;

fn items(from: u32, count: u32, round: u32) -> Vec<Item> {
    let item = |id: u32| Item { id, name: NAMES[id as usize % NAMES.len()].to_owned(), round };
    (from..from + count).map(item).collect()
}

/// Fills a new shop: so many items in round 0, a scrap for every tenth, and four accounts without money.
pub async fn stock(shop: v1::Shop, count: u32) -> Result<()> {
    shop.items.bulk_add(&items(1, count, 0)).await?;
    let scraps: Vec<NewScrap> = (1..=count / 10).map(|n| NewScrap { item: n * 10 }).collect();
    shop.scraps.bulk_add(&scraps).await?;
    let accounts: Vec<Account> = (1..=ACCOUNTS).map(|id| Account { id, balance: 0 }).collect();
    shop.accounts.bulk_add(&accounts).await?;
    Ok(())
}

/// Adds items in one call.
pub async fn add_items(shop: v1::Shop, from: u32, count: u32) -> Result<()> {
    shop.items.bulk_add(&items(from, count, 0)).await?;
    Ok(())
}

/// Adds items one by one, all in the same turn of the event loop.
pub async fn add_at_once(shop: v1::Shop, from: u32, count: u32) -> Result<()> {
    let items = items(from, count, 0);
    let adding = items.iter().map(|item| shop.items.add(item));
    futures::future::try_join_all(adding).await.map(drop)
}

/// Replaces items in one call.
pub async fn put_items(shop: v1::Shop, count: u32, round: u32) -> Result<()> {
    shop.items.bulk_put(&items(1, count, round)).await?;
    Ok(())
}

/// Puts every item into a round, in one call.
pub async fn modify_items(shop: v1::Shop, round: u32) -> Result<usize> {
    shop.items.where_(|item| item.id).at_least(1).modify(move |item| item.round = round).await
}

/// Deletes what a query finds.
pub async fn delete_items(shop: v1::Shop) -> Result<usize> {
    shop.items.where_(|item| item.name).any_of(["Anvil", "Bell", "Candle", "Drum"]).delete().await
}

/// Replaces all items by fewer, in one transaction.
pub async fn restock(shop: v1::Shop, count: u32, round: u32) -> Result<()> {
    let new = items(1, count, round);
    shop.transaction(Mode::ReadWrite, &shop.items, async move |items| {
        items.clear().await?;
        for chunk in new.chunks(250) {
            items.bulk_add(chunk).await?;
        }
        Ok(())
    })
    .await
}

/// Moves money around: transactions over two tables, each of many steps. The accounts always hold what their entries say,
/// and together nothing.
pub async fn transfer(shop: v1::Shop, transactions: u32) -> Result<()> {
    for number in 0..transactions {
        let scope = (&shop.accounts, &shop.entries);
        shop.transaction(Mode::ReadWrite, scope, async move |(accounts, entries)| {
            for step in 0..TRANSFERS {
                let (from, to) = (step % ACCOUNTS + 1, (step + number) % ACCOUNTS + 1);
                let amount = i32::try_from(number + step + 1).unwrap_or(1);
                accounts.update(from, move |account| account.balance -= amount).await?;
                entries.add(&NewEntry { account: from, amount: -amount }).await?;
                accounts.update(to, move |account| account.balance += amount).await?;
                entries.add(&NewEntry { account: to, amount }).await?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Keeps a write transaction running until `release` is called, and then writes once more.
pub async fn hold(shop: v1::Shop) -> Result<()> {
    state::set_released(false);
    shop.transaction(Mode::ReadWrite, &shop.items, async |items| {
        while !state::is_released() {
            items.get(1).await?;
        }
        items.update(1, |item| item.round += 1).await?;
        Ok(())
    })
    .await
}

/// What single operations came to, one after the other.
#[derive(Debug, Default)]
pub struct Outcomes {
    pub succeeded: u32,
    /// How many of those came after the first failure.
    pub succeeded_later: u32,
    pub errors: Vec<String>,
}

impl Outcomes {
    fn note<R>(&mut self, result: Result<R>) {
        match result {
            Ok(_) => {
                self.succeeded += 1;
                self.succeeded_later += u32::from(!self.errors.is_empty());
            }
            Err(error) => self.errors.push(format!("{error:?}")),
        }
    }
}

/// Reads and writes, one operation after the other, until `release` is called.
pub async fn go_on(shop: v1::Shop) -> Outcomes {
    state::set_released(false);
    let mut outcomes = Outcomes::default();
    for id in 1_000_000.. {
        if state::is_released() {
            break;
        }
        outcomes.note(shop.items.count().await);
        outcomes.note(shop.items.bulk_put(&items(id, 1, 0)).await);
        outcomes.note(shop.items.update(id, |item| item.round += 1).await);
    }
    outcomes
}

/// Opens and closes the database, with queries in between.
pub async fn open_and_close(shop: v1::Shop, times: u32) -> Result<()> {
    for _ in 0..times {
        shop.open().await?;
        queries(&shop).await?;
        shop.close();
    }
    Ok(())
}

/// Makes a database object, uses it and drops it.
pub async fn make_and_drop(name: &str, times: u32) -> Result<()> {
    for _ in 0..times {
        let Shop::V1(shop) = Shop::new(1, name)? else { continue };
        queries(&shop).await?;
    }
    Ok(())
}

/// Makes a database object, begins to open it and drops it.
pub async fn make_and_drop_at_once(name: &str, times: u32) -> Result<()> {
    for _ in 0..times {
        let Shop::V1(shop) = Shop::new(1, name)? else { continue };
        let mut opening = shop.open();
        // Polled once, it has begun.
        let begun = futures::future::poll_fn(|context| Poll::Ready(Pin::new(&mut opening).poll(context).is_pending()));
        if !begun.await {
            return Err(Error::user("the database was open at once"));
        }
    }
    Ok(())
}

async fn queries(shop: &v1::Shop) -> Result<()> {
    shop.items.where_(|item| item.name).starts_with("B").limit(10).to_vec().await?;
    shop.accounts.update(1, |account| account.balance += 1).await?;
    let missing = shop.accounts.update(99, |account| account.balance += 1).await;
    if !matches!(missing, Err(Error::NotFound { .. })) {
        return Err(Error::user("there is no such account"));
    }
    shop.transaction(Mode::ReadWrite, (&shop.accounts, &shop.entries), async |(accounts, entries)| {
        accounts.get(1).await?;
        entries.count().await?;
        Ok(())
    })
    .await
}
