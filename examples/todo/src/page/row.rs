//! One todo, with what can be done to it. While it is pending nothing can: it is about to be stored, or to be taken back.

use leptos::prelude::*;

use super::Changing;
use super::edit::{Edit, Editing};
use crate::changes;
use crate::todos::Item;

#[component]
pub fn Row(item: Memo<Item>) -> impl IntoView {
    let changing = expect_context::<Changing>();
    let edit = Edit::default();
    let title = move || item.with(|item| item.todo.title.clone());
    let is_done = move || item.with(|item| item.todo.done);
    let is_pending = move || item.with(|item| item.is_pending);
    let tick = move |_| {
        let Item { todo, is_pending } = item.get_untracked();
        if !is_pending {
            let edit = changes::Edit::Done(!todo.done);
            changing.change(async move |db, road| changes::edit(db, &todo.uid, edit, road).await);
        }
    };
    view! {
        <li class="todo" class:done=is_done class:pending=is_pending aria-busy=move || is_pending().to_string()>
            // Not an `<input>`, which would show a tick by itself, before there is one.
            <button
                type="button"
                class="check"
                role="checkbox"
                aria-checked=move || is_done().to_string()
                aria-disabled=move || is_pending().to_string()
                aria-label=move || format!("Done: {}", title())
                on:click=tick
            />
            <Show when=move || edit.is_open() fallback=move || view! { <Reading item edit /> }>
                <Editing item edit />
            </Show>
        </li>
    }
}

#[component]
fn Reading(item: Memo<Item>, edit: Edit) -> impl IntoView {
    let changing = expect_context::<Changing>();
    let title = move || item.with(|item| item.todo.title.clone());
    let is_pending = move || item.with(|item| item.is_pending);
    let open = move |_| {
        if !item.get_untracked().is_pending {
            edit.open();
        }
    };
    let delete = move |_| {
        let Item { todo, is_pending } = item.get_untracked();
        if !is_pending {
            changing.change(async move |db, road| changes::delete(db, &todo.uid, road).await);
        }
    };
    view! {
        <span class="title">{title}</span>
        <span class="mark" hidden=move || !is_pending()>
            "saving"
        </span>
        <button
            node_ref=edit.button
            type="button"
            class="quiet edit-it"
            aria-disabled=move || is_pending().to_string()
            aria-label=move || format!("Edit: {}", title())
            on:click=open
        >
            "Edit"
        </button>
        <button
            type="button"
            class="quiet delete-it"
            aria-disabled=move || is_pending().to_string()
            aria-label=move || format!("Delete: {}", title())
            on:click=delete
        >
            "Delete"
        </button>
    }
}
