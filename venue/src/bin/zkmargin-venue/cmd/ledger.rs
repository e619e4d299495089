//! `zkmargin-venue ledger`: the venue's accounts and proofs on a ledger of margin
//! calls.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use zkmargin_margin::claim::Side;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::with_backend;
use zkmargin_venue::provers::Verifiers;
use zkmargin_venue::store::{ProofRow, Store};
use zkmargin_verifier::engine::{AccountStatus, Action, VerifiedClaim};
use zkmargin_verifier::ledger::{Grounds, Ledger};
use zkmargin_verifier::proof::ProofFile;

use crate::error::{Error, Exit};
use crate::input::{Env, SrsArgs};

/// Proofs that are verified together.
const BATCH: u32 = 64;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register every account that the ledger does not know
    Register(LedgerArgs),
    /// Verify the proofs of the last epoch, and apply those that the ledger does not
    /// have
    Submit(Submit),
    /// Ask where every account stands: for `status`, the service, and the farm's
    /// priorities
    Sync(LedgerArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct LedgerArgs {
    /// The ledger, as `zkmargin call init` makes it
    #[arg(short, long, value_name = "FILE", env = "ZKMARGIN_LEDGER", hide_env_values = true)]
    ledger: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Submit {
    #[command(flatten)]
    ledger: LedgerArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// Go on after a proof that is refused
    #[arg(long)]
    keep_going: bool,
}

#[derive(Default, Serialize)]
struct Report {
    applied: u64,
    unchanged: u64,
    refused: u64,
}

pub(crate) async fn run(command: &Command, env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    match command {
        Command::Register(args) => register(&store, &args.open(&store)?, env).await,
        Command::Sync(args) => sync(&store, &args.open(&store)?, env).await,
        Command::Submit(args) => {
            let ledger = args.ledger.open(&store)?;
            with_backend!(store.settings().proof_system, B => {
                submit::<B>(&store, &ledger, args, env).await
            })
        }
    }
}

impl LedgerArgs {
    /// Opens the ledger of the venue's deployment.
    fn open(&self, store: &Store) -> Result<Ledger, Error> {
        Ok(Ledger::open_for(&self.ledger, store.settings().context)?)
    }
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

async fn register(store: &Store, ledger: &Ledger, env: &Env) -> Result<Exit, Error> {
    let accounts = store.commitments().await?;
    let mut report = Report::default();
    let mut progress = env.out.progress("registered", Some(accounts.len() as u64));
    for (account, _) in accounts {
        progress.step();
        if ledger.status(account, now())? != AccountStatus::Unregistered {
            report.unchanged += 1;
            continue;
        }
        ledger.apply(now(), &Action::Register { account })?;
        report.applied += 1;
    }
    progress.end();
    env.out.result(&report, |r| {
        vec![format!("{} registered, {} were there", r.applied, r.unchanged)]
    })?;
    Ok(Exit::Done)
}

async fn submit<B: Backend>(
    store: &Store,
    ledger: &Ledger,
    args: &Submit,
    env: &Env,
) -> Result<Exit, Error> {
    let epoch = store.last_epoch().await?.ok_or(Error::NoEpoch)?.epoch;
    let verifiers = Verifiers::<B>::new(args.srs.dev());
    let (mut report, mut after) = (Report::default(), String::new());
    let mut progress = env.out.progress("proofs", None);
    'pages: loop {
        let page = store.proofs_in(epoch, &after, BATCH).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.statement);
        for (row, result) in page.iter().zip(apply_all(&verifiers, ledger, &page)) {
            progress.step();
            match result {
                Ok(true) => report.applied += 1,
                Ok(false) => report.unchanged += 1,
                Err(problem) => {
                    report.refused += 1;
                    env.out.refused(row.account, problem);
                    if !args.keep_going {
                        break 'pages;
                    }
                }
            }
        }
    }
    progress.end();
    env.out.result(&report, |r| {
        vec![format!(
            "{} applied, {} on record already, {} refused",
            r.applied, r.unchanged, r.refused
        )]
    })?;
    let total = report.applied + report.unchanged + report.refused;
    match report.refused {
        0 => Ok(Exit::Done),
        refused => Err(Error::Some { refused, total, what: "proofs" }),
    }
}

/// Verifies proofs together and applies each: whether it changed something, or why
/// it is refused.
fn apply_all<B: Backend>(
    verifiers: &Verifiers<B>,
    ledger: &Ledger,
    page: &[ProofRow],
) -> Vec<Result<bool, String>> {
    let parsed: Vec<_> =
        page.iter().map(|row| ProofFile::<B::Field>::parse(row.proof.as_bytes())).collect();
    let files: Vec<_> = parsed.iter().filter_map(|file| file.as_ref().ok().cloned()).collect();
    let mut checked = tokio::task::block_in_place(|| verifiers.check_all(&files)).into_iter();
    let one = |(row, file): (&ProofRow, Result<_, _>)| {
        file.map_err(|error| format!("{error}"))?;
        let claim = checked.next().ok_or("not verified")?.map_err(|error| error.to_string())?;
        apply(ledger, claim, &row.proof).map_err(|error| error.message())
    };
    page.iter().zip(parsed).map(one).collect()
}

fn apply(ledger: &Ledger, claim: VerifiedClaim, proof: &str) -> Result<bool, Error> {
    let action = match claim.data().claim.side() {
        Side::AtLeast => Action::SubmitProof { claim },
        Side::Below => Action::SubmitBreach { claim },
    };
    Ok(ledger.apply_with(now(), &action, Grounds::proof(proof))?.is_some())
}

async fn sync(store: &Store, ledger: &Ledger, env: &Env) -> Result<Exit, Error> {
    let (now, mut standings) = (now(), Vec::new());
    let clock = ledger.clock(now)?;
    for (account, standing) in ledger.accounts(now)? {
        let text = serde_json::to_string(&standing.status).map_err(|_| Error::Output)?;
        // On the engine's clock, which runs as real time does or stands still.
        let due = standing.status.due().map(|due| (now + due.get()).saturating_sub(clock.get()));
        standings.push((account, text, due));
    }
    store.put_standings(&standings).await?;
    env.out.result(&standings.len(), |n| vec![format!("{n} accounts")])?;
    Ok(Exit::Done)
}
