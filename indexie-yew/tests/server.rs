//! What a server renders is pending, and nothing has been started for it.

use indexie::__private::subscriptions;
use indexie_tests::UserDb;
use indexie_yew::use_live_query;
use yew::prelude::*;

thread_local!(static DB: UserDb = UserDb::new());

#[component]
fn Count() -> Html {
    let count = use_live_query((), |()| DB.with(|db| db.users.count().live()));
    html! { <p>{format!("{:?} {}", count.data, count.loading)}</p> }
}

#[test]
fn a_server_render_stays_pending() {
    let html = futures::executor::block_on(yew::LocalServerRenderer::<Count>::new().hydratable(false).render());
    assert_eq!(html, "<p>None true</p>");
    assert_eq!(subscriptions(), 0);
    assert!(!DB.with(|db| db.is_open()));
}
