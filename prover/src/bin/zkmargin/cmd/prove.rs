//! `zkmargin prove`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;
use serde::Serialize;
use zkmargin_circuits::family::Witness;
use zkmargin_margin::claim::{Claim, Level, Leverage, Multiplier};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Memo};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::relation::MarginFamily;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_prover::backend::{Backend, Device};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::{Source, create_directory};
use zkmargin_prover::proving::{Prepared, Prover, ProvingError, Statement};
use zkmargin_prover::venue::{Membership, PathFile, State, StateFile};
use zkmargin_verifier::proof::ProofFile;

use super::evm::layout_of;
use super::prove_escrow::{self, EscrowArgs};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    KeyArgs, LayoutArgs, PublishedMarket, SrsArgs, load_document, parse_context, parse_memo,
    parse_source, refuse_existing, warn_of_insecure_srs, with_market, write_public,
};
use crate::params::prover;

/// What is said after the help.
const NOTE: &str = "\
The statement is checked natively first: a false one costs no proving time, and the \
error says which clause fails and by how much (not with --quiet).";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The portfolios
    #[arg(required = true, value_parser = parse_source)]
    portfolio: Vec<Source>,
    /// The market of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    /// Membership path from the venue; one for each portfolio, in any order
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, required_unless_present = "state")]
    path: Vec<Source>,
    /// The venue's state file, instead of paths
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, conflicts_with = "path")]
    state: Option<Source>,
    #[command(flatten)]
    keys: KeyArgs,
    /// Accept portfolios that are not encrypted
    #[arg(long)]
    insecure_plaintext: bool,
    /// What to claim: at-least:LEVEL or below:LEVEL, with LEVEL one of
    /// margin-call, maintenance, initial
    #[arg(short, long, default_value = "at-least:maintenance")]
    claim: Claim,
    /// How many times the level's requirement counts, from 1 on: 1.25
    #[arg(long, value_name = "TIMES")]
    multiplier: Option<Multiplier>,
    /// Also claim that the notional of all positions is at most so many times the
    /// account's equity; not in a market of options
    #[arg(long, value_name = "TIMES")]
    max_leverage: Option<Leverage>,
    /// Tell the shortfall of a `below` claim
    #[arg(long)]
    disclose: bool,
    /// What else the proof says, as 0x and at most 62 digits: an address that is
    /// paid for it, a hash of what it goes with; nobody can change it afterwards
    #[arg(long, value_name = "0x...", value_parser = parse_memo, default_value = "0x", hide_default_value = true)]
    memo: Memo,
    /// Size of the circuit: auto, small (8 positions), medium (32),
    /// large (128); of a scenario market small (8 in 4 expiries), medium (16 in 8), large (64 in 12);
    /// of joint scenarios small (8), medium (16), large (64), deep (16, of 500 scenarios)
    #[arg(long, default_value = "auto", value_parser = parse_shape)]
    shape: ShapeChoice,
    /// The deployment the paths must be for: 0x and 62 digits, or
    /// PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: Option<ContextId>,
    #[command(flatten)]
    layout: LayoutArgs,
    /// Contracts that the proof is for, as `zkmargin evm deploy` wrote them: the
    /// layout is that of their verifier
    #[arg(long, value_name = "FILE", value_parser = parse_source, conflicts_with = "layout")]
    deployment: Option<Source>,
    #[command(flatten)]
    escrow: EscrowArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// What computes proofs: cpu, gpu, or auto (a GPU where there is one and the
    /// circuit is large enough)
    #[arg(long, value_name = "DEVICE", default_value_t, hide = !cfg!(feature = "cuda"))]
    device: Device,
    /// Where the proof goes; with several portfolios, a directory
    #[arg(short, long, value_name = "FILE|DIR")]
    output: PathBuf,
    /// Replace existing output files
    #[arg(long)]
    force: bool,
}

impl Args {
    /// The claim with its dials.
    fn claim(&self) -> Result<Claim, Error> {
        let plain = self.claim;
        let claim = match self.multiplier {
            Some(_) if plain.multiplier() != Multiplier::ONE => {
                return Err(Error::Usage("--claim has a multiplier already"));
            }
            Some(_) if plain.level() == Level::MarginCall => {
                return Err(Error::Usage(
                    "--multiplier: the level margin-call requires nothing that could be multiplied",
                ));
            }
            Some(multiplier) => plain.with_multiplier(multiplier),
            None => plain,
        };
        match self.max_leverage {
            Some(_) if plain.leverage().is_some() => {
                Err(Error::Usage("--claim has a bound on leverage already"))
            }
            Some(leverage) => claim.with_leverage(leverage).map_err(|_| {
                Error::Usage("--max-leverage: only a claim of at least a level bounds leverage")
            }),
            None => Ok(claim),
        }
    }
}

