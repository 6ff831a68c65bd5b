//! Real-time sync from ElectricSQL: a table follows a shape. First all rows in pages, then every change, by an event stream or, where
//! that does not come through, by long polling.
//!
//! `sync` is what the app holds; behind it, `follow` runs in the background of the tab that syncs. `machine` decides, and is pure, as
//! are `message`, `offset`, `frames`, `url`, `backoff`, `net` and `tags`; `exchange` does one request; `apply` stores.

mod apply;
mod backoff;
mod clock;
mod columns;
mod decode;
mod error;
mod exchange;
mod follow;
mod frames;
mod http;
mod local;
mod lock;
mod machine;
mod message;
mod net;
mod offset;
mod presence;
mod records;
mod rows;
mod shape;
mod staged;
mod status;
mod sync;
mod tags;
mod txid;
mod url;
mod writing;

pub use error::SyncError;
#[cfg(target_family = "wasm")]
pub use http::FetchClient;
#[cfg(not(target_family = "wasm"))]
pub use http::ReqwestClient;
pub use http::{DefaultClient, HttpClient, HttpClientFn, HttpError, HttpRequest, HttpResponse, http_client_fn};
pub use shape::{Electric, IntoHeaders, Recovery, Replica};
pub use status::{SyncStatus, SyncStatuses};
pub use sync::ElectricSync;

pub(crate) use records::Records;
