//! Two versions of a database of items.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, &name")]
pub struct Item {
    pub id: u32,
    pub name: String,
    pub count: u32,
}

pub mod first {
    use super::{Item, schema};

    schema! {
        pub struct Items("items");

        version 1 {
            items: Item,
        }
    }
}

pub mod second {
    use indexie::Result;

    use super::{Item, Upgrade, schema};

    schema! {
        pub struct Items("items");

        version 1 {
            items: "id, &name",
        }
        version 2 {
            items: Item,
        } upgrade count_again
    }

    async fn count_again(tx: Upgrade) -> Result<()> {
        tx.table::<Item>("items")?.modify(|item| item.count = 0).await?;
        Ok(())
    }
}

pub use first::Items;

pub fn item(id: u32) -> Item {
    Item { id, name: format!("item {id}"), count: 1 }
}

/// The first version, with the items 1 to 3.
pub async fn items() -> Result<Items> {
    let db = Items::new();
    db.items.bulk_add(&[item(1), item(2), item(3)]).await?;
    Ok(db)
}

/// The second version.
pub fn newer() -> second::Items {
    second::Items::new()
}