/// A shape, or the smallest that fits.
#[derive(Clone, Copy, Debug)]
pub(in crate::cmd) struct ShapeChoice(pub(in crate::cmd) Option<Shape>);

pub(in crate::cmd) fn parse_shape(text: &str) -> Result<ShapeChoice, &'static str> {
    match text {
        "auto" => Ok(ShapeChoice(None)),
        _ => text
            .parse()
            .map(|shape| ShapeChoice(Some(shape)))
            .map_err(|_| "allowed are auto, small, medium, large, deep, huge, multi, multi-large"),
    }
}

#[derive(Serialize)]
struct Report {
    proofs: Vec<ProofReport>,
}

#[derive(Serialize)]
struct ProofReport {
    account: AccountId,
    claim: String,
    #[serde(skip_serializing_if = "Memo::is_none")]
    memo: Memo,
    shape: Shape,
    bytes: usize,
    output: PathBuf,
}

/// A statement with the place its proof goes to.
struct Job<F: MarginField, M: FamilyMarket<F>> {
    name: String,
    prepared: Prepared<F, Witness<F, M::Circuit>>,
    output: PathBuf,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let several = args.portfolio.len() > 1;
    if !several {
        refuse_existing(&args.output, args.force)?;
    } else if args.output.as_os_str() == "-" {
        return Err(Error::Usage("several proofs need --output DIRECTORY"));
    }
    args.escrow.refuse_existing(several, args.force)?;
    args.claim()?;
    let published = PublishedMarket::load(&args.market)?;
    with_market!(&published, env, B, market => prove::<B, _>(args, &market, env))
}

fn prove<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Args,
    market: &M,
    env: Env,
) -> Result<Exit, Error>
where
    Witness<B::Field, M::Circuit>: Sync,
{
    let several = args.portfolio.len() > 1;
    if args.shape.0.is_none() {
        env.out.detail(
            "--shape auto: the smallest shape that fits is public and bounds the number of positions; choose a larger one to hide more",
        );
    }
    let paths = Paths::<B::Field>::load(args.state.as_ref(), &args.path)?;
    let mut jobs = Vec::new();
    for source in &args.portfolio {
        let prepared =
            env.progress.stage("native check", || prepare(args, source, market, &paths))?;
        let output = match several {
            true => args.output.join(format!("{}.proof.json", prepared.instance().account)),
            false => args.output.clone(),
        };
        refuse_existing(&output, args.force)?;
        jobs.push(Job { name: source.to_string(), prepared, output });
    }
    if several {
        create_directory(&args.output)?;
    }
    let mut proofs = Vec::new();
    for shape in M::Family::FAMILY.shapes().iter().copied() {
        let jobs: Vec<&Job<B::Field, M>> =
            jobs.iter().filter(|job| job.prepared.shape() == shape).collect();
        if jobs.is_empty() {
            continue;
        }
        let layout = layout::<B, M>(args, shape)?;
        match layout == B::SYSTEM.usual_layout() {
            true => prove_shape::<B, M>(args, shape, &jobs, &mut proofs, env)?,
            false => prove_shape::<B::Wide, M>(args, shape, &jobs, &mut proofs, env)?,
        }
    }
    if !several && args.output.as_os_str() == "-" {
        return Ok(Exit::Done);
    }
    env.out.result(&Report { proofs }, |report| {
        let line =
            |p: &ProofReport| format!("{} {} proved in {}", p.account, p.claim, p.output.display());
        report.proofs.iter().map(line).collect()
    })?;
    Ok(Exit::Done)
}

fn prepare<F: MarginField, M: FamilyMarket<F>>(
    args: &Args,
    source: &Source,
    market: &M,
    paths: &Paths<F>,
) -> Result<Prepared<F, Witness<F, M::Circuit>>, Error> {
    let document = load_document(source, &args.keys, args.insecure_plaintext)?;
    let failed = |error: ProvingError| Error::Proving { path: source.to_string(), source: error };
    let portfolio =
        market.listings().portfolio(&document).map_err(|error| Error::portfolio(source, error))?;
    let path = paths.of(document.account)?;
    check_context(args.context, &path)?;
    let claim = args.claim()?;
    let (disclose, memo, shape) = (args.disclose, args.memo, args.shape.0);
    let statement = Statement { claim, disclose, memo, shape };
    Prepared::new(market, document.account, &portfolio, &path, statement).map_err(failed)
}

/// The layout asked for, that of the contracts' verifier, or the usual one.
fn layout<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Args,
    shape: Shape,
) -> Result<ColumnLayout, Error> {
    let Some(deployment) = &args.deployment else { return args.layout.of(B::SYSTEM) };
    match B::SYSTEM {
        ProofSystem::Kzg => layout_of(deployment, family_of_market::<B, M>(), shape),
        ProofSystem::Ipa => {
            Err(Error::Usage("--deployment: contracts verify proofs of kzg, the market is of ipa"))
        }
    }
}

