//! `Electric`: what an app says of the shape that a table is to follow.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};

use super::error::SyncError;
use super::http::{DefaultClient, HttpClient};
use super::url::Address;
use crate::error::Error;

/// So much of what has come, and cannot be stored yet, is kept in memory.
const MOST_IN_MEMORY: usize = 64 << 20;
/// After such a silence a connection is taken for dead. The server says something every 21 seconds at least.
const SILENCE: Duration = Duration::from_secs(45);
/// The turn to sync comes so soon where no other tab syncs.
const TURN: Duration = Duration::from_millis(50);

/// A shape of ElectricSQL's: which rows of which table a [`Table`](crate::Table) follows, and how to ask for them.
///
/// The names are those of Electric's HTTP API; what has no method here goes into [`param`](Self::param).
///
/// ```
/// use indexie::Electric;
///
/// let shape = Electric::shape("https://api.electric-sql.cloud/v1/shape")
///     .table("todos")
///     .where_("project = $1 AND done = $2")
///     .params(["7", "false"])
///     .columns(["id", "title", "done"])
///     .header("Authorization", "Bearer token");
/// ```
///
/// # Rows
///
/// Columns go into the record's fields of the same serialized name, so serde's `rename` and `rename_all` count; what the record does
/// not have is passed over, and what the shape does not have needs `#[serde(default)]` or an `Option`. The text that PostgreSQL
/// writes becomes what the field's type asks for:
///
/// | column | field |
/// |---|---|
/// | `bool` | `bool` |
/// | `int2`, `int4`, `int8`, `oid` | any integer that holds the value; `int8` is kept to the last digit |
/// | `float4`, `float8`, `numeric` | floats, with NaN and the infinities; `numeric` to the last digit in a `String` |
/// | `timestamptz`, `timestamp`, `date` | [`Date`](crate::Date), or types that read RFC 3339, as chrono's do |
/// | `json`, `jsonb` | anything that serde reads from JSON |
/// | arrays | `Vec`s, of `Option`s where elements may be null |
/// | `bytea` | bytes |
/// | enums | enums without data |
/// | anything | `String`: the text as it is |
///
/// The primary key of the shape and that of the table are to be of the same columns. A table whose key is outside of the record
/// has the shape's primary key, or, of a shape without one, what the server calls the row.
#[must_use = "give it to `sync_electric`"]
#[derive(Clone)]
pub struct Electric {
    url: String,
    given: Vec<(String, String)>,
    given_headers: Vec<(String, String)>,
    asked: Vec<(String, Asks<String>)>,
    asked_headers: Vec<Asks<Vec<(String, String)>>>,
    pub(super) client: Rc<dyn HttpClient>,
    pub(super) on_error: Option<OnError>,
    pub(super) streams: bool,
    pub(super) pace: f64,
    pub(super) silence: Duration,
    pub(super) turn: Duration,
    pub(super) most_in_memory: usize,
}

type Asks<T> = Rc<dyn Fn() -> LocalBoxFuture<'static, Result<T, String>>>;
pub(super) type OnError = Rc<dyn Fn(Error) -> LocalBoxFuture<'static, Recovery>>;

impl fmt::Debug for Electric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and parameters may be secrets.
        f.debug_struct("Electric").field("url", &self.url).finish_non_exhaustive()
    }
}

/// How much the server tells of changed and deleted rows: [`Electric::replica`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replica {
    /// The primary key, and what has changed.
    #[default]
    Default,
    /// All columns.
    Full,
}

/// What to do about a failure: the answer of [`Electric::on_error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Ask again, with headers and parameters as they are then; longer and longer pauses lie between the tries.
    Retry,
    /// Stop trying, until [`retry`](crate::ElectricSync::retry) is called.
    Stop,
}

/// What a function of headers may return: pairs, or a `Result` of pairs.
pub trait IntoHeaders {
    /// The pairs of names and values, or why there are none.
    ///
    /// # Errors
    ///
    /// The app's own.
    fn into_headers(self) -> Result<Vec<(String, String)>, String>;
}

