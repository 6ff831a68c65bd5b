//! [`indexie`]'s live queries in Dioxus: the result of a query as a signal.
//!
//! ```
//! use dioxus::prelude::*;
//! use indexie::{Table, schema};
//! use indexie_dioxus::use_live_query;
//! use serde::{Deserialize, Serialize};
//!
//! // Dioxus has a `Store` of its own.
//! #[derive(indexie::Store, Serialize, Deserialize)]
//! #[store("++id, name, age")]
//! pub struct User {
//!     pub id: u32,
//!     pub name: String,
//!     pub age: u32,
//! }
//!
//! schema! {
//!     pub struct AppDb("app");
//!
//!     version 1 {
//!         users: User,
//!     }
//! }
//!
//! static DB: std::sync::LazyLock<AppDb> = std::sync::LazyLock::new(AppDb::new);
//!
//! #[component]
//! fn Adults() -> Element {
//!     let mut min = use_signal(|| 18);
//!     let users = use_live_query(move || DB.users.where_(|u| u.age).at_least(min()).live());
//!     let users = users.read();
//!     rsx! {
//!         button { onclick: move |_| min += 1, "Older" }
//!         if let Some(error) = &users.error {
//!             p { "{error}" }
//!         }
//!         ul { aria_busy: users.loading,
//!             for user in users.rows() {
//!                 li { key: "{user.id}", "{user.name}" }
//!             }
//!         }
//!     }
//! }
//! # assert!(dioxus_ssr::render_element(rsx! { Adults {} }).contains("aria-busy=true"));
//! ```

#![forbid(unsafe_code)]
#![deny(missing_docs)]

use dioxus_core::{Task, spawn, use_hook};
use dioxus_hooks::{use_effect, use_signal};
use dioxus_signals::{CopyValue, ReadSignal, ReadableExt, WritableExt};
use futures::StreamExt;
use indexie::LiveQuery;

pub use indexie::Live;

/// The result of a query as a signal, kept up to date for as long as the component is there.
///
/// The closure makes the query. It runs again when a signal changes that it has read, and the query that it then makes takes the
/// place of the old one: whatever else the old one would give, does not come. Signals read inside of the function of a
/// [`live_query`](indexie::live_query) do not count: read them before, in the closure. Of a property that is no signal, as for
/// every hook, a change is not noticed: take a `ReadSignal`.
///
/// ```
/// # use {dioxus::prelude::*, indexie::{clone, live_query, schema}, indexie_dioxus::*, serde::*};
/// # #[derive(indexie::Store, Serialize, Deserialize)]
/// # #[store("++id, age")]
/// # struct User { id: u32, age: u32 }
/// # schema! { struct AppDb("app"); version 1 { users: User } }
/// # fn example(db: AppDb, min: Signal<u32>) -> ReadSignal<Live<usize>> {
/// let count = use_live_query(move || {
///     let min = min();
///     live_query(clone!(db => async move || db.users.where_(|u| u.age).at_least(min).count().await))
/// });
/// # count }
/// ```
///
/// The query begins once the component has been made: a server render, which gets no further, shows it as loading, and so does the
/// first render in the browser.
///
/// # Cancellation
///
/// When the component goes, the query is unsubscribed at once.
pub fn use_live_query<R: 'static>(mut query: impl FnMut() -> LiveQuery<R> + 'static) -> ReadSignal<Live<R>> {
    let mut live = use_signal(Live::default);
    let mut running = use_hook(|| CopyValue::new(None::<Task>));
    use_effect(move || {
        let mut query = query();
        if let Some(task) = running.replace(None) {
            task.cancel();
        }
        if !live.peek().loading {
            live.write().restart();
        }
        // The component's own: it goes with it.
        let task = spawn(async move {
            while let Some(result) = query.next().await {
                live.write().receive(result);
            }
        });
        running.set(Some(task));
    });
    live.into()
}
