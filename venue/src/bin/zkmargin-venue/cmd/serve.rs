//! `zkmargin-venue serve`.

use std::net::SocketAddr;
use std::time::Duration;

use zkmargin_prover::with_backend;
use zkmargin_venue::serve::{Limits, serve};

use crate::error::{Error, Exit};
use crate::input::{Env, SrsArgs};
use crate::output::stderr_line;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen; TLS is for a proxy in front
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8710")]
    listen: SocketAddr,
    /// Requests a second from one address
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    rate: u32,
    /// Proofs a second from one address
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    proof_rate: u32,
    /// Open connections
    #[arg(long, value_name = "NUMBER", default_value_t = 1024)]
    connections: usize,
    /// Open connections of one address
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    connections_each: usize,
    /// Seconds in which a request must be sent, and answered
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    patience: u64,
    #[command(flatten)]
    srs: SrsArgs,
}

pub(crate) async fn run(args: &Args, env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    let limits = Limits {
        requests: args.rate,
        proofs: args.proof_rate,
        connections: args.connections,
        connections_each: args.connections_each,
        patience: Duration::from_secs(args.patience),
        ..Limits::default()
    };
    let ready = |address: SocketAddr| env.out.note(format!("listening on http://{address}"));
    let (system, dev) = (store.settings().proof_system, args.srs.dev());
    with_backend!(system, B => {
        serve::<B>(store, args.listen, limits, dev, ready, stopped()).await?;
    });
    env.out.note("stopped");
    Ok(Exit::Done)
}

/// Ready when the process is asked to end.
pub(crate) async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(error) => {
                stderr_line(&format!("note: SIGTERM is not heard: {error}"));
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}
