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

/// The connection a request came on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Arc<State>);

#[derive(Debug, Default)]
struct State {
    killed: Notify,
    busy: AtomicBool,
}

/// Held from a request for a shape until the end of its response. Only then a restart drops the connection: one
/// that is idle might be what the next command is sent on.
#[derive(Debug, Default)]
pub(crate) struct Busy(Arc<State>);

impl Line {
    pub(crate) fn busy(&self) -> Busy {
        self.0.busy.store(true, Ordering::Relaxed);
        Busy(self.0.clone())
    }
}

impl Busy {
    pub(crate) fn drop_connection(&self) {
        self.0.killed.notify_one();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Relaxed);
    }
}

/// Serves a connection until it ends, a fault kills it, or the service restarts.
pub(crate) async fn serve(stream: TcpStream, router: Router, app: Arc<App>) {
    // Each event is to arrive when it is sent, not when the next one fills a packet.
    let _ = stream.set_nodelay(true);
    let line = Line::default();
    let router = router.layer(Extension(line.clone()));
    let mut restarts = app.restarts();
    let restarted = async { while restarts.changed().await.is_ok() && !line.0.busy.load(Ordering::Relaxed) {} };
    // In this order: what is dropped does not get to answer first.
    tokio::select! {
        biased;
        () = restarted => {}
        () = line.0.killed.notified() => {}
        _ = http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)) => {}
    }
}
