//! Records and a database that only one function knows.
#![deny(warnings)]

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

fn main() {
    #[derive(Store, Serialize, Deserialize)]
    #[store("++id, name, kind, [name+place]")]
    struct User {
        id: u32,
        name: String,
        kind: Kind,
        place: Place,
    }

    #[derive(Key, Serialize, Deserialize, Clone)]
    enum Kind {
        Old,
        New,
    }

    #[derive(Key, Serialize, Deserialize, Clone)]
    struct Place(u32);

    schema! {
        struct AppDb("app");
        version 1 { users: User }
    }

    let db = AppDb::new();
    let _ = (&db.users, User::INDEX.kind);
    let _ = NewUser { name: String::new(), kind: Kind::Old, place: Place(1) };
    let _ = (User { id: 1, name: String::new(), kind: Kind::New, place: Place(2) }).id;
}
