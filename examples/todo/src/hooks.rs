//! What happens, without the sync, to each change between its being seen and its being stored: the backend is told.

use indexie::prelude::*;

use crate::backend;
use crate::todos::{Todo, TodoDb};

/// Has the backend told of every change of the list. What it refuses is not stored.
pub fn connect(db: &TodoDb) {
    let todos = db.todos.hook();
    todos.on_add(async move |e: Added<Todo>| {
        backend::create(&e.item).await?;
        Ok(())
    });
    todos.on_update(async move |e: Updated<Todo>| {
        backend::replace(&e.new).await?;
        Ok(())
    });
    todos.on_delete(async move |e: Deleted<Todo>| {
        backend::remove(&e.item.uid).await?;
        Ok(())
    });
}
