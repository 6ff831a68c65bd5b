//! The clauses on an index of one column.

use indexie::Error;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::Shelf;
use crate::fixtures::{filenames, files, folders, fresh, friends, names, numbers, paths, texts, words};

// 96
#[wasm_bindgen_test]
async fn comparisons_know_their_bounds() -> Result<()> {
    let db = numbers("comparisons know their bounds").await?;
    assert_eq!(db.numbers.where_(|n| n.id).above(5).primary_keys().await?, [6, 7, 8, 9]);
    assert_eq!(db.numbers.where_(|n| n.id).at_least(5).primary_keys().await?, [5, 6, 7, 8, 9]);
    assert_eq!(db.numbers.where_(|n| n.id).below(3).primary_keys().await?, [1, 2]);
    assert_eq!(db.numbers.where_(|n| n.id).at_most(3).primary_keys().await?, [1, 2, 3]);
    Ok(())
}

// 96
#[wasm_bindgen_test]
async fn comparisons_on_an_index_are_in_its_order() -> Result<()> {
    let db = friends("comparisons on an index are in its order").await?;
    assert_eq!(names(db.friends.where_(|f| f.age).above(3).to_vec().await?), ["Ylva", "David", "Ann"]);
    assert_eq!(names(db.friends.where_(|f| f.age).at_least(3).to_vec().await?), ["Simon", "Ylva", "David", "Ann"]);
    assert_eq!(names(db.friends.where_(|f| f.age).below(40).to_vec().await?), ["Tyra", "Simon"]);
    assert_eq!(names(db.friends.where_(|f| f.age).at_most(40).to_vec().await?), ["Tyra", "Simon", "Ylva"]);
    assert_eq!(names(db.friends.where_(|f| f.age).above(3).reverse().to_vec().await?), ["Ann", "David", "Ylva"]);
    assert_eq!(names(db.friends.where_(|f| f.age).at_most(40).reverse().to_vec().await?), ["Ylva", "Simon", "Tyra"]);
    Ok(())
}

