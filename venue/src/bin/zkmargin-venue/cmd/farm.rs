//! `zkmargin-venue farm`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Subcommand;
use serde::Serialize;
use zkmargin_circuits::family::Witness;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_params::market::{
    AnyMarketFile, Market, MarketFileError, scenario, settlement, simulation,
};
use zkmargin_prover::backend::{Backend, Device};
use zkmargin_prover::crypt::{Recipients, SharedKeys};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_venue::farm::{FarmProver, Lease, Pushed, Tally, Work, push, work};
use zkmargin_venue::keys::recipients;
use zkmargin_venue::prove::Under;
use zkmargin_venue::store::{JobCounts, Store};
use zkmargin_venue::with_market;
use zkmargin_verifier::proof::CircuitId;

use super::serve::stopped;
use crate::error::{Error, Exit};
use crate::input::{
    ClaimArgs, Env, IdentityArgs, LayoutArgs, SrsArgs, parse_source, stored_market,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Push the same statement about every account, in the last epoch
    Push(Push),
    /// Prove what is pushed, of one circuit, until it is stopped
    Work(WorkArgs),
    /// Say where the jobs are
    Status,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Push {
    #[command(flatten)]
    identity: IdentityArgs,
    #[command(flatten)]
    claim: ClaimArgs,
    #[command(flatten)]
    layout: LayoutArgs,
    /// A worker's public key: the portfolios of jobs are encrypted to it
    #[arg(short, long, value_name = "age1...")]
    worker: Vec<String>,
    /// Public keys of workers in a file
    #[arg(short = 'W', long, value_name = "FILE", value_parser = parse_source)]
    workers_file: Vec<Source>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct WorkArgs {
    #[command(flatten)]
    identity: IdentityArgs,
    /// Family of the circuit: standard, scenario or simulation
    #[arg(long, value_name = "FAMILY", default_value = "standard")]
    family: Family,
    /// Size of the circuit: small, medium, large or deep
    #[arg(long, value_name = "SHAPE", default_value = "small")]
    shape: Shape,
    #[command(flatten)]
    layout: LayoutArgs,
    /// Name of this worker in the queue
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Seconds after which the job of a silent worker is given to another
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(3..))]
    lease: u64,
    /// End when the queue is empty
    #[arg(long)]
    until_empty: bool,
    #[command(flatten)]
    srs: SrsArgs,
    /// What computes proofs: cpu, gpu, or auto (a GPU where there is one and the
    /// circuit is large enough)
    #[arg(long, value_name = "DEVICE", default_value_t, hide = !cfg!(feature = "cuda"))]
    device: Device,
}

#[derive(Serialize)]
struct Status {
    queues: Vec<JobCounts>,
    proofs: u64,
    problems: Vec<String>,
}

/// Problems that a status lists.
const LISTED: u32 = 20;

pub(crate) async fn run(command: &Command, env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    match command {
        Command::Push(args) => pushed(&store, args, env).await,
        Command::Work(args) => working(store, args, env).await,
        Command::Status => status(&store, env).await,
    }
}

async fn pushed(store: &Store, args: &Push, env: &Env) -> Result<Exit, Error> {
    let workers = Recipients::Keys(recipients(&args.worker, &args.workers_file)?);
    let (_, market): (_, AnyMarketFile) = stored_market(store).await?;
    let system = store.settings().proof_system;
    let is_usual = args.layout.of(system)? == system.usual_layout();
    let pushed = with_market!(system, market, B, market => match is_usual {
        true => all::<B, _>(store, &market, &workers, args, env).await,
        false => all::<<B as Backend>::Wide, _>(store, &market, &workers, args, env).await,
    })?;
    env.out.result(&pushed, |p| {
        vec![format!(
            "{} pushed, {} known, {} not true, {} failed",
            p.new, p.known, p.untrue, p.failed
        )]
    })?;
    let total = pushed.new + pushed.known + pushed.untrue + pushed.failed;
    match pushed.failed {
        0 => Ok(Exit::Done),
        refused => Err(Error::Some { refused, total, what: "accounts" }),
    }
}

async fn all<B: Backend, M: FamilyMarket<B::Field> + Sync>(
    store: &Store,
    market: &M,
    workers: &Recipients,
    args: &Push,
    env: &Env,
) -> Result<Pushed, Error>
where
    Witness<B::Field, M::Circuit>: Send,
{
    let keys = args.identity.keys()?;
    let tree = store.tree::<B::Field>(market.header().epoch).await?;
    let under = Under::<B, M> { tree: &tree, market, keys: &keys };
    let told = |account, error: &zkmargin_venue::portfolio::PortfolioError| {
        env.out.refused(account, error.told());
    };
    Ok(push(store, &under, workers, args.claim.wanted(false), told).await?)
}

