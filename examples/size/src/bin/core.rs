//! One table, read and written: what an app takes on with this library.

#![forbid(unsafe_code)]

use indexie::prelude::*;
use size::tour::{User, tour};

schema! {
    /// One table.
    pub struct AppDb("size-core");

    version 1 {
        users: User,
    }
}

fn main() {
    size::start(async {
        let db = AppDb::new();
        db.open().await?;
        tour(&db, &db.users).await
    });
}
