//! The clauses that ignore case: two strings are equal when their lowercase is.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{NewFile, filenames, files, folders, paths, texts, words};

// 123
#[wasm_bindgen_test]
async fn every_casing_is_found_in_the_order_of_the_index() -> Result<()> {
    let some =
        ["", "AA", "apan japan", "Apan Japan", "APAN JAPAN", "Apan JapaN", "apan JAPANer", "apan JAPA", "apan", "zz"];
    let db = words("every casing is found", &some).await?;
    let found = db.words.where_(|w| w.text).equals_ignore_case("apan japan");
    let expected = ["APAN JAPAN", "Apan JapaN", "Apan Japan", "apan japan"];
    assert_eq!(texts(found.to_vec().await?), expected);
    let mut mirrored = texts(found.reverse().to_vec().await?);
    mirrored.reverse();
    assert_eq!(mirrored, expected);
    assert_eq!(found.count().await?, 4);
    assert_eq!(found.keys::<String>().await?, expected);
    Ok(())
}

// 124
#[wasm_bindgen_test]
async fn keys_shorter_or_longer_than_what_is_asked_for_are_not_found() -> Result<()> {
    let some = ["Hello-there-", "hello-there-", "hello-there-everyone", "hello-there-everyone-of-you!"];
    let db = words("keys shorter or longer are not found", &some).await?;
    let found = db.words.where_(|w| w.text).equals_ignore_case("hello-there-everyone");
    assert_eq!(texts(found.to_vec().await?), ["hello-there-everyone"]);
    assert_eq!(texts(found.reverse().to_vec().await?), ["hello-there-everyone"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn prefixes_ignore_case_too() -> Result<()> {
    let db = folders("prefixes ignore case too").await?;
    let found = db.folders.where_(|f| f.path).starts_with_ignore_case("/UsR/lOcAl/");
    let expected = ["/USR/local/VAR", "/usr/local/bin", "/usr/local/src", "/usr/local/var"];
    assert_eq!(paths(found.to_vec().await?), expected);
    assert_eq!(found.count().await?, 4);
    assert_eq!(db.folders.where_(|f| f.path).starts_with_ignore_case("").count().await?, 9);
    assert_eq!(db.folders.where_(|f| f.path).starts_with_ignore_case("/vAr").primary_keys().await?, [8, 9]);
    Ok(())
}

#[wasm_bindgen_test]
async fn several_prefixes_ignore_case_too() -> Result<()> {
    let db = folders("several prefixes ignore case too").await?;
    let path = || db.folders.where_(|f| f.path);
    let expected: [(&[&str], &[&str]); 4] = [
        (&["/UsR/lOcAl/v", "/VAR/"], &["/USR/local/VAR", "/usr/local/var", "/var/bin"]),
        (&["/VAR/b", "/vAr/", "/Var/Bin"], &["/var/bin"]),
        (&["nonexisting"], &[]),
        (&[], &[]),
    ];
    for (prefixes, expected) in expected {
        let found = path().starts_with_any_of_ignore_case(prefixes);
        assert_eq!(paths(found.to_vec().await?), expected, "{prefixes:?}");
        assert_eq!(found.count().await?, expected.len(), "{prefixes:?}");
        let mut backwards = paths(found.reverse().to_vec().await?);
        backwards.reverse();
        assert_eq!(backwards, expected, "{prefixes:?}");
    }
    assert_eq!(path().starts_with_any_of_ignore_case(["", "/"]).count().await?, 9);
    Ok(())
}

// 126
#[wasm_bindgen_test]
async fn any_of_several_is_found_in_every_casing() -> Result<()> {
    let db = folders("any of several in every casing").await?;
    let found = db.folders.where_(|f| f.path).any_of_ignore_case(["/usr/local/var", "/"]);
    assert_eq!(paths(found.to_vec().await?), ["/", "/USR/local/VAR", "/usr/local/var"]);
    assert_eq!(paths(found.reverse().to_vec().await?), ["/usr/local/var", "/USR/local/VAR", "/"]);
    Ok(())
}

// 127
#[wasm_bindgen_test]
async fn any_of_several_is_in_the_order_of_the_index() -> Result<()> {
    let db = files("any of several is in the order of the index").await?;
    let found = db.files.where_(|f| f.filename).any_of_ignore_case(["hello", "world", "readme"]);
    assert_eq!(filenames(found.to_vec().await?), ["Hello", "README", "hello", "world"]);
    assert_eq!(db.files.where_(|f| f.filename).any_of_ignore_case(Vec::<String>::new()).count().await?, 0);
    Ok(())
}

// 129
#[wasm_bindgen_test]
async fn a_dotted_capital_i_is_two_characters_in_lowercase() -> Result<()> {
    let db = words("a dotted capital i", &["İstanbul", "i\u{307}stanbul", "istanbul", "ISTANBUL", "ıstanbul"]).await?;
    let turkish = db.words.where_(|w| w.text).equals_ignore_case("İSTANBUL");
    assert_eq!(texts(turkish.to_vec().await?), ["i\u{307}stanbul", "İstanbul"]);
    let plain = db.words.where_(|w| w.text).equals_ignore_case("istanbul");
    assert_eq!(texts(plain.to_vec().await?), ["ISTANBUL", "istanbul"]);
    let beginning = db.words.where_(|w| w.text).starts_with_ignore_case("i");
    assert_eq!(texts(beginning.to_vec().await?), ["ISTANBUL", "istanbul", "i\u{307}stanbul", "İstanbul"]);
    Ok(())
}

// 129
#[wasm_bindgen_test]
async fn a_sharp_s_is_only_a_sharp_s() -> Result<()> {
    let db = words("a sharp s", &["straße", "STRASSE", "STRAẞE", "strasse"]).await?;
    let sharp = db.words.where_(|w| w.text).equals_ignore_case("Straße");
    assert_eq!(texts(sharp.to_vec().await?), ["STRAẞE", "straße"]);
    let double = db.words.where_(|w| w.text).equals_ignore_case("Strasse");
    assert_eq!(texts(double.to_vec().await?), ["STRASSE", "strasse"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_kelvin_sign_is_a_k() -> Result<()> {
    let db = words("the kelvin sign is a k", &["k", "K", "\u{212a}", "l"]).await?;
    assert_eq!(texts(db.words.where_(|w| w.text).equals_ignore_case("k").to_vec().await?), ["K", "k", "\u{212a}"]);
    assert_eq!(db.words.where_(|w| w.text).equals_ignore_case("\u{212a}").count().await?, 3);
    assert_eq!(db.words.where_(|w| w.text).starts_with_ignore_case("K").count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_sigma_is_a_sigma_wherever_it_stands() -> Result<()> {
    let db = words("a sigma is a sigma", &["ΟΔΟΣ", "οδος", "οδοσ", "ΟΔΟΣΑ", "οδοι"]).await?;
    for asked in ["ΟΔΟΣ", "οδος", "οδοσ"] {
        let equal = db.words.where_(|w| w.text).equals_ignore_case(asked);
        assert_eq!(texts(equal.to_vec().await?), ["ΟΔΟΣ", "οδος", "οδοσ"], "{asked}");
        let beginning = db.words.where_(|w| w.text).starts_with_ignore_case(asked);
        assert_eq!(texts(beginning.to_vec().await?), ["ΟΔΟΣ", "ΟΔΟΣΑ", "οδος", "οδοσ"], "{asked}");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn long_needles_find_the_same_as_short_ones() -> Result<()> {
    let needle = "the quick brown fox jumps over the lazy dog";
    let capitals = needle.to_uppercase();
    let longer = format!("{needle}s");
    let db = words("long needles", &[needle, &capitals, &longer, "the quick", "tHe qUick brown fox"]).await?;
    let text = || db.words.where_(|w| w.text);
    assert_eq!(text().equals_ignore_case(needle).primary_keys().await?, [2, 1]);
    assert_eq!(text().starts_with_ignore_case(needle).primary_keys().await?, [2, 1, 3]);
    assert_eq!(text().any_of_ignore_case([needle, "THE QUICK"]).primary_keys().await?, [2, 4, 1]);
    Ok(())
}

// 147
#[wasm_bindgen_test]
async fn windows_count_matches_and_not_keys() -> Result<()> {
    let some = ["aa", "AA", "b", "aA", "Aa", "aab", "AAC", "aa", "AA", "Aa", "aA", "aa", "AA"];
    let db = words("windows count matches", &some).await?;
    let ten = db.words.where_(|w| w.text).equals_ignore_case("aa");
    let all = ten.primary_keys().await?;
    assert_eq!(all, [2, 9, 13, 5, 10, 4, 11, 1, 8, 12]);
    assert_eq!(ten.limit(5).primary_keys().await?, all[..5]);
    assert_eq!(ten.offset(7).primary_keys().await?, all[7..]);
    assert_eq!(ten.offset(6).limit(4).primary_keys().await?, all[6..]);
    assert_eq!(ten.limit(4).offset(7).primary_keys().await?, all[7..]);
    assert_eq!(ten.offset(17).limit(4).primary_keys().await?, [0_u32; 0]);
    assert_eq!(ten.offset(7).limit(4).count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_found_can_be_ordered_by_another_index() -> Result<()> {
    let db = files("ignoring case ordered by another index").await?;
    db.files.add(&NewFile { filename: "HELLO".into(), extension: Some(".bat".into()) }).await?;
    let found = db.files.where_(|f| f.filename).equals_ignore_case("hello").order_by(|f| f.filename_extension);
    assert_eq!(found.primary_keys().await?, [6, 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_found_ignoring_case_can_be_changed_and_deleted() -> Result<()> {
    let db = words("changed and deleted ignoring case", &["Aa", "b", "aa", "AAA"]).await?;
    let found = db.words.where_(|w| w.text).equals_ignore_case("AA");
    assert_eq!(found.modify(|word| word.text.push('!')).await?, 2);
    assert_eq!(found.count().await?, 0);
    assert_eq!(texts(db.words.to_vec().await?), ["Aa!", "b", "aa!", "AAA"]);
    assert_eq!(db.words.where_(|w| w.text).starts_with_ignore_case("aA").delete().await?, 3);
    assert_eq!(texts(db.words.to_vec().await?), ["b"]);
    Ok(())
}
