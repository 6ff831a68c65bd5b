//! Queries inside an upgrade: indexes go by name, keys are of any type.

use indexie::prelude::*;
use indexie::{AnyKey, Cursor};
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::stored;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name, age, *tags, [name+age], address.city as String")]
struct User {
    id: u32,
    name: String,
    age: u32,
    tags: Vec<String>,
    address: Address,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Address {
    city: String,
}

fn user(id: u32, name: &str, age: u32, tags: &[&str], city: &str) -> User {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    User { id, name: name.into(), age, tags, address: Address { city: city.into() } }
}

/// A shape that knows neither its key nor most of its indexes.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Old {
    name: String,
    age: f64,
}

/// Runs `body` on a table of five users, in an upgrade.
macro_rules! in_an_upgrade {
    ($name:literal, async |$users:ident| $body:block) => {{
        schema! { struct Before($name); version 1 { users: User } }
        schema! { struct After($name); version 1 { users: User } version 2 {} upgrade to_2 }
        async fn to_2(tx: Upgrade) -> Result<()> {
            let $users = tx.table::<Old>("users")?;
            $body
            Ok(())
        }
        stored::<Before>(async |db| {
            let users = [
                user(1, "Ada", 36, &["math", "first"], "London"),
                user(2, "bob", 7, &[], "Oslo"),
                user(3, "Bob", 17, &["first"], "Oslo"),
                user(4, "Cid", 64, &["math", "math"], "Bergen"),
                user(5, "Ada", 12, &["x"], "Rome"),
            ];
            db.users.bulk_add(&users).await.map(|_| ())
        })
        .await?;
        After::new().open().await?;
        After::new().delete().await
    }};
}

fn ids<const N: usize>(keys: [u32; N]) -> Vec<AnyKey> {
    keys.map(AnyKey::from).to_vec()
}

#[wasm_bindgen_test]
async fn clauses_find_what_they_find_elsewhere() -> Result<()> {
    in_an_upgrade!("upgrades: clauses", async |users| {
        let table = [
            (users.where_("name").equals("Ada"), ids([1, 5])),
            (users.where_("name").not_equal("Ada"), ids([3, 4, 2])),
            (users.where_("age").above(17), ids([1, 4])),
            (users.where_("age").at_least(17), ids([3, 1, 4])),
            (users.where_("age").below(12.5), ids([2, 5])),
            (users.where_("age").at_most(12_u64), ids([2, 5])),
            (users.where_("age").between(12..36), ids([5, 3])),
            (users.where_("age").between(12..=36), ids([5, 3, 1])),
            (users.where_("age").between(..), ids([2, 5, 3, 1, 4])),
            (users.where_("age").any_of([64, 7, 9]), ids([2, 4])),
            (users.where_("name").any_of(["Ada", "Cid"].iter()), ids([1, 5, 4])),
            (users.where_("[name+age]").any_of(["Ada"].iter().map(|name| (name, &12))), ids([5])),
            (users.where_("age").none_of([64, 7]), ids([5, 3, 1])),
            (users.where_("age").in_any_range([60..70, 0..8]), ids([2, 4])),
            (users.where_("name").starts_with("B"), ids([3])),
            (users.where_("name").starts_with_any_of(["b", "C"]), ids([4, 2])),
            (users.where_("name").equals_ignore_case("BOB"), ids([3, 2])),
            (users.where_("name").any_of_ignore_case(["BOB", "cid"]), ids([3, 4, 2])),
            (users.where_("name").starts_with_ignore_case("B"), ids([3, 2])),
            (users.where_("tags").equals("math"), ids([1, 4])),
            (users.where_("tags").between(..), ids([1, 3, 4, 5])),
            (users.where_("address.city").equals("Oslo"), ids([2, 3])),
            (users.where_("[name+age]").equals(("Ada", 12)), ids([5])),
            (users.where_("name+age").between(("Ada", 13)..("Bob", 99)), ids([1, 3])),
            (users.where_("[name + age]").prefix("Ada"), ids([5, 1])),
            (users.where_("[name+age]").prefix(("Ada", 36)), ids([1])),
            (users.where_("id").above(3), ids([4, 5])),
            (users.where_(":id").any_of([5, 1]), ids([1, 5])),
            (users.where_("name").above(5), ids([])),
            (users.where_("age").equals("12"), ids([])),
            (users.where_("age").equals(AnyKey::from(12)), ids([5])),
        ];
        for (at, (query, expected)) in table.into_iter().enumerate() {
            assert_eq!(query.primary_keys().await?, expected, "clause {at}");
            assert_eq!(query.count().await?, expected.len(), "clause {at}");
            assert_eq!(query.to_vec().await?.len(), expected.len(), "clause {at}");
        }
    })
}

