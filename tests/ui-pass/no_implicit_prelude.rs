//! Without std's prelude, and with the app's own types in place of std's.
#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code)]

mod model {
    #![no_implicit_prelude]

    pub struct Option;
    pub struct Vec;
    pub struct Result;
    pub struct Index;
    pub struct Entry;
    pub struct IndexesOfUser;
    pub enum Some {}
    pub trait Clone {}
    pub trait Default {}

    #[derive(
        ::indexie::Store,
        ::serde::Serialize,
        ::serde::Deserialize,
        ::core::clone::Clone,
        ::core::fmt::Debug,
    )]
    #[store("++id, name, nick, *tags, [name+id], address?.city as ::std::string::String", new(derive(::core::fmt::Debug)))]
    pub struct User {
        pub id: u32,
        pub name: ::std::string::String,
        pub nick: ::core::option::Option<::std::string::String>,
        pub tags: ::std::vec::Vec<::std::string::String>,
        pub address: ::core::option::Option<Address>,
    }

    #[derive(::serde::Serialize, ::serde::Deserialize, ::core::clone::Clone, ::core::fmt::Debug)]
    pub struct Address {
        city: ::std::string::String,
    }

    #[derive(::indexie::Key, ::core::clone::Clone)]
    pub enum Status {
        Open,
        Closed,
    }

    #[derive(::indexie::Key, ::core::clone::Clone)]
    pub struct Number(u32);

    ::indexie::schema! {
        pub struct AppDb("app");
        version 1 { users: "++id" }
        version 2 { users: User } upgrade up
    }

    async fn up(_: ::indexie::Upgrade) -> ::indexie::Result<()> {
        ::core::result::Result::Ok(())
    }
}

fn main() {
    let _ = model::AppDb::new();
}
