//! `Address`: the URL of a shape and what it asks for. Byte for byte the same for the same question, so that caches can answer for
//! many (`electric.md` §0 rule 18). Pure.

/// What the protocol itself asks with: no part of what a shape is.
const PROTOCOL: [&str; 17] = [
    "live",
    "live_sse",
    "experimental_live_sse",
    "handle",
    "offset",
    "cursor",
    "expired_handle",
    "log",
    "subset__where",
    "subset__limit",
    "subset__offset",
    "subset__order_by",
    "subset__params",
    "subset__where_expr",
    "subset__order_by_expr",
    "cache-buster",
    "source_id",
];

/// What is no part of what a shape is, and nothing to be stored either.
const SECRETS: [&str; 2] = ["secret", "api_secret"];

/// What an app may not set: the sync does.
const RESERVED: [&str; 7] =
    ["live", "live_sse", "experimental_live_sse", "handle", "offset", "cursor", "expired_handle"];

/// A URL, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Address {
    /// Up to the question mark.
    base: String,
    pairs: Vec<(String, String)>,
}

impl Address {
    /// Takes a URL apart, and adds what else is asked for.
    pub fn new(url: &str, params: &[(String, String)]) -> Self {
        let url = url.split('#').next().unwrap_or_default();
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let own = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        let mut pairs: Vec<(String, String)> = own.collect();
        // What is given anew counts.
        pairs.retain(|(name, _)| params.iter().all(|(given, _)| given != name));
        pairs.extend(params.iter().cloned());
        Self { base: base.to_owned(), pairs }
    }

    /// A parameter that an app may not set and has.
    pub fn reserved(&self) -> Option<&str> {
        let reserved = |name: &&str| RESERVED.contains(name) || *name == "cache-buster" || name.starts_with("subset__");
        self.pairs.iter().map(|(name, _)| name.as_str()).find(reserved)
    }

    /// What tells one shape from another.
    pub fn shape(&self) -> String {
        let is_part =
            |(name, _): &&(String, String)| !PROTOCOL.contains(&name.as_str()) && !SECRETS.contains(&name.as_str());
        let changes_only = self.pairs.iter().any(|(name, value)| name == "log" && value != "full");
        // The server takes that for another shape, though clients do not send it for its sake.
        let log = changes_only.then(|| ("log".to_owned(), "changes_only".to_owned()));
        self.written(self.pairs.iter().filter(is_part).chain(&log))
    }

    /// The whole URL, with these parameters besides its own.
    pub fn with(&self, more: &[(&str, String)]) -> String {
        let more: Vec<_> = more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let own = self.pairs.iter().filter(|(name, _)| more.iter().all(|(given, _)| given != name));
        self.written(own.chain(&more))
    }

    fn written<'a>(&self, pairs: impl Iterator<Item = &'a (String, String)>) -> String {
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        let mut url = self.base.clone();
        for (at, (name, value)) in pairs.into_iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            encode(&mut url, name);
            url.push('=');
            encode(&mut url, value);
        }
        url
    }
}

/// As `URLSearchParams` writes it (URL standard, `application/x-www-form-urlencoded`).
fn encode(url: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b' ' => url.push('+'),
            b'*' | b'-' | b'.' | b'_' => url.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => url.push(char::from(byte)),
            _ => {
                let digit = |four: u8| char::from(DIGITS[usize::from(four)]);
                url.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
}

fn decode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [byte, after @ ..] = rest {
        rest = after;
        let escaped = match (byte, rest) {
            (b'%', [high, low, ..]) => char::from(*high).to_digit(16).zip(char::from(*low).to_digit(16)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            bytes.extend(u8::try_from(high << 4 | low));
            rest = &rest[2..];
        } else {
            bytes.push(if *byte == b'+' { b' ' } else { *byte });
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// V52.
    #[test]
    fn parameters_are_sorted_and_written_as_browsers_do() {
        let address =
            Address::new("http://h/v1/shape", &given(&[("table", "t"), ("where", "a=1"), ("params[1]", "7")]));
        let more = [
            ("log", "full".to_owned()),
            ("offset", "5_0".to_owned()),
            ("handle", "1-1".to_owned()),
            ("cursor", String::new()),
            ("live", "true".to_owned()),
        ];
        assert_eq!(
            address.with(&more),
            "http://h/v1/shape?cursor=&handle=1-1&live=true&log=full&offset=5_0&params%5B1%5D=7&table=t&where=a%3D1"
        );
    }

    #[test]
    fn what_the_url_has_is_kept_and_what_is_given_counts_more() {
        let address = Address::new("/shape?table=old&x=a+b%C3%A9&empty#part", &given(&[("table", "\"My T\"")]));
        assert_eq!(address.with(&[]), "/shape?empty=&table=%22My+T%22&x=a+b%C3%A9");
        assert_eq!(Address::new("/shape?a=100%&b=%zz", &[]).with(&[]), "/shape?a=100%25&b=%25zz");
    }

    #[test]
    fn a_shape_is_what_is_asked_for_and_not_how_far_it_is_known() {
        let params = given(&[("table", "t"), ("secret", "s"), ("log", "full"), ("where", "a"), ("x", "1"), ("x", "2")]);
        let address = Address::new("http://h/v1/shape?offset=-1", &params);
        assert_eq!(address.shape(), "http://h/v1/shape?table=t&where=a&x=1&x=2");
        assert_eq!(address.reserved(), Some("offset"));
        let other = Address::new("http://h/v1/shape", &given(&[("table", "t"), ("log", "changes_only")]));
        assert_eq!(other.shape(), "http://h/v1/shape?log=changes_only&table=t");
        assert_eq!(other.reserved(), None);
    }
}
