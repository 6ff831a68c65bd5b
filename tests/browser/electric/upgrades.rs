//! Upgrades of databases whose tables follow shapes: what is known of a shape goes with the table, and not with its name.

#![allow(clippy::unused_async, reason = "an upgrade function is async, whether it awaits something or not")]

use indexie::prelude::*;
use indexie_tests::{builder, wasm_bindgen_test};
use serde::{Deserialize, Serialize};

use crate::fixtures::{User, database, names, of_snapshot, synced, until_of};
use crate::script::{H1, H2, Script, UP_TO_DATE, page, row};

/// A database whose users have been synced, and which is closed.
async fn of_two_users(name: &str) {
    let db = database(name).await;
    drop(synced(&db, &Script::of_two_users()).await);
    assert_eq!(names(&db).await.len(), 2);
    db.close();
}

/// A server that has Ann only.
fn of_ann() -> Script {
    Script::default().then(page(H2, "0_0", &[row(1, "Ann")])).then(page(H2, "0_inf", &[UP_TO_DATE]))
}

#[wasm_bindgen_test]
async fn a_new_table_in_the_place_of_another_one_begins_anew() {
    schema! {
        struct Again("electric_recreated");
        version 1 { users: User }
        version 2 { former: User } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("users", "former")
    }
    of_two_users("electric_recreated").await;
    let db: Again = builder("electric_recreated").build();
    db.users.add(&of_snapshot(7, "mine")).await.expect("it is stored");
    let script = of_ann();
    let sync = db.users.sync_electric(script.shape()).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    assert_eq!(script.query(0), "offset=-1");
    assert_eq!(db.users.to_vec().await.expect("rows"), [of_snapshot(1, "Ann"), of_snapshot(7, "mine")]);
}

#[wasm_bindgen_test]
async fn a_table_with_another_name_goes_on_where_it_was() {
    schema! {
        struct Renamed("electric_renamed");
        version 1 { users: User }
        version 2 { people: User, users: drop } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("users", "people")
    }
    of_two_users("electric_renamed").await;
    let db: Renamed = builder("electric_renamed").build();
    let script = Script::default().then(page(H1, "0_inf", &[UP_TO_DATE]));
    let sync = db.people.sync_electric(script.shape()).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    assert_eq!(script.query(0), format!("handle={H1}&offset=0_inf"));
    drop(sync);
    // Which rows are the server's is still known, too.
    let other = of_ann();
    let sync = db.people.sync_electric(other.shape().where_("id = 1")).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    assert_eq!(db.people.to_vec().await.expect("rows"), [of_snapshot(1, "Ann")]);
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name")]
struct Person {
    id: i32,
    name: String,
    active: Option<bool>,
}

/// What was converted is not what the server's rows make. Those that have gone meanwhile go, and what was added here stays.
#[wasm_bindgen_test]
async fn rows_that_were_converted_are_fetched_anew() {
    schema! {
        struct Converted("electric_converted");
        version 1 { users: "id, name" }
        version 2 { users: Person } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let person = |user: User| Person { id: user.id, name: user.name, active: None };
        tx.migrate::<User, Person>("users", person).await.map(|_| ())
    }
    of_two_users("electric_converted").await;
    let db: Converted = builder("electric_converted").build();
    let mine = Person { id: 7, name: "mine".into(), active: None };
    db.users.add(&mine).await.expect("it is stored");
    let script = of_ann();
    let sync = db.users.sync_electric(script.shape()).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    assert_eq!(script.query(0), "offset=-1");
    let ann = Person { id: 1, name: "Ann".into(), active: Some(true) };
    assert_eq!(db.users.to_vec().await.expect("rows"), [ann, mine]);
}

/// Under another primary key, nobody knows which rows are which.
#[wasm_bindgen_test]
async fn a_table_with_another_primary_key_begins_anew() {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("name")]
    struct Named {
        id: i32,
        name: String,
    }
    schema! {
        struct Rekeyed("electric_rekeyed");
        version 1 { users: "id, name" }
        version 2 { users: Named }
    }
    of_two_users("electric_rekeyed").await;
    let db: Rekeyed = builder("electric_rekeyed").build();
    let script = Script::default();
    let _sync = db.users.sync_electric(script.shape()).await.expect("a sync");
    until_of(&db.users, "a request", || script.asked() == 1).await;
    assert_eq!(script.query(0), "offset=-1");
}
