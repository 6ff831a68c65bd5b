//! A new database, where the program can have no other to upgrade: its stores are made, and that is all.
//! Programs that declare one version only, number 1, and do not ask for more than that, hold nothing else of upgrades.

use std::future::ready;
use std::rc::Rc;

use futures::future::{FutureExt, LocalBoxFuture};

use super::{Reached, UPGRADES, Upgrades};
use crate::engine::{Shared, unexpected};
use crate::error::Result;
use crate::schema::Definition;
use crate::storage::{Backend, SchemaChange, runner};

/// What a program needs that declares this: nothing, if a stored database can only be as it is declared.
pub(crate) const fn needed(definition: &Definition) -> Option<&'static dyn Upgrades> {
    match definition.versions {
        [only] if only.number == 1 && only.populate.is_none() => None,
        _ => Some(UPGRADES),
    }
}

pub(super) fn begin(shared: &Shared, connection: u32, reached: Rc<Reached>) -> LocalBoxFuture<'static, Result<()>> {
    let backend = shared.backend();
    let made = make(shared, connection, &*backend);
    let made = runner::adopt(backend, shared.id, connection, true, move |_| ready(made).boxed_local());
    async move { made.await.map_err(|error| reached.failed(error)) }.boxed_local()
}

fn make(shared: &Shared, connection: u32, backend: &dyn Backend) -> Result<()> {
    if backend.versions(connection).old != 0 {
        return Err(unexpected());
    }
    for (store, schema) in &shared.stores {
        let alter = |change| backend.alter(connection, change).map_err(|failure| failure.into_error(store));
        alter(SchemaChange::CreateStore { store, key: schema.key })?;
        for index in schema.indexes {
            alter(SchemaChange::CreateIndex { store, index: *index })?;
        }
    }
    backend.relayout(connection, &shared.layout());
    Ok(())
}
