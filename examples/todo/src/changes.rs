//! Every way to change the list. Each change is an optimistic transaction: all that read the list see it from its first line on. It
//! takes one of two roads to be stored, and is gone if it is refused on the way.

use std::rc::Rc;

use futures::future::LocalBoxFuture;
use indexie::OverlayTransaction;
use indexie::prelude::*;
use serde::Serialize;

use crate::todos::{Todo, TodoDb};

/// How a change comes to be stored.
#[derive(Clone)]
pub enum Road {
    /// The hooks tell the backend; when they have agreed, it is stored.
    Hooks,
    /// The backend is told here; then it is stored, and what comes back by the sync takes its place.
    Sync(Tell),
}

/// Tells the backend of a change; comes to the number of the database's transaction that has stored it.
pub type Tell = Rc<dyn Fn(Change) -> LocalBoxFuture<'static, Result<u64>>>;

/// What the backend is to be told.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Add(Todo),
    /// The todo as it is then, and what makes it so.
    Edit(Todo, Edit),
    /// The `uid`.
    Delete(String),
}

/// What can be changed of a todo. As JSON, it is an object with that field alone: others may have changed the rest.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    Title(String),
    Done(bool),
}

pub async fn add(db: &TodoDb, todo: Todo, road: &Road) -> Result<()> {
    let tx = db.todos.start_transaction(Overlay::Optimistic);
    tx.add(&todo).await?;
    road.store(&tx, Change::Add(todo)).await
}

pub async fn edit(db: &TodoDb, uid: &str, edit: Edit, road: &Road) -> Result<()> {
    let tx = db.todos.start_transaction(Overlay::Optimistic);
    let change = edit.clone();
    let todo = tx.update(uid, |todo| change.apply(todo)).await?;
    road.store(&tx, Change::Edit(todo, edit)).await
}

pub async fn delete(db: &TodoDb, uid: &str, road: &Road) -> Result<()> {
    let tx = db.todos.start_transaction(Overlay::Optimistic);
    tx.delete(uid).await?;
    road.store(&tx, Change::Delete(uid.to_owned())).await
}

impl Edit {
    fn apply(self, todo: &mut Todo) {
        match self {
            Self::Title(title) => todo.title = title,
            Self::Done(done) => todo.done = done,
        }
    }
}

impl Road {
    async fn store<H>(&self, tx: &OverlayTransaction<H>, change: Change) -> Result<()> {
        match self {
            Self::Hooks => tx.commit().await?,
            Self::Sync(tell) => {
                let txid = tell(change).await?;
                tx.commit_with_txid(txid).await?
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use futures::executor::block_on;
    use futures::{FutureExt, StreamExt};
    use indexie::HookError;

    use super::*;
    use crate::todos::{Item, items};

    /// What has been seen each time that the backend was asked.
    type Seen = Rc<RefCell<Vec<Vec<String>>>>;

    fn todo(title: &str) -> Todo {
        Todo::titled(title, format!("uid of {title}")).expect("a title")
    }

    fn oat_milk() -> Edit {
        Edit::Title("Oat milk".into())
    }

    const MILK: &str = "uid of Milk";

    /// What the page shows.
    async fn shown(db: &TodoDb) -> Vec<String> {
        let items = items(db).next().await.expect("live queries do not end").expect("the list can be read");
        let text = |Item { todo, is_pending }: Item| {
            let mark = if is_pending { " (pending)" } else { "" };
            format!("{}{mark}", todo.title)
        };
        items.into_iter().map(text).collect()
    }

    /// A list with milk on it, and a backend that looks at the page before it refuses what it is sent, or agrees.
    async fn milk(refuses: bool) -> (TodoDb, Seen) {
        let (db, seen) = (TodoDb::new(), Seen::default());
        add(&db, todo("Milk"), &Road::Hooks).await.expect("nobody refuses");
        let answer = {
            let (db, seen) = (db.clone(), Rc::clone(&seen));
            async move || {
                let now = shown(&db).await;
                seen.borrow_mut().push(now);
                if refuses { Err(HookError::new("no milk today")) } else { Ok(()) }
            }
        };
        let answer = Rc::new(answer);
        let hook = db.todos.hook();
        hook.on_add({
            let answer = Rc::clone(&answer);
            async move |_: Added<Todo>| answer().await
        });
        hook.on_update({
            let answer = Rc::clone(&answer);
            async move |_: Updated<Todo>| answer().await
        });
        hook.on_delete(async move |_: Deleted<Todo>| answer().await);
        (db, seen)
    }

    #[test]
    fn what_the_backend_has_is_stored() {
        block_on(async {
            let (db, seen) = milk(false).await;

            add(&db, todo("Bread"), &Road::Hooks).await.expect("agreed");
            assert_eq!(seen.take(), [["Milk", "Bread (pending)"]]);
            assert_eq!(shown(&db).await, ["Milk", "Bread"]);

            edit(&db, MILK, oat_milk(), &Road::Hooks).await.expect("agreed");
            assert_eq!(seen.take(), [["Oat milk (pending)", "Bread"]]);
            assert_eq!(shown(&db).await, ["Oat milk", "Bread"]);

            delete(&db, MILK, &Road::Hooks).await.expect("agreed");
            assert_eq!(seen.take(), [["Bread"]]);
            assert_eq!(shown(&db).await, ["Bread"]);
        });
    }

    #[test]
    fn what_the_backend_refuses_is_taken_back() {
        block_on(async {
            let (db, seen) = milk(true).await;

            let error = add(&db, todo("Bread"), &Road::Hooks).await.expect_err("refused");
            assert!(error.to_string().contains("no milk today"), "{error}");
            assert_eq!(seen.take(), [["Milk", "Bread (pending)"]]);
            assert_eq!(shown(&db).await, ["Milk"]);

            edit(&db, MILK, oat_milk(), &Road::Hooks).await.expect_err("refused");
            assert_eq!(seen.take(), [["Oat milk (pending)"]]);
            assert_eq!(shown(&db).await, ["Milk"]);

            delete(&db, MILK, &Road::Hooks).await.expect_err("refused");
            assert_eq!(seen.take(), [Vec::<String>::new()]);
            assert_eq!(shown(&db).await, ["Milk"]);
        });
    }

    #[test]
    fn with_the_sync_the_backend_is_told_without_the_hooks() {
        block_on(async {
            let (db, hooked) = milk(true).await;
            let told = Rc::new(RefCell::new(Vec::new()));
            let tell: Tell = {
                let told = Rc::clone(&told);
                Rc::new(move |change| {
                    told.borrow_mut().push(change);
                    async { Ok(7) }.boxed_local()
                })
            };

            edit(&db, MILK, Edit::Done(true), &Road::Sync(tell.clone())).await.expect("agreed");
            delete(&db, MILK, &Road::Sync(tell)).await.expect("agreed");

            let told = told.take();
            assert!(matches!(&told[0], Change::Edit(todo, Edit::Done(true)) if todo.done));
            assert_eq!(told[1..], [Change::Delete(MILK.into())]);
            assert!(hooked.take().is_empty());
            assert!(shown(&db).await.is_empty());
        });
    }

    #[test]
    fn with_the_sync_what_the_backend_refuses_is_taken_back_too() {
        block_on(async {
            let (db, _) = milk(false).await;
            let tell: Tell = Rc::new(|_| async { Err(Error::user("no milk today")) }.boxed_local());

            edit(&db, MILK, oat_milk(), &Road::Sync(tell)).await.expect_err("refused");

            assert_eq!(shown(&db).await, ["Milk"]);
        });
    }
}
