//! [`indexie`]'s live queries in [Leptos](leptos): the result of a query as a signal.
//!
//! ```
//! use std::rc::Rc;
//!
//! use indexie::prelude::*;
//! use indexie_leptos::use_live_query;
//! use leptos::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
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
//! #[component]
//! fn Adults(db: AppDb) -> impl IntoView {
//!     let min = RwSignal::new(18);
//!     let users = use_live_query(move || db.users.where_(|u| u.age).at_least(min.get()).live());
//!     let item = |user: &Rc<User>| view! { <li>{user.name.clone()}</li> };
//!     view! {
//!         <button on:click=move |_| min.update(|min| *min += 1)>"Older"</button>
//!         <p>{move || users.with(|users| users.error.as_ref().map(ToString::to_string))}</p>
//!         <ul aria-busy=move || users.with(|users| users.loading).to_string()>
//!             {move || users.with(|users| users.rows().iter().map(item).collect_view())}
//!         </ul>
//!     }
//! }
//! # let owner = Owner::new();
//! # owner.with(|| assert!(view! { <Adults db=AppDb::new()/> }.to_html().contains("aria-busy=\"true\"")));
//! ```

#![forbid(unsafe_code)]
#![deny(missing_docs)]

use indexie::LiveQuery;
use leptos::prelude::*;

pub use indexie::Live;

/// The result of a query as a signal, kept up to date for as long as the component is there.
///
/// The closure makes the query. It runs again when a signal changes that it has read, and the query that it then makes takes the
/// place of the old one: whatever else the old one would give, does not come. Signals read inside of the function of a
/// [`live_query`](indexie::live_query) do not count: read them before, in the closure.
///
/// ```
/// # use {indexie::prelude::*, indexie_leptos::*, leptos::prelude::*, serde::*};
/// # #[derive(indexie::Store, Serialize, Deserialize)]
/// # #[store("++id, age")]
/// # struct User { id: u32, age: u32 }
/// # schema! { struct AppDb("app"); version 1 { users: User } }
/// # fn example(db: AppDb, min: RwSignal<u32>) -> ReadSignal<Live<usize>, LocalStorage> {
/// let count = use_live_query(move || {
///     let min = min.get();
///     live_query(clone!(db => async move || db.users.where_(|u| u.age).at_least(min).count().await))
/// });
/// # count }
/// ```
///
/// The query begins once the component has been made: a server render, which gets no further, shows it as loading, and so does the
/// first render in the browser.
///
/// # Servers
///
/// The signal is of the thread that has made it, as rows are: a server whose renders go from one thread to another panics where
/// another thread reads it or drops its owner. There, make what has queries in the browser only. Effects run nowhere else:
///
/// ```
/// # use {indexie::prelude::*, indexie_leptos::*, leptos::prelude::*, serde::*};
/// # #[derive(indexie::Store, Serialize, Deserialize)]
/// # #[store("++id, age")]
/// # struct User { id: u32, age: u32 }
/// # schema! { struct AppDb("app"); version 1 { users: User } }
/// # #[component]
/// # fn Adults(db: AppDb) -> impl IntoView {}
/// #[component]
/// fn App(db: AppDb) -> impl IntoView {
///     let in_browser = RwSignal::new(false);
///     Effect::new(move || in_browser.set(true));
///     let adults = move || view! { <Adults db=db.clone()/> };
///     view! { <main>{move || in_browser.get().then(&adults)}</main> }
/// }
/// # let owner = Owner::new();
/// # let view = owner.with(|| view! { <App db=AppDb::new()/> });
/// # assert!(std::thread::spawn(move || owner.with(|| view.to_html())).join().is_ok());
/// ```
///
/// # Cancellation
///
/// When the component goes, or whatever else owns the signal, the query is unsubscribed at once.
pub fn use_live_query<R: 'static>(query: impl Fn() -> LiveQuery<R> + 'static) -> ReadSignal<Live<R>, LocalStorage> {
    let (live, set_live) = signal_local(Live::default());
    Effect::new(move || {
        let query = query();
        if live.try_with_untracked(|live| !live.loading).unwrap_or_default() {
            set_live.update(Live::restart);
        }
        let subscription = query.subscribe(move |result| {
            // A signal that is gone takes its query along, but perhaps after it.
            set_live.try_update(|live| live.receive(result));
        });
        // The effect's own: dropped as soon as it runs again or is gone.
        StoredValue::new_local(subscription);
    });
    live
}
