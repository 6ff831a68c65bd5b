//! What the database holds, and what the page shows of it.

use indexie::prelude::*;
use indexie::{Date, LiveQuery};
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("uid, created")]
pub struct Todo {
    /// Made by the page: it is there before the backend has heard of it, and the same in every browser.
    pub uid: String,
    pub title: String,
    pub done: bool,
    pub created: Date,
}

schema! {
    /// The list.
    pub struct TodoDb("indexie-todo");

    version 1 {
        todos: "++id, created",
    }
    version 2 {
        todos: Todo,
    }
}

/// A todo as the page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub todo: Todo,
    /// Whether the backend has yet to agree to what is shown.
    pub is_pending: bool,
}

impl Todo {
    /// A todo with this title; `None` if that is empty.
    pub fn titled(title: &str, uid: String) -> Option<Self> {
        let title = title.trim();
        (!title.is_empty()).then(|| Self { uid, title: title.to_owned(), done: false, created: Date::now() })
    }
}

/// The list, oldest first, and which of it is pending.
pub fn items(db: &TodoDb) -> LiveQuery<Vec<Item>> {
    live_query(clone!(db => async move || {
        let todos = db.todos.order_by(|t| t.created).to_vec().await?;
        let item = |todo: Todo| Item { is_pending: db.todos.is_pending(&todo.uid), todo };
        Ok(todos.into_iter().map(item).collect())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_what_is_typed_without_the_blanks_around_it() {
        let title = |typed| Todo::titled(typed, "uid".into()).map(|todo| todo.title);

        assert_eq!(title(" Oat milk "), Some("Oat milk".to_owned()));
        assert_eq!(title(" "), None);
    }
}
