//! Records and databases that the app's own macros write.
#![deny(warnings, unused_lifetimes, single_use_lifetimes)]
#![allow(dead_code)]

macro_rules! record {
    ($visibility:vis $name:ident { $key:ident: $key_type:ty, $first:ident: $first_type:ty $(, $field:ident: $type:ty)* }) => {
        #[derive(indexie::Store, serde::Serialize, serde::Deserialize)]
        #[store(++$key, $first, $($field,)* all: [$first $(+ $field)*])]
        $visibility struct $name {
            pub $key: $key_type,
            pub $first: $first_type,
            $(pub $field: $type,)*
        }
    };
}

record!(pub User { id: u32, name: String, nick: Option<String>, age: u8 });

macro_rules! id {
    ($name:ident, $type:ty) => {
        #[derive(indexie::Key, serde::Serialize, serde::Deserialize, Clone, Copy)]
        struct $name($type);
    };
}

id!(NoteId, u32);

#[derive(indexie::Store, serde::Serialize, serde::Deserialize)]
#[store(++id)]
struct Note {
    id: NoteId,
}

macro_rules! database {
    ($name:ident, $text:literal, $table:ident: $record:ty) => {
        indexie::schema! {
            pub struct $name($text);
            version 1 { $table: "++id" }
            version 2 { $table: $record }
        }
    };
}

database!(AppDb, "app", users: User);

fn main() {
    let _: indexie::Index<User, (String, String, u8)> = User::INDEX.all;
    let _ = &AppDb::new().users;
    let _ = NewUser { name: String::new(), nick: None, age: 1 };
}