#[wasm_bindgen_test]
async fn the_first_column_of_a_compound_index_can_be_queried() -> Result<()> {
    #[derive(Store, Serialize, Deserialize)]
    #[store("[list+position], [owner+title]")]
    struct Item {
        list: String,
        position: u32,
        owner: String,
        title: String,
    }
    schema! { struct Before("upgrades: first column"); version 1 { items: Item } }
    schema! { struct After("upgrades: first column"); version 1 { items: Item } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        #[derive(Serialize, Deserialize)]
        struct Title {
            title: String,
        }
        let items = tx.table::<Title>("items")?;
        let titles = |rows: Vec<Title>| rows.into_iter().map(|row| row.title).collect::<String>();
        assert_eq!(titles(items.where_("owner").equals("Ada").to_vec().await?), "ac");
        assert_eq!(titles(items.where_("list").above("a").to_vec().await?), "c");
        assert_eq!(titles(items.order_by("owner").to_vec().await?), "acb");
        assert_eq!(items.order_by("owner").keys().await?, ["Ada", "Ada", "Bob"].map(AnyKey::from));
        assert_eq!(titles(items.where_("[list+position]").equals(("a", 2)).to_vec().await?), "b");
        assert_eq!(items.get(("b", 1)).await?.map(|row| row.title).as_deref(), Some("c"));
        Ok(())
    }
    stored::<Before>(async |db| {
        let item = |list: &str, position, owner: &str, title: &str| Item {
            list: list.into(),
            position,
            owner: owner.into(),
            title: title.into(),
        };
        let items = [item("a", 1, "Ada", "a"), item("a", 2, "Bob", "b"), item("b", 1, "Ada", "c")];
        db.items.bulk_add(&items).await.map(|_| ())
    })
    .await?;
    After::new().open().await
}

#[wasm_bindgen_test]
async fn modifiers_do_what_they_do_elsewhere() -> Result<()> {
    in_an_upgrade!("upgrades: modifiers", async |users| {
        let table = [
            (users.where_("name").equals("Ada").or("age").below(10), ids([1, 2, 5])),
            (users.where_("name").equals("Ada").filter(|user| user.age > 20.0), ids([1])),
            (users.where_("name").equals("Ada").filter(|user| user.age > 20.0).or("age").below(13), ids([1, 2, 5])),
            (users.order_by("age"), ids([2, 5, 3, 1, 4])),
            (users.order_by("age").reverse(), ids([4, 1, 3, 5, 2])),
            (users.order_by("age").offset(1).limit(2), ids([5, 3])),
            // Ordered by an index that is not walked: the row's type does not have it.
            (users.where_("age").above(10).order_by("address.city"), ids([4, 1, 3, 5])),
            (users.where_("age").above(10).order_by("tags"), ids([1, 3, 4, 5])),
            (users.where_("age").above(10).order_by("tags").reverse(), ids([5, 4, 1, 3])),
            (users.where_("age").above(10).order_by("[name+age]").reverse(), ids([4, 3, 1, 5])),
            (users.where_("age").above(10).order_by("id").reverse().limit(2), ids([5, 4])),
            (users.sort_by_key(|user| user.name.to_lowercase()), ids([1, 5, 2, 3, 4])),
            (users.filter(|user| user.age < 20.0), ids([2, 3, 5])),
            (users.until(|user| user.age < 20.0 && user.age > 10.0), ids([1, 2])),
            (users.order_by("age").until(|user| user.age > 20.0), ids([2, 5, 3])),
            (users.reverse().offset(3), ids([2, 1])),
            (users.limit(2), ids([1, 2])),
            (users.offset(4), ids([5])),
        ];
        for (at, (query, expected)) in table.into_iter().enumerate() {
            assert_eq!(query.primary_keys().await?, expected, "query {at}");
            let rows: Vec<AnyKey> = query.entries().await?.into_iter().map(|(key, _)| key).collect();
            assert_eq!(rows, expected, "query {at}");
        }
    })
}

