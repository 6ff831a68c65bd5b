//! A component in a page shows what is in the database, and changes with it.

use std::cell::RefCell;
use std::rc::Rc;

use indexie::__private::subscriptions;
use indexie::Result;
use indexie_tests::page::{Place, names, text};
use indexie_tests::{UserDb, fresh, user};
use indexie_yew::use_live_query;
use wasm_bindgen_test::wasm_bindgen_test;
use yew::prelude::*;

/// All that has been shown, in its order.
type Shown = Rc<RefCell<Vec<String>>>;

#[derive(Properties)]
struct Page {
    db: UserDb,
    shown: Shown,
    #[prop_or_default]
    min: u32,
}

/// The rest stays as it is.
impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        self.min == other.min
    }
}

#[component]
fn Names(page: &Page) -> Html {
    let db = page.db.clone();
    let names = use_live_query(page.min, move |&min| names(&db, min));
    let text = text(names.loading, names.rows(), names.error.as_ref());
    page.shown.borrow_mut().push(text.clone());
    html! { <p>{text}</p> }
}

#[component]
fn App(page: &Page) -> Html {
    let min = use_state(|| 0);
    let hidden = use_state(|| false);
    let older = {
        let min = min.clone();
        move |_| min.set(*min + 25)
    };
    let hide = {
        let hidden = hidden.clone();
        move |_| hidden.set(true)
    };
    html! {
        <>
            <button class="older" onclick={older}>{"Older"}</button>
            <button class="hide" onclick={hide}>{"Hide"}</button>
            if !*hidden {
                <Names db={page.db.clone()} shown={page.shown.clone()} min={*min} />
            }
        </>
    }
}

/// Ann (20) and Bob (30), and a page that shows them.
async fn page(name: &str) -> Result<(UserDb, Place, Shown, yew::AppHandle<App>)> {
    let db: UserDb = fresh(name).await;
    db.users.bulk_add(&[user("ann@b.c", "Ann", 20), user("bob@b.c", "Bob", 30)]).await?;
    let (place, shown) = (Place::new(), Shown::default());
    let page = Page { db: db.clone(), shown: shown.clone(), min: 0 };
    let mounted = yew::Renderer::<App>::with_root_and_props(place.0.clone().into(), page).render();
    place.shows(Some("Ann Bob")).await;
    Ok((db, place, shown, mounted))
}

#[wasm_bindgen_test]
async fn a_component_follows_the_data() -> Result<()> {
    let (db, place, shown, _mounted) = page("yew: data").await?;
    assert_eq!(*shown.borrow(), ["… ", "Ann Bob"]);
    db.users.add(&user("cid@b.c", "Cid", 40)).await?;
    place.shows(Some("Ann Bob Cid")).await;
    db.users.where_(|u| u.name).equals("Bob").delete().await?;
    place.shows(Some("Ann Cid")).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_signal_that_was_read_makes_another_query() -> Result<()> {
    let (db, place, shown, _mounted) = page("yew: signals").await?;
    let before = subscriptions();
    place.click(".older");
    place.shows(Some("Bob")).await;
    // It is rendered by its property, and by the state that has changed meanwhile.
    let loading = "… Ann Bob";
    assert_eq!(
        *shown.borrow(),
        ["… ", "Ann Bob", loading, loading, "Bob"],
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
    let (_db, place, shown, _mounted) = page("yew: newest").await?;
    place.click(".older");
    place.click(".older");
    place.shows(Some("")).await;
    assert!(!shown.borrow().contains(&"Bob".to_owned()), "{shown:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_is_shown_until_it_is_over() -> Result<()> {
    let (db, place, _shown, _mounted) = page("yew: errors").await?;
    let nameless = db.users.add(&user("x@b.c", "", 40)).await?;
    place.shows(Some("Ann Bob, nameless")).await;
    db.users.update(nameless, |u| u.name = "Cid".into()).await?;
    place.shows(Some("Ann Bob Cid")).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_component_that_goes_takes_its_query_along() -> Result<()> {
    let before = subscriptions();
    let (db, place, shown, _mounted) = page("yew: going").await?;
    assert_eq!(subscriptions(), before + 1);
    place.click(".hide");
    place.shows(None).await;
    assert_eq!(subscriptions(), before);
    db.users.clear().await?;
    assert_eq!(*shown.borrow(), ["… ", "Ann Bob"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_app_that_goes_takes_its_queries_along() -> Result<()> {
    let before = subscriptions();
    let (_db, place, _shown, mounted) = page("yew: app").await?;
    assert_eq!(subscriptions(), before + 1);
    mounted.destroy();
    place.shows(None).await;
    assert_eq!(subscriptions(), before);
    Ok(())
}
