//! [`indexie`]'s live queries in [Yew](yew): the result of a query as a state.
//!
//! ```
//! use indexie::prelude::*;
//! use indexie_yew::use_live_query;
//! use serde::{Deserialize, Serialize};
//! use yew::prelude::*;
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
//! static DB: std::sync::LazyLock<AppDb> = std::sync::LazyLock::new(AppDb::new);
//!
//! #[component]
//! fn Adults() -> Html {
//!     let min = use_state(|| 18);
//!     let users = use_live_query(*min, |min| DB.users.where_(|u| u.age).at_least(*min).live());
//!     let older = move |_| min.set(*min + 1);
//!     html! {
//!         <>
//!             <button onclick={older}>{"Older"}</button>
//!             if let Some(error) = &users.error {
//!                 <p>{error.to_string()}</p>
//!             }
//!             <ul aria-busy={users.loading.to_string()}>
//!                 {for users.rows().iter().map(|user| html! { <li key={user.id}>{&user.name}</li> })}
//!             </ul>
//!         </>
//!     }
//! }
//! # let render = yew::LocalServerRenderer::<Adults>::new().render();
//! # assert!(futures::executor::block_on(render).contains("aria-busy=\"true\""));
//! ```

#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::rc::Rc;

use indexie::LiveQuery;
use yew::prelude::*;

pub use indexie::Live;

/// The result of a query as a state, kept up to date for as long as the component is there.
///
/// The function makes the query of the dependencies, as with [`use_effect_with`]. It runs again when they are other ones, and the
/// query that it then makes takes the place of the old one: whatever else the old one would give, does not come.
///
/// ```
/// # use {indexie::prelude::*, indexie_yew::*, serde::*, yew::prelude::*};
/// # #[derive(indexie::Store, Serialize, Deserialize)]
/// # #[store("++id, age")]
/// # struct User { id: u32, age: u32 }
/// # schema! { struct AppDb("app"); version 1 { users: User } }
/// # #[hook]
/// # fn use_example(db: AppDb, min: u32) -> UseStateHandle<Live<usize>> {
/// let count = use_live_query(min, move |&min| {
///     live_query(async move || db.users.where_(|u| u.age).at_least(min).count().await)
/// });
/// # count }
/// ```
///
/// The query begins once the component has been rendered: a server render, which gets no further, shows it as loading, and so does
/// the first render in the browser.
///
/// # Cancellation
///
/// When the component goes, the query is unsubscribed at once.
#[hook]
pub fn use_live_query<D, R, F>(dependencies: D, query: F) -> UseStateHandle<Live<R>>
where
    D: PartialEq + 'static,
    R: Clone + 'static,
    F: FnOnce(&D) -> LiveQuery<R> + 'static,
{
    let live = use_state(Live::default);
    let dependencies = Rc::new(dependencies);
    // Here and not in the effect: what is rendered with the new dependencies is loading already.
    use_memo(dependencies.clone(), |_| {
        if !live.loading {
            let mut restarted = (*live).clone();
            restarted.restart();
            live.set(restarted);
        }
    });
    let state = live.clone();
    use_effect_with(dependencies, move |dependencies| {
        // A handle keeps all that is read through it: the callback has a value of its own, and the setter.
        let (mut latest, setter) = ((*state).clone(), state.setter());
        let subscription = query(dependencies).subscribe(move |result| {
            latest.receive(result);
            setter.set(latest.clone());
        });
        move || drop(subscription)
    });
    live
}