async fn working(store: Store, args: &WorkArgs, env: &Env) -> Result<Exit, Error> {
    let keys = args.identity.keys()?;
    let proof_system = store.settings().proof_system;
    let layout = args.layout.of(proof_system)?;
    let (family, shape) = (args.family, args.shape);
    let circuit = CircuitId { family, shape, proof_system, layout };
    let doing = with_backend!(proof_system, B => match layout == proof_system.usual_layout() {
        true => prover::<B>(circuit, keys, &store, args),
        false => prover::<<B as Backend>::Wide>(circuit, keys, &store, args),
    });
    let name = args.name.clone().unwrap_or_else(|| format!("process {}", std::process::id()));
    let lease = Lease {
        lease: Duration::from_secs(args.lease),
        until_empty: args.until_empty,
        ..Lease::default()
    };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    tokio::spawn(async move {
        stopped().await;
        asked.store(true, Ordering::Relaxed);
    });
    env.out.note(format!("{name}: queue {circuit}"));
    let tally: Tally = work(&store, &name, doing, lease, &stop, |text| env.out.note(text)).await?;
    env.out.result(&tally, |t| {
        vec![format!(
            "{} done, {} given up, {} given back, {} lost to others",
            t.done, t.failed, t.released, t.lost
        )]
    })?;
    Ok(Exit::Done)
}

fn prover<B: Backend>(
    circuit: CircuitId,
    keys: SharedKeys,
    store: &Store,
    args: &WorkArgs,
) -> Arc<dyn Work> {
    let (store, on) = (store.clone(), (args.srs.dev(), args.device));
    match circuit.family {
        Family::Standard => Arc::new(FarmProver::<B, Market<B::Field>>::new(
            circuit,
            keys,
            store,
            on,
            standard::<B>,
        )),
        Family::Scenario => Arc::new(FarmProver::<B, scenario::Market<B::Field>>::new(
            circuit,
            keys,
            store,
            on,
            scenario::<B>,
        )),
        Family::Simulation => Arc::new(FarmProver::<B, simulation::Market<B::Field>>::new(
            circuit,
            keys,
            store,
            on,
            simulation::<B>,
        )),
        Family::Settlement => Arc::new(FarmProver::<B, settlement::Market<B::Field>>::new(
            circuit,
            keys,
            store,
            on,
            settlement::<B>,
        )),
    }
}

fn standard<B: Backend>(file: AnyMarketFile) -> Result<Option<Market<B::Field>>, MarketFileError> {
    match file {
        AnyMarketFile::Standard(file) => file.market().map(Some),
        _ => Ok(None),
    }
}

fn scenario<B: Backend>(
    file: AnyMarketFile,
) -> Result<Option<scenario::Market<B::Field>>, MarketFileError> {
    match file {
        AnyMarketFile::Scenario(file) => file.market().map(Some),
        _ => Ok(None),
    }
}

fn simulation<B: Backend>(
    file: AnyMarketFile,
) -> Result<Option<simulation::Market<B::Field>>, MarketFileError> {
    match file {
        AnyMarketFile::Simulation(file) => file.market().map(Some),
        _ => Ok(None),
    }
}

fn settlement<B: Backend>(
    file: AnyMarketFile,
) -> Result<Option<settlement::Market<B::Field>>, MarketFileError> {
    match file {
        AnyMarketFile::Settlement(file) => file.market().map(Some),
        _ => Ok(None),
    }
}

async fn status(store: &Store, env: &Env) -> Result<Exit, Error> {
    let problems = store.failed_jobs(LISTED).await?.into_iter();
    let status = Status {
        queues: store.job_counts().await?,
        proofs: store.count_proofs().await?,
        problems: problems.map(|(account, problem)| format!("{account}: {problem}")).collect(),
    };
    env.out.result(&status, |status| {
        let mut lines = vec![format!(
            "{:<24} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "queue", "ready", "leased", "expired", "done", "failed"
        )];
        lines.extend(status.queues.iter().map(|q| {
            format!(
                "{:<24} {:>8} {:>8} {:>8} {:>8} {:>8}",
                q.queue, q.ready, q.leased, q.expired, q.done, q.failed
            )
        }));
        lines.push(format!("proofs in the store: {}", status.proofs));
        lines.extend(status.problems.iter().cloned());
        lines
    })?;
    Ok(Exit::Done)
}
