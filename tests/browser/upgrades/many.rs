//! Many rows at a time, and several operations at once, inside an upgrade.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, people, stored};

/// What an older program wrote.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Old {
    id: u32,
    name: String,
}

fn old(id: u32, name: &str) -> Old {
    Old { id, name: name.into() }
}

#[wasm_bindgen_test]
async fn many_rows_are_changed_each_in_its_own_way() -> Result<()> {
    schema! { struct Before("upgrades: each its own way"); version 1 { users: Person } }
    schema! { struct After("upgrades: each its own way"); version 1 { users: Person } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Old>("users")?;
        let suffix = |text: &'static str| move |user: &mut Old| user.name.push_str(text);
        let changed =
            users.bulk_update([(2, suffix("?")), (9, suffix("!")), (1, suffix("!")), (2, suffix("!"))]).await?;
        assert_eq!(changed, 2);
        assert_eq!(users.bulk_update([1, 2].map(|id| (id, |_: &mut Old| ()))).await?, 0, "as they were");

        let number = |id: u32| move |user: &mut Old| user.id = id;
        let onto = users.bulk_update([(1, number(10)), (2, number(3))]).await;
        assert!(
            matches!(&onto, Err(Error::Constraint { index: None, key: Some(key), row: Some(1), .. }) if *key == 3.into()),
            "{onto:?}"
        );
        let no_key = users.bulk_update([(1.0, number(1)), (f64::NAN, number(1))]).await;
        assert!(matches!(&no_key, Err(Error::Data { row: Some(1), .. })), "{no_key:?}");
        assert_eq!(users.bulk_update([(3, number(30))]).await?, 1);
        Ok(())
    }
    stored::<Before>(async |db| people(&db.users, &["Ada", "Bob", "Cid"]).await.map(|_| ())).await?;

    let rows = After::new().users.to_vec().await?;

    let names: Vec<_> = rows.iter().map(|row| (row.id, row.name.as_str())).collect();
    assert_eq!(names, [(1, "Ada!"), (2, "Bob?!"), (30, "Cid")]);
    Ok(())
}

#[wasm_bindgen_test]
async fn several_operations_can_be_under_way() -> Result<()> {
    schema! { struct Before("upgrades: together"); version 1 { users: Person } }
    schema! { struct After("upgrades: together"); version 1 { users: Person } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Old>("users")?;
        let adds = (10..200).map(|id| users.add(&old(id, "many")));
        futures::future::try_join_all(adds).await?;
        let updates = (10..200).map(|id| users.update(id, |user| user.name.push('!')));
        futures::future::try_join_all(updates).await?;
        Ok(())
    }
    stored::<Before>(async |_| Ok(())).await?;
    assert_eq!(After::new().users.where_(|u| u.name).equals("many!").count().await?, 190);
    Ok(())
}

#[wasm_bindgen_test]
async fn very_many_rows_are_changed_in_pieces_and_none_of_them_alone() -> Result<()> {
    schema! { struct Before("upgrades: many changed"); version 1 { users: Person } }
    schema! { struct Fails("upgrades: many changed"); version 1 { users: Person } version 2 {} upgrade fails }
    schema! { struct After("upgrades: many changed"); version 1 { users: Person } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let changed = tx.table::<Old>("users")?.modify(|user| user.name.push('!')).await?;
        assert_eq!(changed, 5_200);
        Ok(())
    }
    async fn fails(tx: Upgrade) -> Result<()> {
        // Onto another one, beyond what is changed at a time; and caught.
        let users = tx.table::<Old>("users")?;
        let failed = users.modify(|user| if user.id == 5_100 { user.id = 1 } else { user.name.push('?') }).await;
        assert!(matches!(failed, Err(Error::Constraint { row: Some(5_099), .. })));
        Ok(())
    }
    stored::<Before>(async |db| {
        let names: Vec<String> = (1..=5_200).map(|at| at.to_string()).collect();
        people(&db.users, &names.iter().map(String::as_str).collect::<Vec<_>>()).await.map(|_| ())
    })
    .await?;

    let failed = Fails::new().open().await;
    let Err(Error::Upgrade { version: 2, source, .. }) = failed else { panic!("{failed:?}") };
    assert!(matches!(&*source, Error::Constraint { key: Some(key), .. } if *key == 1.into()), "{source}");
    let names: Vec<String> = After::new().users.order_by(|u| u.name).keys().await?;
    assert!(names.iter().all(|name| name.ends_with('!') && !name.contains('?')));
    Ok(())
}

#[wasm_bindgen_test]
async fn very_many_rows_may_each_take_the_place_of_the_next() -> Result<()> {
    schema! { struct Before("upgrades: many moved"); version 1 { users: Person } }
    schema! { struct After("upgrades: many moved"); version 1 { users: Person } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        assert_eq!(tx.table::<Old>("users")?.modify(|user| user.id += 1).await?, 5_200);
        Ok(())
    }
    stored::<Before>(async |db| {
        let names: Vec<String> = (1..=5_200).map(|at| at.to_string()).collect();
        people(&db.users, &names.iter().map(String::as_str).collect::<Vec<_>>()).await.map(|_| ())
    })
    .await?;

    let rows = After::new().users.to_vec().await?;

    assert_eq!(rows.len(), 5_200);
    assert!(rows.iter().all(|row| row.name == (row.id - 1).to_string()));
    Ok(())
}
