//! The todos, oldest first.

use indexie_leptos::Live;
use leptos::prelude::*;

use super::row::Row;
use crate::todos::Item;

type Items = ReadSignal<Live<Vec<Item>>, LocalStorage>;

#[component]
pub fn List(items: Items) -> impl IntoView {
    view! {
        <ul id="todos" class="list" aria-label="Todos">
            <For
                each=move || items.with(|items| items.rows().to_vec())
                key=|item| item.todo.uid.clone()
                let:item
            >
                <Row item=latest(items, item) />
            </For>
        </ul>
    }
}

/// What has become of an item; once it is gone, what it was.
fn latest(items: Items, first: Item) -> Memo<Item> {
    Memo::new(move |before: Option<&Item>| {
        let before = before.unwrap_or(&first);
        let is_same = |item: &&Item| item.todo.uid == before.todo.uid;
        items.with(|items| items.rows().iter().find(is_same).unwrap_or(before).clone())
    })
}