#[wasm_bindgen_test]
async fn terminals_do_what_they_do_elsewhere() -> Result<()> {
    in_an_upgrade!("upgrades: terminals", async |users| {
        use futures::TryStreamExt;
        use std::cell::RefCell;
        use std::rc::Rc;

        let by_age = users.order_by("age");
        let old = |name: &str, age: f64| Old { name: name.into(), age };
        assert_eq!(by_age.first().await?, Some(old("bob", 7.0)));
        assert_eq!(by_age.last().await?, Some(old("Cid", 64.0)));
        assert_eq!(users.first().await?, Some(old("Ada", 36.0)));
        assert_eq!(users.last().await?, Some(old("Ada", 12.0)));
        assert_eq!(users.where_("name").equals("nobody").first().await?, None);
        assert!(users.where_("name").equals("nobody").is_empty().await?);
        assert_eq!(users.order_by("name").keys().await?, ["Ada", "Ada", "Bob", "Cid", "bob"].map(AnyKey::from));
        assert_eq!(users.order_by("name").unique_keys().await?, ["Ada", "Bob", "Cid", "bob"].map(AnyKey::from));
        assert_eq!(users.where_("tags").between(..).keys().await?.len(), 5);

        let page = by_age.page(2).await?;
        assert_eq!(page.rows, [old("bob", 7.0), old("Ada", 12.0)]);
        let cursor: Cursor = page.next.expect("there are more");
        assert_eq!(by_age.after(cursor.clone()).page(3).await?.next, None);
        assert_eq!(users.order_by("age").after(cursor).limit(1).to_vec().await?, [old("Bob", 17.0)]);
        assert_eq!(users.page(5).await?.next, None);

        let seen = Rc::new(RefCell::new(Vec::new()));
        let notes = seen.clone();
        by_age.each(async move |user| notes.borrow_mut().push(user.age)).await?;
        assert_eq!(seen.take(), [7.0, 12.0, 17.0, 36.0, 64.0]);
        let notes = seen.clone();
        let stopped = users
            .each(async move |user| {
                notes.borrow_mut().push(user.age);
                if user.age < 10.0 { Err(Error::user("too young")) } else { Ok(()) }
            })
            .await;
        assert!(matches!(stopped, Err(Error::User(_))));
        assert_eq!(seen.take(), [36.0, 7.0]);
        let notes = seen.clone();
        users.for_each_chunk(async move |rows| notes.borrow_mut().extend(rows.iter().map(|row| row.age))).await?;
        assert_eq!(seen.take().len(), 5);
        assert_eq!(users.stream().try_collect::<Vec<_>>().await?, users.to_vec().await?);
        assert!(by_age.explain().contains("index `age` of `users`"), "{}", by_age.explain());

        assert_eq!(users.where_("age").below(10).modify(|user| user.age += 0.5).await?, 1);
        assert_eq!(users.where_("age").equals(7.5).count().await?, 1);
        assert_eq!(users.filter(|user| user.name == "Ada").delete().await?, 2);
        assert_eq!(users.where_("id").above(3).delete().await?, 1);
        assert_eq!(users.primary_keys().await?, ids([2, 3]));
        // The shape in between has left alone what it does not know.
        assert_eq!(users.where_("address.city").equals("Oslo").count().await?, 2);
    })
}

#[wasm_bindgen_test]
async fn what_is_not_there_is_named() -> Result<()> {
    in_an_upgrade!("upgrades: unknown", async |users| {
        let failures = [
            users.where_("nmae").equals(1).count().await.map(|_| ()),
            users.order_by("nmae").to_vec().await.map(|_| ()),
            users.where_("name").equals("x").or("nmae").equals("y").delete().await.map(|_| ()),
            users.order_by("nmae").modify(|_| {}).await.map(|_| ()),
            users.order_by("nmae").each(async |_| {}).await,
        ];
        for failed in failures {
            let Err(Error::UnknownIndex { table, index, known }) = failed else { panic!("{failed:?}") };
            assert_eq!((table.as_str(), index.as_str()), ("users", "nmae"));
            assert_eq!(known, ["id", "[name+age]", "address.city", "age", "name", "tags"]);
        }
        assert!(users.where_("nmae").equals(1).explain().contains("no index `nmae`"));
        let no_key = users.where_("age").above(f64::NAN).count().await;
        assert!(matches!(&no_key, Err(Error::Data { table, .. }) if table == "users"), "{no_key:?}");
    })
}
