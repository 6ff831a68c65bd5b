//! The same with live queries, hooks and transactions that are seen before they are stored: what an app takes on that uses all.

#![forbid(unsafe_code)]

use std::hint::black_box;

use futures::StreamExt;
use indexie::prelude::*;
use indexie::{Added, Overlay, Updated};
use size::tour::{NewUser, User, alice, tour};

schema! {
    /// One table.
    pub struct AppDb("size-whole");

    version 1 {
        users: User,
    }
}

fn main() {
    size::start(async {
        let db = AppDb::new();
        db.open().await?;
        tell(&db);
        tour(&db, &db.users).await?;
        sign_up(&db).await?;
        watch(&db).await
    });
}

/// Hooks that hear of rows, and a guard that refuses some.
fn tell(db: &AppDb) {
    db.users
        .hook()
        .on_add(async |event: Added<User>| if event.item.done { Err(Error::user("done").into()) } else { Ok(()) });
    db.users
        .hook()
        .on_update(async |event: Updated<User>| if event.key > 0 { Ok(()) } else { Err(Error::user("key").into()) });
    db.users.hook().before_add(|user: &mut NewUser| {
        user.email = user.email.to_lowercase();
        Ok(())
    });
    db.on_hook_error(|failure| drop(black_box(failure.error().to_string())));
}

async fn sign_up(db: &AppDb) -> Result<()> {
    let tx = db.users.start_transaction(Overlay::Optimistic);
    let key = tx.add(&alice()).await?;
    tx.update(key, |user| user.age += 1).await?;
    tx.commit().await?;
    Ok(())
}

async fn watch(db: &AppDb) -> Result<()> {
    let mut adults = db.users.where_(|u| u.age).above(18).order_by(|u| u.name).limit(20).live();
    let _count = db.users.count().live().subscribe(|count| drop(black_box(count.map_err(|error| error.to_string()))));
    while let Some(rows) = adults.next().await {
        for user in &rows? {
            db.users.delete(user.id).await?;
        }
    }
    Ok(())
}
