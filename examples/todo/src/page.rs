//! The page. `list` is the todos, `row` one of them, `edit` the form in it; `new` is the form that adds one, `switch` is how the
//! backend behaves, and `syncing` whether the list follows it.
//!
//! `document.body.dataset.state` says how far it is: `loading` or `ready`.

mod edit;
mod list;
mod new;
mod row;
mod switch;
mod syncing;

use indexie::prelude::*;
use indexie_leptos::use_live_query;
use leptos::mount::mount_to;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;

use crate::changes::Road;
use crate::hooks;
use crate::sync::ListSync;
use crate::todos::{Item, TodoDb, items};
use list::List;
use new::New;
use switch::Switch;
use syncing::Syncing;

/// What all parts of the page change the list with.
#[derive(Clone)]
pub struct Changing {
    db: TodoDb,
    sync: ListSync,
    /// Why the last change was refused, if it was.
    refusal: RwSignal<Option<String>>,
}

/// Starts the page in the element `#app`.
pub fn start() {
    let app = document().get_element_by_id("app").and_then(|app| app.dyn_into().ok());
    let Some(app) = app else {
        leptos::wasm_bindgen::throw_str("the page has no element #app");
    };
    let db = TodoDb::new();
    hooks::connect(&db);
    mount_to(app, move || view! { <Page db /> }).forget();
}

#[component]
fn Page(db: TodoDb) -> impl IntoView {
    let refusal = RwSignal::new(None);
    let items = use_live_query(clone!(db => move || items(&db)));
    let sync = ListSync::new(db.clone());
    provide_context(Changing { db, sync, refusal });
    Effect::new(move || {
        if items.with(|items| !items.is_pending()) {
            say_ready();
        }
    });
    let trouble = move || {
        let unread = items.with(|items| items.error.as_ref().map(|error| format!("The list cannot be read: {error}")));
        unread.or_else(|| refusal.get())
    };
    let count = move || items.with(|items| (!items.is_pending()).then(|| count(items.rows())));
    view! {
        <Switch />
        <Syncing sync />
        <New />
        <p id="trouble" class="alert" role="alert">{trouble}</p>
        <List items />
        <p id="count" class="count" role="status">{count}</p>
    }
}

impl Changing {
    /// Starts a change. It is seen at once; if it is refused, it goes by itself, and the page says why.
    pub fn change(&self, change: impl AsyncFnOnce(&TodoDb, &Road) -> Result<()> + 'static) {
        let Self { db, sync, refusal } = self.clone();
        let road = sync.road();
        refusal.set(None);
        spawn_local(async move {
            if let Err(error) = change(&db, &road).await {
                refusal.set(Some(format!("Taken back: {error}")));
            }
        });
    }
}

fn say_ready() {
    if let Some(body) = document().body() {
        // Fails for an invalid attribute name only.
        let _ = body.set_attribute("data-state", "ready");
    }
}

fn count(items: &[Item]) -> String {
    let done = items.iter().filter(|item| item.todo.done).count();
    match items.len() {
        0 => "Nothing to do.".to_owned(),
        all => format!("{done} of {all} done"),
    }
}
