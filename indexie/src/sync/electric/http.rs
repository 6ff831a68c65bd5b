//! How a sync sends its requests: the client that an app may give, and the ones there are without it.
//! Called by the sync; calls the browser's `fetch`, or reqwest off the web.

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(not(target_family = "wasm"))]
mod native;

use std::fmt::{self, Debug, Display, Formatter};
use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use futures::stream::{self, LocalBoxStream};
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};

#[cfg(target_family = "wasm")]
pub use browser::FetchClient;
#[cfg(not(target_family = "wasm"))]
pub use native::ReqwestClient;

/// The client that sends a sync's requests where an app gives none: the browser's `fetch`; off the web, reqwest.
#[cfg(target_family = "wasm")]
pub type DefaultClient = FetchClient;

/// The client that sends a sync's requests where an app gives none: the browser's `fetch`; off the web, reqwest.
#[cfg(not(target_family = "wasm"))]
pub type DefaultClient = ReqwestClient;

/// Sends the requests of a sync.
///
/// An app gives its own to see or change what is sent and what comes back. [`DefaultClient`] does the sending; a closure becomes a
/// client by [`http_client_fn`].
///
/// ```
/// use futures::FutureExt;
/// use futures::future::LocalBoxFuture;
/// use indexie::{DefaultClient, HttpClient, HttpError, HttpRequest, HttpResponse};
///
/// /// Names the app in each request that another client sends.
/// struct Named<C>(C);
///
/// impl<C: HttpClient> HttpClient for Named<C> {
///     fn send(&self, mut request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, HttpError>> {
///         request.headers.push(("x-app".into(), "todo".into()));
///         let response = self.0.send(request);
///         async move {
///             let response = response.await?;
///             println!("{} {:?}", response.status, response.get("electric-offset"));
///             Ok(response)
///         }
///         .boxed_local()
///     }
/// }
///
/// let client = Named(DefaultClient::new());
/// # let _ = client;
/// ```
///
/// # Errors
///
/// An [`HttpError`] says that no response came, or not all of it. A response with a status of failure is a response.
///
/// A body that ends early must end with an error: where it just ends, all of it counts as received.
///
/// # Cancellation
///
/// Dropping the future, or the body of the response, aborts the request.
pub trait HttpClient: 'static {
    /// Sends one request, and returns when the head of its response has come.
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, HttpError>>;
}

macro_rules! behind_a_pointer {
    ($($pointer:ident)*) => {$(
        impl<C: HttpClient + ?Sized> HttpClient for $pointer<C> {
            fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, HttpError>> {
                (**self).send(request)
            }
        }
    )*};
}

behind_a_pointer!(Box Rc Arc);

/// Makes a client of a closure.
///
/// ```
/// use indexie::{HttpRequest, HttpResponse, http_client_fn};
///
/// let empty = http_client_fn(async |_: HttpRequest| Ok(HttpResponse::new(200).body("[]")));
/// # let _ = empty;
/// ```
pub fn http_client_fn<F>(send: F) -> HttpClientFn<F>
where
    F: AsyncFn(HttpRequest) -> Result<HttpResponse, HttpError> + 'static,
{
    HttpClientFn(Rc::new(send))
}

/// A client that is a closure; see [`http_client_fn`].
pub struct HttpClientFn<F>(Rc<F>);

impl<F> Clone for HttpClientFn<F> {
    fn clone(&self) -> Self {
        HttpClientFn(self.0.clone())
    }
}

impl<F> Debug for HttpClientFn<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientFn").finish_non_exhaustive()
    }
}

impl<F> HttpClient for HttpClientFn<F>
where
    F: AsyncFn(HttpRequest) -> Result<HttpResponse, HttpError> + 'static,
{
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, HttpError>> {
        let send = self.0.clone();
        async move { send(request).await }.boxed_local()
    }
}

/// A `GET` request of a sync; see [`HttpClient`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpRequest {
    /// Where it goes, with all parameters.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
}

impl HttpRequest {
    /// A request without headers.
    pub fn new(url: impl Into<String>) -> HttpRequest {
        HttpRequest { url: url.into(), headers: Vec::new() }
    }

