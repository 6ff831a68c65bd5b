//! A component in a page shows what is in the database, and changes with it.

use std::sync::{Arc, Mutex};

use indexie::__private::subscriptions;
use indexie::prelude::*;
use indexie_leptos::use_live_query;
use indexie_tests::page::{Place, names, text};
use indexie_tests::{UserDb, fresh, user};
use leptos::mount::mount_to;
use leptos::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

/// All that has been shown, in its order.
type Shown = Arc<Mutex<Vec<String>>>;

#[component]
fn Names(db: UserDb, min: RwSignal<u32>, shown: Shown) -> impl IntoView {
    let names = use_live_query(move || names(&db, min.get()));
    let text = move || {
        let text = names.with(|names| text(names.loading, names.rows(), names.error.as_ref()));
        shown.lock().expect("no panic").push(text.clone());
        text
    };
    view! { <p>{text}</p> }
}

#[component]
fn App(db: UserDb, shown: Shown) -> impl IntoView {
    let min = RwSignal::new(0);
    let hidden = RwSignal::new(false);
    let names = move || view! { <Names db=db.clone() min shown=shown.clone() /> };
    view! {
        <button class="older" on:click=move |_| *min.write() += 25>"Older"</button>
        <button class="hide" on:click=move |_| hidden.set(true)>"Hide"</button>
        {move || (!hidden.get()).then(&names)}
    }
}

/// Ann (20) and Bob (30), and a page that shows them.
async fn page(name: &str) -> Result<(UserDb, Place, Shown, impl Sized)> {
    let db: UserDb = fresh(name).await;
    db.users.bulk_add(&[user("ann@b.c", "Ann", 20), user("bob@b.c", "Bob", 30)]).await?;
    let (place, shown) = (Place::new(), Shown::default());
    let mounted = mount_to(place.0.clone(), {
        let (db, shown) = (db.clone(), shown.clone());
        move || view! { <App db shown /> }
    });
    place.shows(Some("Ann Bob")).await;
    Ok((db, place, shown, mounted))
}

#[wasm_bindgen_test]
async fn a_component_follows_the_data() -> Result<()> {
    let (db, place, shown, _mounted) = page("leptos: data").await?;
    assert_eq!(*shown.lock().expect("no panic"), ["… ", "Ann Bob"]);
    db.users.add(&user("cid@b.c", "Cid", 40)).await?;
    place.shows(Some("Ann Bob Cid")).await;
    db.users.where_(|u| u.name).equals("Bob").delete().await?;
    place.shows(Some("Ann Cid")).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_signal_that_was_read_makes_another_query() -> Result<()> {
    let (db, place, shown, _mounted) = page("leptos: signals").await?;
    let before = subscriptions();
    place.click(".older");
    place.shows(Some("Bob")).await;
    assert_eq!(
        *shown.lock().expect("no panic"),
        ["… ", "Ann Bob", "… Ann Bob", "Bob"],
        "the old data stay while the new ones load"
    );
    assert_eq!(subscriptions(), before, "the old query is gone");
    db.users.add(&user("cid@b.c", "Cid", 24)).await?;
    db.users.add(&user("dan@b.c", "Dan", 25)).await?;
    place.shows(Some("Dan Bob")).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn only_the_newest_query_counts() -> Result<()> {
    let (_db, place, shown, _mounted) = page("leptos: newest").await?;
    place.click(".older");
    place.click(".older");
    place.shows(Some("")).await;
    assert!(!shown.lock().expect("no panic").contains(&"Bob".to_owned()), "{shown:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_is_shown_until_it_is_over() -> Result<()> {
    let (db, place, _shown, _mounted) = page("leptos: errors").await?;
    let nameless = db.users.add(&user("x@b.c", "", 40)).await?;
    place.shows(Some("Ann Bob, nameless")).await;
    db.users.update(nameless, |u| u.name = "Cid".into()).await?;
    place.shows(Some("Ann Bob Cid")).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_component_that_goes_takes_its_query_along() -> Result<()> {
    let before = subscriptions();
    let (db, place, shown, _mounted) = page("leptos: going").await?;
    assert_eq!(subscriptions(), before + 1);
    place.click(".hide");
    place.shows(None).await;
    assert_eq!(subscriptions(), before);
    db.users.clear().await?;
    assert_eq!(*shown.lock().expect("no panic"), ["… ", "Ann Bob"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_app_that_goes_takes_its_queries_along() -> Result<()> {
    let before = subscriptions();
    let (_db, _place, _shown, mounted) = page("leptos: app").await?;
    assert_eq!(subscriptions(), before + 1);
    drop(mounted);
    assert_eq!(subscriptions(), before);
    Ok(())
}