const fn family_of_market<B: Backend, M: FamilyMarket<B::Field>>() -> Family {
    <M::Family as MarginFamily>::FAMILY
}

/// Refuses a path of another deployment than the one asked for.
pub(super) fn check_context<F>(
    expected: Option<ContextId>,
    path: &Membership<F>,
) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != path.context => Err(Error::Mismatch {
            place: format!("path of {}", path.account),
            what: "context",
            expected: expected.to_string(),
            found: path.context.to_string(),
        }),
        _ => Ok(()),
    }
}

fn prove_shape<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Args,
    shape: Shape,
    jobs: &[&Job<B::Field, M>],
    proofs: &mut Vec<ProofReport>,
    env: Env,
) -> Result<(), Error>
where
    Witness<B::Field, M::Circuit>: Sync,
{
    if B::SYSTEM == ProofSystem::Kzg && args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    if let (Some(committee), [job]) = (&args.escrow.escrow, jobs) {
        let (escrow, making) = ((&args.escrow, committee), (&args.srs, args.device, args.force));
        let file = prove_escrow::prove::<B, M>(escrow, &job.name, &job.prepared, making, env)?;
        proofs.push(write_proof(args, job, file.to_json(), file.proof().len(), env)?);
        return Ok(());
    }
    let prover = prover::<B, M::CircuitIn<B::Columns>>(shape, args.srs.dev(), args.device, env)?;
    // A card is kept busy by what the CPU prepares meanwhile.
    let together = if prover.on_card() { TOGETHER } else { 1 };
    let made = jobs.chunks(together).flat_map(|jobs| jobs.iter().zip(make(&prover, jobs, env)));
    for (job, file) in made {
        let file = file.map_err(|source| Error::Proving { path: job.name.clone(), source })?;
        proofs.push(write_proof(args, job, file.to_json(), file.proof().len(), env)?);
    }
    Ok(())
}

/// Writes a proof file, and says what is in it.
fn write_proof<F: MarginField, M: FamilyMarket<F>>(
    args: &Args,
    job: &Job<F, M>,
    text: String,
    bytes: usize,
    env: Env,
) -> Result<ProofReport, Error> {
    write_public(&job.output, text.as_bytes(), args.force, env)?;
    env.out.detail(format!("proof of {bytes} bytes in a file of {}", text.len()));
    let instance = job.prepared.instance();
    Ok(ProofReport {
        account: instance.account,
        claim: instance.claim.to_string(),
        memo: instance.memo,
        shape: job.prepared.shape(),
        bytes,
        output: job.output.clone(),
    })
}

/// Proofs that are in memory at a time.
const TOGETHER: usize = 64;

type Made<F> = Result<ProofFile<F>, ProvingError>;

/// The proofs of some jobs, in their order.
fn make<B: Backend, M: FamilyMarket<B::Field>>(
    prover: &Prover<B, M::CircuitIn<B::Columns>>,
    jobs: &[&Job<B::Field, M>],
    env: Env,
) -> Vec<Made<B::Field>>
where
    Witness<B::Field, M::Circuit>: Sync,
{
    match jobs {
        [job] => {
            let stage = format!("proof of {}", job.name);
            vec![env.progress.stage(&stage, || prover.prove(&job.prepared))]
        }
        several => {
            let stage = format!("proofs of {} accounts", several.len());
            let prepared: Vec<_> = several.iter().map(|job| &job.prepared).collect();
            let all = || prepared.into_par_iter().map(|prepared| prover.prove(prepared)).collect();
            env.progress.stage(&stage, all)
        }
    }
}

/// Membership paths by account.
pub(super) enum Paths<F> {
    Files(BTreeMap<AccountId, Membership<F>>),
    State { name: Source, state: Box<State<F>> },
}

impl<F: MarginField> Paths<F> {
    /// Of the venue's state file where there is one, else of the path files.
    pub(super) fn load(state: Option<&Source>, paths: &[Source]) -> Result<Self, Error> {
        if let Some(source) = state {
            let state = StateFile::parse(&source.read()?)
                .and_then(|file| file.state())
                .map_err(|error| Error::venue(source, error))?;
            return Ok(Self::State { name: source.clone(), state: Box::new(state) });
        }
        let mut files = BTreeMap::new();
        for source in paths {
            let membership = PathFile::parse(&source.read()?)
                .and_then(|file| file.membership())
                .map_err(|error| Error::venue(source, error))?;
            files.insert(membership.account, membership);
        }
        Ok(Self::Files(files))
    }

    pub(super) fn of(&self, account: AccountId) -> Result<Membership<F>, Error> {
        match self {
            Self::Files(files) => files.get(&account).cloned().ok_or(Error::NoPath(account)),
            Self::State { name, state } => {
                state.path(account).map_err(|error| Error::venue(name, error))
            }
        }
    }
}
