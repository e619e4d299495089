//! `zkmargin-venue prove`.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_circuits::family::Witness;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_params::market::AnyMarketFile;
use zkmargin_prover::backend::{Backend, Device};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::{Kind, create_directory, write_atomic};
use zkmargin_venue::prove::{Proved, Under, prove};
use zkmargin_venue::provers::Provers;
use zkmargin_venue::store::Store;
use zkmargin_venue::with_market;

use crate::error::{Error, Exit};
use crate::input::{ClaimArgs, Env, IdentityArgs, LayoutArgs, SrsArgs, stored_market};

/// Proofs that are in memory at a time while they are written out.
const PAGE: u32 = 500;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    identity: IdentityArgs,
    #[command(flatten)]
    claim: ClaimArgs,
    /// Tell the shortfall of a `below` claim
    #[arg(long)]
    disclose: bool,
    #[command(flatten)]
    layout: LayoutArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// What computes proofs: cpu, gpu, or auto (a GPU where there is one and the
    /// circuit is large enough)
    #[arg(long, value_name = "DEVICE", default_value_t, hide = !cfg!(feature = "cuda"))]
    device: Device,
    /// Write the epoch's proofs into a directory too, one file each
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

#[derive(Default, Serialize)]
struct Report {
    epoch: u64,
    proved: u64,
    unchanged: u64,
    untrue: u64,
    failed: u64,
}

pub(crate) async fn run(args: &Args, env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    let (epoch, market): (Epoch, AnyMarketFile) = stored_market(&store).await?;
    let system = store.settings().proof_system;
    let is_usual = args.layout.of(system)? == system.usual_layout();
    let report = with_market!(system, market, B, market => match is_usual {
        true => all::<B, _>(&store, &market, args, env).await,
        false => all::<<B as Backend>::Wide, _>(&store, &market, args, env).await,
    })?;
    if let Some(directory) = &args.output {
        write(&store, epoch, directory, env).await?;
    }
    env.out.result(&report, |r| {
        vec![format!(
            "epoch {}: {} proved, {} before, {} not true, {} failed",
            r.epoch, r.proved, r.unchanged, r.untrue, r.failed
        )]
    })?;
    let total = report.proved + report.unchanged + report.untrue + report.failed;
    match report.failed {
        0 => Ok(Exit::Done),
        refused => Err(Error::Some { refused, total, what: "accounts" }),
    }
}

async fn all<B: Backend, M: FamilyMarket<B::Field> + Sync>(
    store: &Store,
    market: &M,
    args: &Args,
    env: &Env,
) -> Result<Report, Error>
where
    Witness<B::Field, M::Circuit>: Send + Sync,
{
    let keys = args.identity.keys()?;
    let epoch = market.header().epoch;
    let tree = store.tree::<B::Field>(epoch).await?;
    let under = Under::<B, M> { tree: &tree, market, keys: &keys };
    let provers = Provers::new(args.srs.dev(), args.device);
    let mut report = Report { epoch: epoch.get(), ..Report::default() };
    let mut progress = env.out.progress("accounts", Some(store.count_accounts().await?));
    let told = |account: AccountId, proved: &Proved| {
        progress.step();
        match proved {
            Proved::New => report.proved += 1,
            Proved::Unchanged => report.unchanged += 1,
            Proved::Untrue => report.untrue += 1,
            Proved::Failed(error) => {
                report.failed += 1;
                env.out.refused(account, error.told());
            }
        }
    };
    prove(store, &under, &provers, args.claim.wanted(args.disclose), told).await?;
    progress.end();
    Ok(report)
}

/// Writes an epoch's proofs; files that are there are those of the same statements.
async fn write(
    store: &Store,
    epoch: Epoch,
    directory: &std::path::Path,
    env: &Env,
) -> Result<(), Error> {
    create_directory(directory)?;
    let (mut after, mut written) = (String::new(), 0_usize);
    loop {
        let page = store.proofs_in(epoch, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.statement);
        for proof in &page {
            let claim = proof.claim.to_string().replace(':', "-");
            let name = format!("{}.{claim}.{}.proof.json", proof.account, &proof.statement[..8]);
            write_atomic(&directory.join(name), proof.proof.as_bytes(), Kind::Replace)?;
        }
        written += page.len();
    }
    env.out.note(format!("{written} proofs in {}", directory.display()));
    Ok(())
}
