//! Carries a database from its installed version to the newest one, inside the browser's versionchange transaction.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::connection::layout;
use super::{Session, Shared};
use crate::error::{Error, Result};
use crate::schema::{Alteration, Step, alterations, parse_installed, steps};
use crate::storage::indexed_db::{self, Thread};
use crate::upgrade::Upgrade;

/// Begins the upgrade: its first steps are done when this returns, the rest in the callbacks of its requests.
pub(super) fn begin(shared: &Shared, connection: u32) -> LocalBoxFuture<'static, Result<()>> {
    let (definition, name) = (shared.definition, shared.name.clone());
    let installed = Thread::get().old_version(connection);
    let done = layout(&shared.stores);
    indexed_db::adopt(shared.id, connection, |_| {
        async move {
            for step in steps(definition, installed) {
                let shared = Arc::new(Shared::during(definition, name.clone(), step.stores.clone()));
                walk(&step, connection, Session { shared, transaction: Some(connection) }).await?;
            }
            Thread::get().relayout(connection, &done);
            Ok(())
        }
        .boxed_local()
    })
}

async fn walk(step: &Step, connection: u32, session: Session) -> Result<()> {
    let thread = Thread::get();
    let installed = parse_installed(&thread.installed(connection));
    // A store that this version drops stays as it is until its rows have been read.
    let wanted: Vec<_> = step.stores.iter().filter(|(name, _)| !step.drops.contains(name)).copied().collect();
    for alteration in alterations(&installed, &wanted) {
        let (table, done) = match alteration {
            Alteration::CreateStore(table, schema) => {
                (table, thread.create_store(connection, table, &schema.key.path.text(), schema.key.auto))
            }
            Alteration::CreateIndex(table, index) => (table, thread.create_index(connection, table, &index)),
            Alteration::DeleteIndex(table, index) => (table, thread.delete_index(connection, table, &index)),
            Alteration::Refuse(what) => return Err(Error::Unsupported { what }),
        };
        done.map_err(|failure| failure.into_error(table))?;
    }
    thread.relayout(connection, &layout(&step.stores));
    if let Some(run) = step.run {
        run(Upgrade::new(session, step.version)).await?;
    }
    for table in &step.drops {
        let there = installed.iter().any(|store| store.name == *table);
        if there {
            thread.delete_store(connection, table).map_err(|failure| failure.into_error(table))?;
        }
    }
    Ok(())
}

/// Deletes a store at once.
pub(crate) fn drop_store(session: &Session, name: &str) -> Result<()> {
    let connection = session.transaction.unwrap_or_default();
    Thread::get().delete_store(connection, name).map_err(|failure| failure.into_error(name))
}