impl<K: Into<String>, V: Into<String>> IntoHeaders for Vec<(K, V)> {
    fn into_headers(self) -> Result<Vec<(String, String)>, String> {
        Ok(self.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> IntoHeaders for [(K, V); N] {
    fn into_headers(self) -> Result<Vec<(String, String)>, String> {
        Vec::from(self).into_headers()
    }
}

impl<H: IntoHeaders, E: fmt::Display> IntoHeaders for Result<H, E> {
    fn into_headers(self) -> Result<Vec<(String, String)>, String> {
        self.map_err(|error| error.to_string())?.into_headers()
    }
}

impl Electric {
    /// A shape at this URL: the server's `/v1/shape`, or a proxy's address. Parameters of the URL are kept.
    pub fn shape(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            given: Vec::new(),
            given_headers: Vec::new(),
            asked: Vec::new(),
            asked_headers: Vec::new(),
            client: Rc::new(DefaultClient::new()),
            on_error: None,
            streams: true,
            pace: 1.0,
            silence: SILENCE,
            turn: TURN,
            most_in_memory: MOST_IN_MEMORY,
        }
    }

    /// Adds a parameter. Those that belong to the protocol (`offset`, `handle`, `live`, `cursor`) are the sync's own.
    pub fn param(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        let name = name.into();
        self.given.retain(|(given, _)| *given != name);
        self.given.push((name, value.to_string()));
        self
    }

    /// The table in PostgreSQL: `todos`, `app.todos`, `"Todos"`.
    pub fn table(self, name: impl fmt::Display) -> Self {
        self.param("table", name)
    }

    /// Which rows: a condition in SQL. Values go into [`params`](Self::params).
    pub fn where_(self, condition: impl fmt::Display) -> Self {
        self.param("where", condition)
    }

    /// The values of `$1`, `$2` and so on in the condition.
    pub fn params(mut self, values: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        for (at, value) in values.into_iter().enumerate() {
            self = self.param(format!("params[{}]", at + 1), value);
        }
        self
    }

    /// Which columns; those of the primary key have to be among them.
    pub fn columns(self, names: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let quoted = |name: String| format!("\"{}\"", name.replace('"', "\"\""));
        let names: Vec<String> = names.into_iter().map(|name| quoted(name.to_string())).collect();
        self.param("columns", names.join(","))
    }

    /// How much the server tells of changed and deleted rows.
    pub fn replica(self, replica: Replica) -> Self {
        match replica {
            Replica::Default => self.param("replica", "default"),
            Replica::Full => self.param("replica", "full"),
        }
    }

    /// Only what happens from now on, and none of the rows that are there. Changes of rows that the table does not have are passed
    /// over.
    pub fn changes_only(self) -> Self {
        self.param("log", "changes_only")
    }

    /// A parameter that is asked for before each request: a token, say. It is not part of what tells one shape from another. Where it
    /// chooses other rows all the same, the server ends the log, and everything is fetched anew.
    pub fn param_with<R: fmt::Display, E: fmt::Display>(
        mut self,
        name: impl Into<String>,
        value: impl AsyncFn() -> Result<R, E> + 'static,
    ) -> Self {
        let value = Rc::new(value);
        let ask = move || {
            let value = value.clone();
            let asked = async move { value().await };
            asked.map(|value| value.map(|value| value.to_string()).map_err(|error| error.to_string())).boxed_local()
        };
        self.asked.push((name.into(), Rc::new(ask)));
        self
    }

    /// A header of each request. In a browser, a server of another origin has to allow it.
    pub fn header(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.given_headers.push((name.into(), value.to_string()));
        self
    }

    /// Headers that are asked for before each request: where tokens expire. After a 401 they are asked for again.
    ///
    /// ```
    /// # use indexie::Electric;
    /// # async fn fresh_token() -> Result<String, std::io::Error> { Ok(String::new()) }
    /// let shape = Electric::shape("/shapes/todos").headers(async || {
    ///     let token = fresh_token().await?;
    ///     Ok::<_, std::io::Error>([("Authorization", format!("Bearer {token}"))])
    /// });
    /// ```
    pub fn headers<H: IntoHeaders>(mut self, headers: impl AsyncFn() -> H + 'static) -> Self {
        let headers = Rc::new(headers);
        let ask = move || {
            let headers = headers.clone();
            async move { headers().await.into_headers() }.boxed_local()
        };
        self.asked_headers.push(Rc::new(ask));
        self
    }

    /// What sends the requests, if not the browser's `fetch`: an app's own client, or one that adds to what another does.
    pub fn http_client(mut self, client: impl HttpClient) -> Self {
        self.client = Rc::new(client);
        self
    }

    /// Asked when the server refuses (a 4xx status but 409 and 429): whether to try again. Without it, nothing is tried again,
    /// but a 401 where headers or parameters are asked for.
    ///
    /// It may take its time. If it has not answered when the sync is stopped, the page is hidden, or
    /// [`retry`](crate::ElectricSync::retry) is called, its future is dropped; the next refusal asks it again.
    pub fn on_error(mut self, decide: impl AsyncFn(Error) -> Recovery + 'static) -> Self {
        let decide = Rc::new(decide);
        self.on_error = Some(Rc::new(move |error| {
            let decide = decide.clone();
            async move { decide(error).await }.boxed_local()
        }));
        self
    }

    /// Without event streams: waits for changes by requests that the server answers when there are some.
    pub fn long_polling(mut self) -> Self {
        self.streams = false;
        self
    }

    /// Makes all pauses this many times as long; for tests.
    #[doc(hidden)]
    pub fn pace(mut self, factor: f64) -> Self {
        self.pace = factor;
        self
    }

    /// After how long a silence a connection is taken for dead; for tests.
    #[doc(hidden)]
    pub fn silence(mut self, limit: Duration) -> Self {
        self.silence = limit;
        self
    }

    /// How long the turn to sync may take to come until another tab is taken to have it; for tests.
    #[doc(hidden)]
    pub fn turn(mut self, limit: Duration) -> Self {
        self.turn = limit;
        self
    }

    /// How many bytes of rows that cannot be stored yet are kept in memory; for tests.
    #[doc(hidden)]
    pub fn most_in_memory(mut self, bytes: usize) -> Self {
        self.most_in_memory = bytes;
        self
    }

    /// Whether the next request may have other headers or parameters than this one.
    pub(super) fn may_change(&self) -> bool {
        !self.asked.is_empty() || !self.asked_headers.is_empty()
    }

    pub(super) fn is_changes_only(&self) -> bool {
        self.given.iter().any(|(name, value)| name == "log" && value == "changes_only")
    }

    /// What tells the shape from others.
    pub(super) fn identity(&self) -> Rc<str> {
        Address::new(&self.url, &self.given).shape().into()
    }

    /// Where to ask, with the parameters as they are now.
    pub(super) async fn address(&self) -> Result<Address, SyncError> {
        let asked = self.asked.iter().map(|(name, ask)| ask().map(|value| value.map(|value| (name.clone(), value))));
        let mut params = self.given.clone();
        for param in join_all(asked).await {
            params.push(param.map_err(|message| SyncError::Provider { message })?);
        }
        Ok(Address::new(&self.url, &params))
    }

    pub(super) async fn all_headers(&self) -> Result<Vec<(String, String)>, SyncError> {
        let mut headers = self.given_headers.clone();
        for asked in join_all(self.asked_headers.iter().map(|ask| ask())).await {
            headers.extend(asked.map_err(|message| SyncError::Provider { message })?);
        }
        Ok(headers)
    }

    /// What is wrong with it, if something is.
    pub(super) fn fault(&self) -> Option<String> {
        let reserved = |name: &str| format!("the parameter `{name}` is the sync's own");
        let address = Address::new(&self.url, &self.given);
        let fault = address.reserved().map(reserved);
        let asked = || {
            self.asked.iter().find(|(name, _)| Address::new("", &[(name.clone(), String::new())]).reserved().is_some())
        };
        let fault = fault.or_else(|| asked().map(|(name, _)| reserved(name)));
        fault.or_else(|| self.url.is_empty().then(|| "the shape has no URL".to_owned()))
    }
}
