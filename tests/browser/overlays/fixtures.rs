//! The tables that the cases of this suite share.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

pub use indexie_tests::fresh;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &email, name, age, *tags, [name+age]", new(derive(Clone, Debug)))]
pub struct Member {
    pub id: u32,
    pub email: String,
    pub name: String,
    pub age: u32,
    pub tags: Vec<String>,
}

/// The key is part of the row, and the app's own.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("name, &seat, points")]
pub struct Player {
    pub name: String,
    pub seat: Option<u32>,
    pub points: i32,
}

/// The key is outside of the row, and the browser gives it.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++, text", key = u32)]
pub struct Note {
    pub text: String,
}

/// The key is outside of the row, and the app gives it.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("", key = String)]
pub struct Setting {
    pub value: u32,
}

/// There are not many keys.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &name", new(derive(Clone, Debug)))]
pub struct Seat {
    pub id: u8,
    pub name: String,
}

schema! {
    pub struct Club("club");

    version 1 {
        members: Member,
        players: Player,
        notes: Note,
        settings: Setting,
        seats: Seat,
    }
}

pub fn member(name: &str, age: u32) -> NewMember {
    NewMember { email: format!("{}@b.c", name.to_lowercase()), name: name.into(), age, tags: Vec::new() }
}

pub fn player(name: &str, points: i32) -> Player {
    Player { name: name.into(), seat: None, points }
}

pub fn seat(name: &str) -> NewSeat {
    NewSeat { name: name.into() }
}

/// Members Ann (1, 20), Bob (2, 30) and Cid (3, 40); players Ida (5) and Joe (7).
pub async fn with_rows(name: &str) -> Result<Club> {
    let db: Club = fresh(name).await;
    db.members.bulk_add(&[member("Ann", 20), member("Bob", 30), member("Cid", 40)]).await?;
    db.players.bulk_add(&[player("Ida", 5), player("Joe", 7)]).await?;
    Ok(db)
}

/// The names of all members that are seen.
pub async fn names<A: indexie::Access>(members: &Table<Member, A>) -> Result<Vec<String>> {
    Ok(members.to_vec().await?.into_iter().map(|member| member.name).collect())
}

/// The names of all that are stored: bodies of transactions see nothing else.
pub async fn stored(db: &Club) -> Result<Vec<String>> {
    db.transaction(Mode::Read, &db.members, async |members| names(&members).await).await
}
