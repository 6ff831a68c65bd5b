//! The crates that are compiled: many records, as an app has them that has grown for years. Pure.

use std::fmt::Write;
use std::path::Path;

const RECORDS: usize = 60;

/// What they hold, for people.
pub const DESCRIPTION: &str = "60 records of 10 fields";

/// The workspace of both.
pub const WORKSPACE: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"with-indexie\", \"with-serde\"]\n";

/// The fields of every record.
const FIELDS: [(&str, &str); 10] = [
    ("id", "u32"),
    ("name", "String"),
    ("email", "String"),
    ("age", "u32"),
    ("done", "bool"),
    ("score", "f64"),
    ("tags", "Vec<String>"),
    ("created_at", "f64"),
    ("note", "Option<String>"),
    ("visits", "u64"),
];

/// The manifest of one crate. Both have the same dependencies.
pub fn manifest(name: &str, indexie: &Path) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         indexie = {{ path = '{}' }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n",
        indexie.display()
    )
}

/// The records as tables of a database.
pub fn with_indexie() -> String {
    let mut text = "use indexie::prelude::*;\n".to_owned();
    let head =
        "#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]\n#[store(\"++id, &email, name, age\")]\n";
    text += &records(head);
    text += "\nschema! {\n    pub struct AppDb(\"compile\");\n\n    version 1 {\n";
    for number in 0..RECORDS {
        let _ = writeln!(text, "        records{number}: Record{number},");
    }
    text + "    }\n}\n"
}

/// The records alone.
pub fn with_serde() -> String {
    records("#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]\n")
}

fn records(head: &str) -> String {
    let mut text = "use serde::{Deserialize, Serialize};\n".to_owned();
    for number in 0..RECORDS {
        let _ = write!(text, "\n{head}pub struct Record{number} {{\n");
        for (field, kind) in FIELDS {
            let _ = writeln!(text, "    pub {field}: {kind},");
        }
        text += "}\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_have_the_same_records() {
        let count = |text: &str| text.matches("pub struct Record").count();

        assert_eq!(count(&with_indexie()), RECORDS);
        assert_eq!(count(&with_serde()), RECORDS);
        assert!(DESCRIPTION.starts_with(&RECORDS.to_string()));
    }

    #[test]
    fn every_record_has_its_table() {
        assert!(with_indexie().contains("\n        records59: Record59,\n"));
    }
}
