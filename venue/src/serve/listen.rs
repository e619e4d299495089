//! Connections: so many and no more, with limits on how slow they may be.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::routing::future::RouteFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_service::Service as _;

use super::Limits;
use super::limits::Connections;

/// The largest head of a request, in bytes.
const HEAD: usize = 16 * 1024;

/// Takes connections until `stop` is ready, then waits for what is under way.
pub(super) async fn listen(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(limits.connections));
    let connections = Connections::default();
    let mut stop = pin!(stop);
    loop {
        // Above the limit nobody is taken in: who waits, waits outside.
        let taken = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            taken = taken => taken,
            () = &mut stop => break,
        };
        let (Ok((stream, address)), Ok(permit)) = (accepted, permit) else {
            // Out of files, for instance: later there will be some again.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let Some(open) = connections.open(address.ip(), limits.connections_each) else {
            continue;
        };
        let service = service_fn(answer(router.clone(), address));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.patience)
            .max_buf_size(HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // What fails here is the other side's: there is nobody to tell.
            let _ = tokio::time::timeout(limits.lifetime, watched).await;
            drop((open, permit));
        });
    }
    drop(listener);
    // Answers under way have the patience of any request.
    let _ = tokio::time::timeout(limits.patience, graceful.shutdown()).await;
}

/// Answers the requests of a connection, which know its address.
fn answer(
    router: Router,
    address: SocketAddr,
) -> impl Fn(Request<Incoming>) -> RouteFuture<Infallible> {
    move |request| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().call(request)
    }
}