// 97, 100
#[wasm_bindgen_test]
async fn between_takes_every_range_of_rust() -> Result<()> {
    use std::ops::Bound::{Excluded, Included, Unbounded};

    let db = numbers("between takes every range of rust").await?;
    let id = || db.numbers.where_(|n| n.id);
    assert_eq!(id().between(2..4).primary_keys().await?, [2, 3]);
    assert_eq!(id().between(2..=4).primary_keys().await?, [2, 3, 4]);
    assert_eq!(id().between(7..).primary_keys().await?, [7, 8, 9]);
    assert_eq!(id().between(0..).count().await?, 9);
    assert_eq!(id().between(..3).primary_keys().await?, [1, 2]);
    assert_eq!(id().between(..=3).primary_keys().await?, [1, 2, 3]);
    assert_eq!(id().between(..).primary_keys().await?, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(id().between((Excluded(2), Excluded(4))).primary_keys().await?, [3]);
    assert_eq!(id().between((Excluded(2), Included(4))).primary_keys().await?, [3, 4]);
    assert_eq!(id().between((Unbounded, Excluded(2))).primary_keys().await?, [1]);
    Ok(())
}

// 99
#[wasm_bindgen_test]
async fn a_range_that_holds_nothing_is_no_error() -> Result<()> {
    use std::ops::Bound::{Excluded, Included};

    let db = numbers("a range that holds nothing is no error").await?;
    let id = || db.numbers.where_(|n| n.id);
    #[allow(clippy::reversed_empty_ranges, reason = "what the test is about")]
    let backwards = 3..=1;
    assert_eq!(id().between(backwards.clone()).to_vec().await?, []);
    assert_eq!(id().between(backwards).count().await?, 0);
    assert_eq!(id().between((Excluded(2), Excluded(2))).to_vec().await?, []);
    assert_eq!(id().between((Included(2), Excluded(2))).to_vec().await?, []);
    assert_eq!(id().between((Excluded(2), Included(2))).reverse().to_vec().await?, []);
    assert_eq!(id().between((Excluded(2), Excluded(3))).first().await?, None);
    Ok(())
}

/// As iterators and their filters give it.
#[wasm_bindgen_test]
async fn text_may_be_borrowed_twice() -> Result<()> {
    let db = files("text may be borrowed twice").await?;
    let name = || db.files.where_(|f| f.filename);
    let wanted = vec!["hello", "README"];
    assert_eq!(name().any_of(&wanted).primary_keys().await?, [4, 2]);
    let short = wanted.iter().filter(|name| name.len() < 6);
    assert_eq!(name().any_of(short).primary_keys().await?, [2]);
    let owned: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    assert_eq!(name().any_of(&owned).primary_keys().await?, [4, 2]);
    assert_eq!(name().none_of(["hello", "README"].iter()).primary_keys().await?, [1, 5, 3]);
    assert_eq!(name().equals(wanted.first().expect("a name")).primary_keys().await?, [2]);
    assert_eq!(name().between(&wanted[1]..&wanted[0]).primary_keys().await?, [4]);
    Ok(())
}

// 103
#[wasm_bindgen_test]
async fn any_of_is_in_the_order_of_the_index() -> Result<()> {
    let db = files("any of is in the order of the index").await?;
    let some = db.files.where_(|f| f.filename).any_of(["hello", "hello-there", "README", "gösta"]);
    assert_eq!(filenames(some.to_vec().await?), ["README", "hello", "hello-there"]);
    assert_eq!(filenames(some.reverse().to_vec().await?), ["hello-there", "hello", "README"]);
    assert_eq!(some.count().await?, 3);
    Ok(())
}

// 105
#[wasm_bindgen_test]
async fn any_of_nothing_is_nothing() -> Result<()> {
    let db = files("any of nothing is nothing").await?;
    let none = db.files.where_(|f| f.filename).any_of(Vec::<String>::new());
    assert_eq!(none.to_vec().await?, []);
    assert_eq!(none.count().await?, 0);
    assert_eq!(none.keys::<String>().await?, Vec::<String>::new());
    assert_eq!(none.unique_keys::<String>().await?, Vec::<String>::new());
    assert_eq!(none.primary_keys().await?, [0_u32; 0]);
    assert_eq!(none.first().await?, None);
    assert_eq!(none.last().await?, None);
    assert_eq!(none.delete().await?, 0);
    assert_eq!(none.modify(|file| file.filename.clear()).await?, 0);
    assert_eq!(db.files.count().await?, 5);
    Ok(())
}

// 106
#[wasm_bindgen_test]
async fn any_of_takes_a_key_twice_as_once() -> Result<()> {
    let db = numbers("any of takes a key twice as once").await?;
    let query = db.numbers.where_(|n| n.v).any_of([1, 1, 1]);
    assert_eq!(query.primary_keys().await?, [1, 4, 7]);
    assert_eq!(query.count().await?, 3);
    Ok(())
}

// 109
#[wasm_bindgen_test]
async fn none_of_leaves_out_what_it_names() -> Result<()> {
    let db = folders("none of leaves out what it names").await?;
    let others = db.folders.where_(|f| f.path).none_of(["/usr/local", "/", "/var/bin", "nope"]);
    let expected = ["/USR/local/VAR", "/usr", "/usr/local/bin", "/usr/local/src", "/usr/local/var", "/var"];
    assert_eq!(paths(others.to_vec().await?), expected);
    assert_eq!(others.keys::<String>().await?, expected);
    assert_eq!(others.count().await?, 6);
    assert_eq!(others.reverse().first().await?.map(|f| f.path), Some("/var".into()));
    Ok(())
}

#[wasm_bindgen_test]
async fn none_of_nothing_is_the_whole_index() -> Result<()> {
    let db = files("none of nothing is the whole index").await?;
    let with_extension = db.files.where_(|f| f.extension).none_of(Vec::<String>::new());
    assert_eq!(with_extension.primary_keys().await?, [4, 2, 5, 3]);
    Ok(())
}

// 111
#[wasm_bindgen_test]
async fn not_equal_leaves_out_one_key() -> Result<()> {
    let db = folders("not equal leaves out one key").await?;
    let others = db.folders.where_(|f| f.path).not_equal("/usr/local");
    assert_eq!(others.primary_keys().await?, [1, 7, 2, 4, 5, 6, 8, 9]);
    assert_eq!(others.count().await?, 8);
    Ok(())
}

// 112: rows that are not in the index are not found through it.
#[wasm_bindgen_test]
async fn not_equal_does_not_find_what_is_absent() -> Result<()> {
    let db = files("not equal does not find what is absent").await?;
    assert_eq!(db.files.where_(|f| f.extension).not_equal(".exe").primary_keys().await?, [4, 3]);
    Ok(())
}

// 114
#[wasm_bindgen_test]
async fn in_any_range_takes_ranges_that_touch() -> Result<()> {
    let db = friends("in any range takes ranges that touch").await?;
    let forties = db.friends.where_(|f| f.age).in_any_range([40..=40, 40..=40, 40..=41, 41..=41, 42..=42]);
    assert_eq!(names(forties.to_vec().await?), ["Ylva", "David"]);
    assert_eq!(names(forties.reverse().to_vec().await?), ["David", "Ylva"]);
    Ok(())
}

// 115
#[wasm_bindgen_test]
async fn in_any_range_merges_ranges_in_any_order() -> Result<()> {
    let db = numbers("in any range merges ranges in any order").await?;
    let ranges = vec![1..3, 4..5, 2..9];
    let query = db.numbers.where_(|n| n.id).in_any_range(ranges);
    assert_eq!(query.primary_keys().await?, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(query.count().await?, 8);
    Ok(())
}

// 117
#[wasm_bindgen_test]
async fn in_any_range_refuses_a_range_that_ends_before_it_begins() -> Result<()> {
    let db = numbers("in any range refuses a backwards range").await?;
    #[allow(clippy::reversed_empty_ranges, reason = "what the test is about")]
    let result = db.numbers.where_(|n| n.id).in_any_range([1..3, 5..1]).to_vec().await;
    let Err(Error::InvalidArgument { message }) = result else { panic!("{result:?}") };
    assert_eq!(message, "table `numbers`: the range from 5 to 1 ends before it begins");
    Ok(())
}

// 118
#[wasm_bindgen_test]
async fn in_any_range_goes_backwards() -> Result<()> {
    let db = numbers("in any range goes backwards").await?;
    let query = db.numbers.where_(|n| n.id).in_any_range([1..3, 5..7]);
    assert_eq!(query.reverse().primary_keys().await?, [6, 5, 2, 1]);
    assert_eq!(query.primary_keys().await?, [1, 2, 5, 6]);
    Ok(())
}

#[wasm_bindgen_test]
async fn in_any_of_no_ranges_is_nothing() -> Result<()> {
    let db = numbers("in any of no ranges is nothing").await?;
    let none: [std::ops::Range<u32>; 0] = [];
    assert_eq!(db.numbers.where_(|n| n.id).in_any_range(none).count().await?, 0);
    Ok(())
}

// 120
#[wasm_bindgen_test]
async fn starts_with_finds_every_string_that_does() -> Result<()> {
    let some = ["abc", "ab\u{ffff}", "ab\u{ffff}z", "ab😀", "ab", "aB", "ac", "a", "b"];
    let db = words("starts with finds every string that does", &some).await?;
    let found = db.words.where_(|w| w.text).starts_with("ab");
    assert_eq!(texts(found.to_vec().await?), ["ab", "abc", "ab😀", "ab\u{ffff}", "ab\u{ffff}z"]);
    assert_eq!(found.count().await?, 5);
    assert_eq!(found.reverse().first().await?.map(|w| w.text), Some("ab\u{ffff}z".into()));
    Ok(())
}

// 121
#[wasm_bindgen_test]
async fn starts_with_any_of_takes_several_prefixes() -> Result<()> {
    let db = folders("starts with any of takes several prefixes").await?;
    let path = || db.folders.where_(|f| f.path);
    let expected: [(&[&str], usize); 7] = [
        (&["/usr/local", "/var"], 6),
        (&["/usr/local/", "/var/"], 4),
        (&["/var", "/var", "/var"], 2),
        (&["/var", "/v"], 2),
        (&[], 0),
        (&[""], 9),
        (&["nonexisting"], 0),
    ];
    for (prefixes, count) in expected {
        let query = path().starts_with_any_of(prefixes);
        let forwards = query.to_vec().await?;
        let mut backwards = query.reverse().to_vec().await?;
        backwards.reverse();
        assert_eq!(forwards.len(), count, "{prefixes:?}");
        assert_eq!(backwards, forwards, "{prefixes:?}");
        assert_eq!(query.count().await?, count, "{prefixes:?}");
    }
    Ok(())
}

// 121
#[wasm_bindgen_test]
async fn starts_with_any_of_is_the_same_in_a_transaction() -> Result<()> {
    let db = folders("starts with any of in a transaction").await?;
    let found = db
        .transaction(Mode::Read, &db.folders, async |folders| {
            folders.where_(|f| f.path).starts_with_any_of(["/usr/local/", "/var/"]).to_vec().await
        })
        .await?;
    assert_eq!(paths(found), ["/usr/local/bin", "/usr/local/src", "/usr/local/var", "/var/bin"]);
    Ok(())
}

// 130
#[wasm_bindgen_test]
async fn equals_finds_one_key_or_nothing() -> Result<()> {
    let db = folders("equals finds one key or nothing").await?;
    assert_eq!(db.folders.where_(|f| f.path).equals("nope").to_vec().await?, []);
    assert_eq!(db.folders.where_(|f| f.path).equals("/usr").primary_keys().await?, [2]);
    assert_eq!(db.folders.where_(|f| f.path).equals("/USR").first().await?, None);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_empty_string_is_a_key() -> Result<()> {
    let db = words("the empty string is a key", &["a", "", " "]).await?;
    assert_eq!(db.words.where_(|w| w.text).equals("").primary_keys().await?, [2]);
    assert_eq!(db.words.where_(|w| w.text).above("").primary_keys().await?, [3, 1]);
    assert_eq!(db.words.where_(|w| w.text).starts_with("").primary_keys().await?, [2, 3, 1]);
    assert_eq!(db.words.where_(|w| w.text).at_most("").primary_keys().await?, [2]);
    assert_eq!(db.words.where_(|w| w.text).below("").primary_keys().await?, [0_u32; 0]);
    Ok(())
}

#[wasm_bindgen_test]
async fn text_is_ordered_by_its_utf16_code_units() -> Result<()> {
    // By UTF-8 or by characters the emoji would come last.
    let db = words("text is ordered by its utf16 code units", &["\u{ff5e}", "😀", "z", "é", "\u{e000}"]).await?;
    let in_order = ["z", "é", "😀", "\u{e000}", "\u{ff5e}"];
    assert_eq!(texts(db.words.order_by(|w| w.text).to_vec().await?), in_order);
    assert_eq!(texts(db.words.where_(|w| w.text).above("é").to_vec().await?), ["😀", "\u{e000}", "\u{ff5e}"]);
    assert_eq!(texts(db.words.where_(|w| w.text).between("😀".."\u{ff5e}").to_vec().await?), ["😀", "\u{e000}"]);
    assert_eq!(texts(db.words.where_(|w| w.text).any_of(["\u{ff5e}", "😀"]).to_vec().await?), ["😀", "\u{ff5e}"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_empty_table_has_nothing_for_any_clause() -> Result<()> {
    let db: Shelf = fresh("an empty table has nothing").await;
    assert_eq!(db.friends.where_(|f| f.age).above(1).to_vec().await?, []);
    assert_eq!(db.friends.where_(|f| f.name).starts_with("A").count().await?, 0);
    assert_eq!(db.friends.order_by(|f| f.name).last().await?, None);
    assert_eq!(db.friends.where_(|f| f.age).equals(1).or(|f| f.name).equals("x").to_vec().await?, []);
    assert!(db.friends.where_(|f| f.age).at_least(0).is_empty().await?);
    Ok(())
}
