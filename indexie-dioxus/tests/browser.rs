//! A component in a page shows what is in the database, and changes with it.

use std::cell::RefCell;
use std::rc::Rc;

use dioxus::prelude::*;
use indexie::__private::subscriptions;
use indexie::Result;
use indexie_dioxus::use_live_query;
use indexie_tests::page::{Place, names, text};
use indexie_tests::{UserDb, fresh, user};
use wasm_bindgen_test::wasm_bindgen_test;

/// All that has been shown, in its order.
type Shown = Rc<RefCell<Vec<String>>>;

#[component]
fn Names(min: Signal<u32>) -> Element {
    let db = use_context::<UserDb>();
    let names = use_live_query(move || names(&db, min()));
    let names = names.read();
    let text = text(names.loading, names.rows(), names.error.as_ref());
    use_context::<Shown>().borrow_mut().push(text.clone());
    rsx! { p { "{text}" } }
}

#[component]
fn App() -> Element {
    let mut min = use_signal(|| 0);
    let mut hidden = use_signal(|| false);
    rsx! {
        button { class: "older", onclick: move |_| min += 25, "Older" }
        button { class: "hide", onclick: move |_| hidden.set(true), "Hide" }
        if !hidden() {
            Names { min }
        }
    }
}

/// Ann (20) and Bob (30), and a page that shows them.
async fn page(name: &str) -> Result<(UserDb, Place, Shown)> {
    let db: UserDb = fresh(name).await;
    db.users.bulk_add(&[user("ann@b.c", "Ann", 20), user("bob@b.c", "Bob", 30)]).await?;
    let (place, shown) = (Place::new(), Shown::default());
    let app = VirtualDom::new(App).with_root_context(db.clone()).with_root_context(shown.clone());
    dioxus_web::launch::launch_virtual_dom(app, dioxus_web::Config::new().rootelement(place.0.clone().into()));
    place.shows(Some("Ann Bob")).await;
    Ok((db, place, shown))
}

#[wasm_bindgen_test]
async fn a_component_follows_the_data() -> Result<()> {
    let (db, place, shown) = page("dioxus: data").await?;
    assert_eq!(*shown.borrow(), ["… ", "Ann Bob"]);
    db.users.add(&user("cid@b.c", "Cid", 40)).await?;
    place.shows(Some("Ann Bob Cid")).await;
    db.users.where_(|u| u.name).equals("Bob").delete().await?;
    place.shows(Some("Ann Cid")).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_signal_that_was_read_makes_another_query() -> Result<()> {
    let (db, place, shown) = page("dioxus: signals").await?;
    let before = subscriptions();
    place.click(".older");
    place.shows(Some("Bob")).await;
    assert_eq!(*shown.borrow(), ["… ", "Ann Bob", "… Ann Bob", "Bob"], "the old data stay while the new ones load");
    assert_eq!(subscriptions(), before, "the old query is gone");
    db.users.add(&user("cid@b.c", "Cid", 24)).await?;
    db.users.add(&user("dan@b.c", "Dan", 25)).await?;
    place.shows(Some("Dan Bob")).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn only_the_newest_query_counts() -> Result<()> {
    let (_db, place, shown) = page("dioxus: newest").await?;
    place.click(".older");
    place.click(".older");
    place.shows(Some("")).await;
    assert!(!shown.borrow().contains(&"Bob".to_owned()), "{shown:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_is_shown_until_it_is_over() -> Result<()> {
    let (db, place, _shown) = page("dioxus: errors").await?;
    let nameless = db.users.add(&user("x@b.c", "", 40)).await?;
    place.shows(Some("Ann Bob, nameless")).await;
    db.users.update(nameless, |u| u.name = "Cid".into()).await?;
    place.shows(Some("Ann Bob Cid")).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_component_that_goes_takes_its_query_along() -> Result<()> {
    let before = subscriptions();
    let (db, place, shown) = page("dioxus: going").await?;
    assert_eq!(subscriptions(), before + 1);
    place.click(".hide");
    place.shows(None).await;
    assert_eq!(subscriptions(), before);
    db.users.clear().await?;
    assert_eq!(*shown.borrow(), ["… ", "Ann Bob"]);
    Ok(())
}
