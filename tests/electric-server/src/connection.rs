//! One TCP connection. `server` accepts it; faults and a restart of the service drop it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::app::App;

/// What a request can do to the connection it came on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kill(Arc<Line>);

#[derive(Debug, Default)]
struct Line {
    killed: Notify,
    /// Whether the last request was a command.
    control: AtomicBool,
}

/// What a connection is used for at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Shape,
    /// Not the service's: it outlives a restart of that, as the test that wants one has to hear of it.
    Control,
}

impl Kill {
    pub(crate) fn drop_connection(&self) {
        self.0.killed.notify_one();
    }

    pub(crate) fn take_for(&self, what: Use) {
        self.0.control.store(what == Use::Control, Ordering::Relaxed);
    }
}

/// Serves a connection until it ends, a fault kills it, or the service restarts.
pub(crate) async fn serve(stream: TcpStream, router: Router, app: Arc<App>) {
    // Each event is to arrive when it is sent, not when the next one fills a packet.
    let _ = stream.set_nodelay(true);
    let kill = Kill::default();
    let router = router.layer(Extension(kill.clone()));
    let mut restarts = app.restarts();
    let restarted = async { while restarts.changed().await.is_ok() && kill.0.control.load(Ordering::Relaxed) {} };
    // In this order: what is dropped does not get to answer first.
    tokio::select! {
        biased;
        () = restarted => {}
        () = kill.0.killed.notified() => {}
        _ = http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)) => {}
    }
}
