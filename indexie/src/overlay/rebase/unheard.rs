//! Without live queries nothing is heard of what is committed: rows are read again.

use futures::executor::block_on;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};

use super::set_synced;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name, age")]
struct Person {
    id: u32,
    name: String,
    age: u32,
}

schema! {
    struct Town("town");

    version 1 {
        people: Person,
    }
}

#[test]
fn what_is_stored_meanwhile_is_beneath_what_is_pending() -> Result<()> {
    block_on(async {
        let (db, server) = (Town::builder().build(), Town::builder().build());
        let ann = |name: &str, age| Person { id: 1, name: name.into(), age };
        server.people.put(&ann("Ann", 20)).await?;
        set_synced(&db.people.shared, db.people.store, true);
        let lower = db.people.start_transaction(Overlay::Optimistic);
        let upper = db.people.start_transaction(Overlay::Standard);
        lower.update(1, |row| row.name = "Anna".into()).await?;
        server.people.update(1, |row| row.age = 21).await?;
        assert_eq!(db.people.get(1).await?, Some(ann("Anna", 21)));
        upper.update(1, |row| row.age += 10).await?;
        server.people.update(1, |row| row.name = "Annie".into()).await?;
        assert_eq!(upper.get(1).await?, Some(ann("Anna", 31)));
        lower.rollback();
        assert_eq!(upper.get(1).await?, Some(ann("Annie", 31)));
        upper.commit().await?;
        assert_eq!(server.people.get(1).await?, Some(ann("Annie", 31)));
        Ok(())
    })
}
