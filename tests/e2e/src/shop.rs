//! One database in four versions: what older and newer programs declare.

use std::cell::Cell;

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

thread_local!(static UPGRADES: Cell<u32> = const { Cell::new(0) });

/// How many upgrade functions have been entered in this tab.
pub fn upgrades() -> u32 {
    UPGRADES.get()
}

/// Something for sale. `round` counts how often it was rewritten.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("id, name")]
pub struct Item {
    pub id: u32,
    pub name: String,
    pub round: u32,
}

/// An item of version 2: it has a `slug`.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("id, name, &slug")]
pub struct NamedItem {
    pub id: u32,
    pub name: String,
    pub round: u32,
    pub slug: String,
}

/// An item of version 3: no longer found by its name.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("id, &slug")]
pub struct SlugItem {
    pub id: u32,
    pub name: String,
    pub round: u32,
    pub slug: String,
}

/// An item of version 4: its slug is its key.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("slug, &title")]
pub struct Ware {
    pub slug: String,
    pub title: String,
    pub round: u32,
}

/// An item as the first builds of the oldest program declared it: not found by its name.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("id")]
pub struct UnindexedItem {
    pub id: u32,
    pub name: String,
    pub round: u32,
}

/// A row of the table that version 2 drops.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++id")]
pub struct Scrap {
    pub id: u32,
    pub item: u32,
}

/// A row of the table that version 2 brings.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++id, item")]
pub struct Label {
    pub id: u32,
    pub item: u32,
}

/// A label of version 4.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++id, text")]
pub struct Tag {
    pub id: u32,
    pub text: String,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("id")]
pub struct Account {
    pub id: u32,
    pub balance: i32,
}

/// One half of a transfer between two accounts.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++id, account")]
pub struct Entry {
    pub id: u32,
    pub account: u32,
    pub amount: i32,
}

/// What an upgrade reads and writes of an item, whatever its version.
#[derive(Serialize, Deserialize)]
struct AnyItem {
    id: u32,
    name: String,
    round: u32,
    slug: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

/// The first builds of the oldest program.
pub mod v1_without_index {
    use super::{Account, Entry, Scrap, UnindexedItem, schema};

    schema! {
        pub struct Shop("shop");

        version 1 {
            items: UnindexedItem,
            scraps: Scrap,
            accounts: Account,
            entries: Entry,
        }
    }
}

/// The oldest program.
pub mod v1 {
    use super::{Account, Entry, Item, Scrap, schema};

    schema! {
        pub struct Shop("shop");

        version 1 {
            items: Item,
            scraps: Scrap,
            accounts: Account,
            entries: Entry,
        }
    }
}

/// Items get slugs, scraps become labels.
pub mod v2 {
    use super::{Account, Entry, Label, NamedItem, add_labels, schema};

    schema! {
        pub struct Shop("shop");

        version 1 {
            items: "id, name",
            scraps: "++id",
            accounts: Account,
            entries: Entry,
        }
        version 2 {
            items: NamedItem,
            scraps: drop,
            labels: Label,
        } upgrade add_labels
    }
}

/// Items lose their names' index, accounts are rewritten.
pub mod v3 {
    use super::{Account, Entry, Label, SlugItem, add_labels, schema, start_a_round};

    schema! {
        pub struct Shop("shop");

        version 1 {
            items: "id, name",
            scraps: "++id",
            accounts: Account,
            entries: Entry,
        }
        version 2 {
            items: "id, name, &slug",
            scraps: drop,
            labels: Label,
        } upgrade add_labels
        version 3 {
            items: SlugItem,
        } upgrade start_a_round
    }
}

/// Everything is copied: items get another key, labels another shape, accounts another name.
pub mod v4 {
    use super::{Account, Entry, Tag, Ware, add_labels, furnish, restructure, schema, start_a_round};

    schema! {
        pub struct Shop("shop");

        version 1 {
            items: "id, name",
            scraps: "++id",
            accounts: Account,
            entries: Entry,
        }
        version 2 {
            items: "id, name, &slug",
            scraps: drop,
            labels: "++id, item",
        } upgrade add_labels
        version 3 {
            items: "id, &slug",
        } upgrade start_a_round
        version 4 {
            items: Ware,
            labels: Tag,
            accounts: drop,
            purses: Account,
        } upgrade restructure populate furnish
    }
}

async fn restructure(tx: Upgrade) -> Result<()> {
    UPGRADES.set(UPGRADES.get() + 1);
    tx.rename_store("accounts", "purses")?;
    tx.migrate::<Label, Tag>("labels", |label| Tag { id: label.id, text: format!("item {}", label.item) }).await?;
    let title = |item: &mut AnyItem| item.title = Some(format!("{} no. {}", item.name, item.id));
    tx.table::<AnyItem>("items")?.modify(title).await?;
    Ok(())
}

/// A new shop has something to sell.
async fn furnish(tx: Upgrade) -> Result<()> {
    let wares: Vec<Ware> =
        (0..3000).map(|at| Ware { slug: format!("ware-{at}"), title: format!("Ware no. {at}"), round: 0 }).collect();
    tx.table::<Ware>("items")?.bulk_add(&wares).await?;
    tx.table::<Account>("purses")?.add(&Account { id: 1, balance: 0 }).await?;
    Ok(())
}

async fn add_labels(tx: Upgrade) -> Result<()> {
    UPGRADES.set(UPGRADES.get() + 1);
    let scraps: Vec<Scrap> = tx.table("scraps")?.to_vec().await?;
    let labels = tx.table::<Label>("labels")?;
    for scrap in scraps {
        labels.add(&Label { id: scrap.id, item: scrap.item }).await?;
    }
    let name_it = |item: &mut AnyItem| item.slug = Some(format!("{}-{}", item.name.to_lowercase(), item.id));
    tx.table::<AnyItem>("items")?.modify(name_it).await?;
    Ok(())
}

async fn start_a_round(tx: Upgrade) -> Result<()> {
    UPGRADES.set(UPGRADES.get() + 1);
    tx.table::<AnyItem>("items")?.modify(|item| item.round += 1).await?;
    Ok(())
}
