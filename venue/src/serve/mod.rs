//! The venue's service over HTTP: epochs, markets and proofs for everybody, an
//! account's path for who owns it.
//!
//! It reads the store beside whoever writes it, and follows new epochs. Nothing
//! secret is served: portfolios and identities are never touched. Connections,
//! headers, bodies, time and rate are limited, for whoever asks is a stranger.
//! `openapi.json` describes it; a test holds it to the routes.

mod answers;
mod app;
mod auth;
mod limits;
mod listen;
mod metrics;
mod tree;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::Backend;

pub use answers::Refusal;
pub use app::{OPENAPI, ROUTES};
pub use auth::{AuthError, LONGEST, challenge};

use crate::store::{Store, StoreError};

/// What strangers may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests a second from one address (of IPv6, one /64).
    pub requests: u32,
    /// Proofs a second from one address: each costs a verification.
    pub proofs: u32,
    /// Open connections.
    pub connections: usize,
    /// Open connections of one address.
    pub connections_each: usize,
    /// For a request's head, and again for the whole of its answer.
    pub patience: Duration,
    /// For a connection, however busy.
    pub lifetime: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 100,
            proofs: 5,
            connections: 1024,
            connections_each: 64,
            patience: Duration::from_secs(10),
            lifetime: Duration::from_secs(600),
        }
    }
}

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A limit that lets nothing through.
    #[error("{0} must be above zero")]
    Limit(&'static str),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Serves a store until `stop` is ready; then no connection is taken any more, and
/// what is under way is answered. `ready` is told the address.
///
/// # Errors
/// When the address cannot be listened on, the store does not answer at the start,
/// or a limit is zero.
pub async fn serve<B: Backend>(
    store: Store,
    address: SocketAddr,
    limits: Limits,
    dev: DevSrs,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let app = app::App::<B>::new(store, limits, dev)?;
    app.follow_once().await?;
    let failed = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    ready(listener.local_addr().map_err(failed)?);
    let following = tokio::spawn(app::follow(std::sync::Arc::clone(&app)));
    listen::listen(listener, app::router(app), limits, stop).await;
    following.abort();
    Ok(())
}