    /// The request with one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> HttpRequest {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// What a server answered: all but the body at once, and the body as it comes; see [`HttpClient`].
///
/// ```
/// use indexie::HttpResponse;
///
/// let response = HttpResponse::new(200).header("Electric-Offset", "0_0").body("[]");
/// assert_eq!(response.get("electric-offset"), Some("0_0"));
/// # futures::executor::block_on(async {
/// assert_eq!(response.into_bytes().await.unwrap(), b"[]");
/// # });
/// ```
#[non_exhaustive]
pub struct HttpResponse {
    /// The status: 200, if all is well.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    body: LocalBoxStream<'static, Result<Vec<u8>, HttpError>>,
}

impl HttpResponse {
    /// A response without headers, and with an empty body.
    #[must_use]
    pub fn new(status: u16) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: stream::empty().boxed_local() }
    }

    /// The response with one more header.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> HttpResponse {
        self.headers.push((name.as_ref().to_ascii_lowercase(), value.into()));
        self
    }

    /// The response with this body.
    #[must_use]
    pub fn body(self, bytes: impl Into<Vec<u8>>) -> HttpResponse {
        let bytes = bytes.into();
        self.stream(stream::once(async { Ok(bytes) }))
    }

    /// The response with a body that comes in pieces. After an error nothing more of it is read.
    #[must_use]
    pub fn stream(mut self, body: impl Stream<Item = Result<Vec<u8>, HttpError>> + 'static) -> HttpResponse {
        self.body = body.boxed_local();
        self
    }

    /// The value of the header of this name, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, piece by piece. Dropping it before its end aborts the request.
    #[must_use]
    pub fn into_body(self) -> LocalBoxStream<'static, Result<Vec<u8>, HttpError>> {
        self.body
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// If not all of it came.
    pub async fn into_bytes(self) -> Result<Vec<u8>, HttpError> {
        self.body.try_concat().await
    }
}

impl Debug for HttpResponse {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// Why no response came, or not all of it; see [`HttpClient`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpError {
    message: String,
}

impl HttpError {
    /// An error with this message.
    pub fn new(message: impl Display) -> HttpError {
        HttpError { message: message.to_string() }
    }
}

impl Display for HttpError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HttpError {}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn names_of_headers_are_in_lower_case_and_found_in_any() {
        let response = HttpResponse::new(200).header("Electric-Handle", "a").header("x", "b");
        assert_eq!(response.headers, [("electric-handle".into(), "a".into()), ("x".into(), "b".into())]);
        assert_eq!(response.get("ELECTRIC-handle"), Some("a"));
        assert_eq!(response.get("electric-offset"), None);
    }

    #[test]
    fn a_response_is_empty_until_it_is_given_a_body() {
        block_on(async {
            assert_eq!(HttpResponse::new(204).into_bytes().await, Ok(Vec::new()));
            let pieces = [Ok(b"ab".to_vec()), Ok(b"c".to_vec())];
            assert_eq!(HttpResponse::new(200).stream(stream::iter(pieces)).into_bytes().await, Ok(b"abc".to_vec()));
            let broken = [Ok(b"ab".to_vec()), Err(HttpError::new("gone"))];
            assert_eq!(
                HttpResponse::new(200).stream(stream::iter(broken)).into_bytes().await,
                Err(HttpError::new("gone"))
            );
        });
    }

    #[test]
    fn closures_and_pointers_are_clients() {
        let echo =
            http_client_fn(async |request: HttpRequest| Ok(HttpResponse::new(200).body(request.url.into_bytes())));
        let clients: [Box<dyn HttpClient>; 3] =
            [Box::new(echo.clone()), Box::new(Rc::new(echo.clone()) as Rc<dyn HttpClient>), Box::new(Box::new(echo))];
        for client in clients {
            let body = block_on(async { client.send(HttpRequest::new("http://x/")).await?.into_bytes().await });
            assert_eq!(body.as_deref(), Ok(&b"http://x/"[..]));
        }
        let _: Box<dyn HttpClient> = Box::new(Arc::new(DefaultClient::new()));
    }
}
