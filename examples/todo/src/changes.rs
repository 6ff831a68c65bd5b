//! Every way to change the list. Each change is an optimistic transaction: all that read the list
//! see it from its first line on; it is stored when the hooks have agreed, and gone if one has not.

use indexie::prelude::*;

use crate::todos::{NewTodo, Todo, TodoDb};

pub async fn add(db: &TodoDb, todo: &NewTodo) -> Result<()> {
    let tx = db.todos.start_transaction(Overlay::Optimistic);
    tx.add(todo).await?;
    tx.commit().await?;
    Ok(())
}

pub async fn update(db: &TodoDb, id: u32, change: impl FnOnce(&mut Todo) + 'static) -> Result<()> {
    let tx = db.todos.start_transaction(Overlay::Optimistic);
    tx.update(id, change).await?;
    tx.commit().await?;
    Ok(())
}

pub async fn delete(db: &TodoDb, id: u32) -> Result<()> {
    let tx = db.todos.start_transaction(Overlay::Optimistic);
    tx.delete(id).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use futures::StreamExt;
    use futures::executor::block_on;
    use indexie::HookError;

    use super::*;
    use crate::todos::{Item, items};

    /// What has been seen each time that the backend was asked.
    type Seen = Rc<RefCell<Vec<Vec<String>>>>;

    fn todo(title: &str) -> NewTodo {
        NewTodo::titled(title, format!("uid of {title}")).expect("a title")
    }

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
    async fn milk(refuses: bool) -> (TodoDb, u32, Seen) {
        let (db, seen) = (TodoDb::new(), Seen::default());
        add(&db, &todo("Milk")).await.expect("nobody refuses");
        let id = db.todos.primary_keys().await.expect("a key")[0];
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
        (db, id, seen)
    }

    #[test]
    fn what_the_backend_has_is_stored() {
        block_on(async {
            let (db, id, seen) = milk(false).await;

            add(&db, &todo("Bread")).await.expect("agreed");
            assert_eq!(seen.take(), [["Milk", "Bread (pending)"]]);
            assert_eq!(shown(&db).await, ["Milk", "Bread"]);

            update(&db, id, |todo| todo.title = "Oat milk".into()).await.expect("agreed");
            assert_eq!(seen.take(), [["Oat milk (pending)", "Bread"]]);
            assert_eq!(shown(&db).await, ["Oat milk", "Bread"]);

            delete(&db, id).await.expect("agreed");
            assert_eq!(seen.take(), [["Bread"]]);
            assert_eq!(shown(&db).await, ["Bread"]);
        });
    }

    #[test]
    fn what_the_backend_refuses_is_taken_back() {
        block_on(async {
            let (db, id, seen) = milk(true).await;

            let error = add(&db, &todo("Bread")).await.expect_err("refused");
            assert!(error.to_string().contains("no milk today"), "{error}");
            assert_eq!(seen.take(), [["Milk", "Bread (pending)"]]);
            assert_eq!(shown(&db).await, ["Milk"]);

            update(&db, id, |todo| todo.title = "Oat milk".into()).await.expect_err("refused");
            assert_eq!(seen.take(), [["Oat milk (pending)"]]);
            assert_eq!(shown(&db).await, ["Milk"]);

            delete(&db, id).await.expect_err("refused");
            assert_eq!(seen.take(), [Vec::<String>::new()]);
            assert_eq!(shown(&db).await, ["Milk"]);
        });
    }
}
