//! Queries over a merged view: what is pending stands where it would stand if it were stored.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Member, NewMember, member, with_rows};

fn names(rows: Vec<Member>) -> Vec<String> {
    rows.into_iter().map(|row| row.name).collect()
}

#[wasm_bindgen_test]
async fn every_kind_of_read_is_merged() -> Result<()> {
    let db = with_rows("overlay reads").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&tagged("Dan", 25, &["x", "y"])).await?;
    tx.update(2, |row| (row.age, row.tags) = (45, vec!["y".into()])).await?;
    tx.delete(1).await?;
    let members = &db.members;
    assert_eq!(names(members.order_by(|m| m.age).to_vec().await?), ["Dan", "Cid", "Bob"]);
    assert_eq!(names(members.order_by(|m| m.age).reverse().offset(1).limit(1).to_vec().await?), ["Cid"]);
    assert_eq!(names(members.where_(|m| m.age).between(25..=40).to_vec().await?), ["Dan", "Cid"]);
    let either = members.where_(|m| m.name).equals("Ann").or(|m| m.age).above(41);
    assert_eq!(names(either.to_vec().await?), ["Bob"]);
    assert_eq!(members.where_(|m| m.tags).equals("y").count().await?, 2);
    assert_eq!(names(members.where_(|m| m.tags).any_of(["x", "y"]).to_vec().await?), ["Dan", "Bob"]);
    assert_eq!(members.where_(|m| m.tags).starts_with("").keys::<String>().await?, ["x", "y", "y"]);
    assert_eq!(members.where_(|m| m.tags).starts_with("").unique_keys::<String>().await?, ["x", "y"]);
    assert_eq!(members.order_by(|m| m.age).keys::<u32>().await?, [25, 40, 45]);
    assert_eq!(members.order_by(|m| m.age).primary_keys().await?, [dan, 3, 2]);
    assert_eq!(members.get_by(|m| m.email, "dan@b.c").await?.map(|row| row.id), Some(dan));
    assert_eq!(members.get_by(|m| m.email, "ann@b.c").await?, None);
    assert_eq!(members.where_(|m| m.name_age).prefix("Bob").count().await?, 1);
    let some = members.bulk_get([1, 2, dan]).await?;
    assert_eq!(some.into_iter().map(|row| row.map(|row| row.age)).collect::<Vec<_>>(), [None, Some(45), Some(25)]);
    assert_eq!(members.first().await?.map(|row| row.id), Some(2));
    assert_eq!(members.last().await?.map(|row| row.id), Some(dan));
    assert_eq!(names(members.filter(|row| row.age > 40).to_vec().await?), ["Bob"]);
    assert_eq!(
        names(members.sort_by_key(|row| std::cmp::Reverse(row.name.clone())).to_vec().await?),
        ["Dan", "Cid", "Bob"]
    );
    let page = members.order_by(|m| m.age).page(2).await?;
    assert_eq!(names(page.rows), ["Dan", "Cid"]);
    let rest = members.order_by(|m| m.age).after(page.next.expect("one more")).page(2).await?;
    assert_eq!((names(rest.rows), rest.next.is_none()), (vec!["Bob".to_owned()], true));
    let mut seen = Vec::new();
    let mut rows = members.order_by(|m| m.age).stream();
    while let Some(row) = futures::TryStreamExt::try_next(&mut rows).await? {
        seen.push(row.name);
    }
    assert_eq!(seen, ["Dan", "Cid", "Bob"]);
    assert!(!members.is_empty().await?);
    Ok(())
}

fn tagged(name: &str, age: u32, tags: &[&str]) -> NewMember {
    NewMember { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..member(name, age) }
}

#[wasm_bindgen_test]
async fn a_window_passes_over_many_hidden_rows() -> Result<()> {
    let db = with_rows("overlay windows").await?;
    db.members.bulk_add(&(0..600).map(|n| member(&format!("M{n:03}"), 100 + n)).collect::<Vec<_>>()).await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    assert_eq!(tx.where_(|m| m.age).between(100..650).delete().await?, 550);
    let query = db.members.order_by(|m| m.age);
    assert_eq!(names(query.limit(5).to_vec().await?), ["Ann", "Bob", "Cid", "M550", "M551"]);
    assert_eq!(names(query.offset(4).limit(2).to_vec().await?), ["M551", "M552"]);
    assert_eq!(names(query.reverse().offset(49).limit(3).to_vec().await?), ["M550", "Cid", "Bob"]);
    assert_eq!(db.members.where_(|m| m.age).above(99).count().await?, 50);
    assert_eq!(db.members.count().await?, 53);
    tx.rollback();
    assert_eq!(db.members.count().await?, 603);
    Ok(())
}
