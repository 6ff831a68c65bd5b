//! The twenty live queries of an app with a table, some charts and a detail view; `dexie.js` has the same ones in the same order.
//! The row that is written changes nine of their results.

use indexie::prelude::*;

use crate::people::Person;
use crate::watchers::Watchers;

/// Rows of a page.
const PAGE: usize = 50;

/// Watches them all, in a table of so many rows.
pub fn watch(people: &Table<Person>, rows: usize, watchers: &mut Watchers) {
    for query in pages(people, rows).iter().chain(&filters(people)) {
        watchers.keep(&query.live());
    }
    for query in counted(people) {
        watchers.keep(&query.count().live());
    }
    for id in [256, 1, 999] {
        watchers.keep(&people.get(id).live());
    }
    watchers.keep(&people.get_by(|p| p.email, "user256@example.com").live());
}

fn pages(people: &Table<Person>, rows: usize) -> [Query<Person>; 6] {
    let by_name = people.order_by(|p| p.name);
    let by_age = people.order_by(|p| p.age);
    [
        by_name.limit(PAGE),
        by_name.offset(PAGE).limit(PAGE),
        by_name.reverse().limit(PAGE),
        by_age.limit(PAGE),
        by_age.offset(rows / 4).limit(PAGE),
        by_name.offset(rows / 2).limit(PAGE),
    ]
}

fn filters(people: &Table<Person>) -> [Query<Person>; 6] {
    let is_done_in_oslo = |p: &Person| p.done && p.address.city == "Oslo";
    [
        people.where_(|p| p.age).between(25..=34).filter(is_done_in_oslo),
        people.where_(|p| p.age).between(40..=49).filter(is_done_in_oslo).limit(PAGE),
        people.where_(|p| p.age).between(60..=69).filter(|p| p.done),
        people.where_(|p| p.name).starts_with("Ada").filter(|p| p.age == 40),
        people.where_(|p| p.name).starts_with("Zo").filter(|p| p.done),
        people.where_(|p| p.age).at_least(90).filter(|p| p.score > 100.0),
    ]
}

fn counted(people: &Table<Person>) -> [Query<Person>; 4] {
    [
        people.where_(|p| p.age).at_least(35),
        people.where_(|p| p.age).equals(30),
        people.where_(|p| p.name).starts_with("Ada"),
        people.where_(|p| p.age).between(60..=69),
    ]
}
