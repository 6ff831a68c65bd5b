//! Carries a database from its installed version to the newest one, inside the browser's versionchange transaction.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Session, Shared};
use crate::error::{Error, Result};
use crate::schema::{Alteration, Step, alterations, steps};
use crate::storage::{SchemaChange, runner};
use crate::upgrade::Upgrade;

/// Begins the upgrade: its first steps are done when this returns, the rest in the callbacks of its requests.
pub(super) fn begin(shared: &Shared, connection: u32) -> LocalBoxFuture<'static, Result<()>> {
    let backend = shared.backend();
    let installed = backend.versions(connection).old;
    let layout = shared.layout();
    let sessions: Vec<(Step, Session)> = steps(shared.definition, installed)
        .into_iter()
        .map(|step| {
            let shared = Arc::new(shared.during(step.stores.clone()));
            (step, Session { shared, transaction: Some(connection) })
        })
        .collect();
    runner::adopt(backend.clone(), shared.id, connection, |_| {
        async move {
            for (step, session) in sessions {
                walk(&step, connection, session).await?;
            }
            backend.relayout(connection, &layout);
            Ok(())
        }
        .boxed_local()
    })
}

async fn walk(step: &Step, connection: u32, session: Session) -> Result<()> {
    let backend = session.shared.backend();
    let installed = backend.installed(connection);
    // A store that this version drops stays as it is until its rows have been read.
    let wanted: Vec<_> = step.stores.iter().filter(|(name, _)| !step.drops.contains(name)).copied().collect();
    for alteration in alterations(&installed, &wanted) {
        let (store, change) = match &alteration {
            Alteration::CreateStore(store, schema) => (store, SchemaChange::CreateStore { store, key: schema.key }),
            Alteration::CreateIndex(store, index) => (store, SchemaChange::CreateIndex { store, index: *index }),
            Alteration::DeleteIndex(store, index) => (store, SchemaChange::DeleteIndex { store, index }),
            Alteration::Refuse(what) => return Err(Error::Unsupported { what: what.clone() }),
        };
        backend.alter(connection, change).map_err(|failure| failure.into_error(store))?;
    }
    backend.relayout(connection, &session.shared.layout());
    if let Some(run) = step.run {
        run(Upgrade::new(session, step.version)).await?;
    }
    for store in &step.drops {
        let there = installed.iter().any(|installed| installed.name == *store);
        if there {
            let dropped = backend.alter(connection, SchemaChange::DeleteStore { store });
            dropped.map_err(|failure| failure.into_error(store))?;
        }
    }
    Ok(())
}

/// Deletes a store at once.
pub(crate) fn drop_store(session: &Session, name: &str) -> Result<()> {
    let connection = session.transaction.unwrap_or_default();
    let dropped = session.shared.backend().alter(connection, SchemaChange::DeleteStore { store: name });
    dropped.map_err(|failure| failure.into_error(name))
}
