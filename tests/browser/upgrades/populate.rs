//! `populate`: the first rows of a new database.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &name")]
struct User {
    id: u32,
    name: String,
}

#[wasm_bindgen_test]
async fn it_runs_once_in_a_new_database() -> Result<()> {
    schema! {
        struct Db("upgrades: populate");
        version 1 { users: "++id" }
        version 4 { users: User, groups: Person } upgrade never populate first
    }
    async fn never(_: Upgrade) -> Result<()> {
        Err(Error::user("there is nothing to upgrade"))
    }
    async fn first(tx: Upgrade) -> Result<()> {
        note(tx.version());
        let group = tx.table::<NewPersonRow>("groups")?.add(&NewPersonRow { name: "all".into() }).await?;
        note(group);
        tx.table::<User>("users")?.bulk_add(&[User { id: 7, name: "Ada".into() }]).await?;
        Ok(())
    }
    #[derive(Serialize, Deserialize)]
    struct NewPersonRow {
        name: String,
    }
    noted();
    stored::<Db>(async |db| {
        assert_eq!(db.users.primary_keys().await?, [7]);
        assert_eq!(db.groups.to_vec().await?, [Person { id: 1, name: "all".into() }]);
        db.users.clear().await
    })
    .await?;
    assert_eq!(noted(), ["4", "1"]);

    let again = Db::new();
    assert_eq!(again.users.count().await?, 0);
    again.delete().await?;
    assert_eq!(again.users.count().await?, 1, "a new database again");
    assert_eq!(noted(), ["4", "1"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn it_does_not_run_in_an_upgrade() -> Result<()> {
    schema! { struct Old("upgrades: not populated"); version 1 { users: User } }
    schema! { struct New("upgrades: not populated"); version 1 { users: User } version 2 {} populate first }
    async fn first(_: Upgrade) -> Result<()> {
        Err(Error::user("it is not new"))
    }
    stored::<Old>(async |_| Ok(())).await?;
    assert_eq!(New::new().users.count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_fails_leaves_no_database() -> Result<()> {
    schema! { struct Fails("upgrades: populate fails"); version 3 { users: User } populate fails }
    schema! { struct Clashes("upgrades: populate clashes"); version 3 { users: User } populate clashes }
    async fn fails(tx: Upgrade) -> Result<()> {
        tx.table::<User>("users")?.add(&User { id: 1, name: "Ada".into() }).await?;
        Err(Error::user("no"))
    }
    async fn clashes(tx: Upgrade) -> Result<()> {
        let twice = [1, 2].map(|id| User { id, name: "Ada".into() });
        tx.table::<User>("users")?.bulk_add(&twice).await.map(|_| ())
    }
    let (one, other) = (Fails::new(), Clashes::new());
    one.delete().await?;
    other.delete().await?;

    let failed = one.open().await;
    let Err(Error::Upgrade { version: 3, source, .. }) = failed else { panic!("{failed:?}") };
    assert!(matches!(&*source, Error::User(_)), "{source}");
    let failed = other.open().await;
    let Err(Error::Upgrade { version: 3, table: Some(table), source, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!(table, "users");
    assert!(
        matches!(&*source, Error::Constraint { index: Some(index), row: Some(1), .. } if index == "name"),
        "{source}"
    );

    // Later operations try again, and fail again.
    assert!(matches!(one.users.count().await, Err(Error::Upgrade { .. })));
    assert!(!Fails::exists().await? && !Clashes::exists().await?);
    Ok(())
}
