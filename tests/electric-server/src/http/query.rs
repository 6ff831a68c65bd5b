//! The query of a request to `/v1/shape`, and what its parameters mean. Unknown ones are ignored.

use std::collections::BTreeMap;

use crate::shapes::definition::Wanted;

/// The parameters in the order sent.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

/// What a stream's requests differ in.
const PROTOCOL: [&str; 9] = [
    "live",
    "live_sse",
    "experimental_live_sse",
    "handle",
    "offset",
    "cursor",
    "expired_handle",
    "cache-buster",
    "secret",
];

impl Query {
    pub(crate) fn parse(query: &str) -> Self {
        Self { pairs: form_urlencoded::parse(query.as_bytes()).into_owned().collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Adds a parameter that came in a body.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.pairs.push((name.to_owned(), value));
    }

    pub(crate) fn live(&self) -> bool {
        truth(self.get("live"))
    }

    pub(crate) fn live_sse(&self) -> bool {
        truth(self.get("live_sse").or_else(|| self.get("experimental_live_sse")))
    }

    pub(crate) fn forget_sse(&mut self) {
        self.pairs.retain(|(key, _)| key != "live_sse" && key != "experimental_live_sse");
    }

    pub(crate) fn is_subset(&self) -> bool {
        self.pairs.iter().any(|(key, _)| key.starts_with("subset__"))
    }

    /// Equal for all requests of one stream.
    pub(crate) fn stream(&self) -> String {
        let own = self.pairs.iter().filter(|(key, _)| !PROTOCOL.contains(&key.as_str()));
        let mut own: Vec<_> = own.map(|(key, value)| format!("{key}={value}")).collect();
        own.sort();
        own.join("&")
    }

    /// What it says of the shape.
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            table: self.get("table"),
            filter: self.get("where"),
            params: self.params(),
            columns: self.get("columns"),
            queryable: self.get("queryable_columns"),
            replica: self.get("replica"),
            log: self.get("log"),
        }
    }

    /// `params[1]`, `params[2]`, …
    fn params(&self) -> BTreeMap<u32, String> {
        let numbered = |(key, value): &(String, String)| {
            let number = key.strip_prefix("params[")?.strip_suffix(']')?;
            Some((number.parse().unwrap_or(0), value.clone()))
        };
        self.pairs.iter().filter_map(numbered).collect()
    }
}

/// Anything but `false` is true.
fn truth(value: Option<&str>) -> bool {
    value.is_some_and(|value| value != "false")
}
