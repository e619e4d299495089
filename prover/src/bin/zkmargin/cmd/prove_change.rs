//! `zkmargin prove-change`: a transition.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_margin::claim::{Level, Leverage, Multiplier};
use zkmargin_margin::ids::{AccountId, ContextId, Memo};
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::transition::{Aim, TransitionInstance, TransitionWitness};
use zkmargin_prover::backend::{Backend, Device};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::transition::{PreparedTransition, TransitionError, Wanted};
use zkmargin_verifier::proof::{TransitionData, TransitionFile};

use super::prove::{Paths, ShapeChoice, check_context, parse_shape};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    KeyArgs, LayoutArgs, PublishedMarket, SrsArgs, load_document, parse_context, parse_cures,
    parse_healthier, parse_level, parse_source, refuse_existing, warn_of_insecure_srs, with_market,
    write_private, write_public,
};
use crate::params::prover;

/// What is said after the help.
const NOTE: &str = "\
The check before a trade: the proof shows that the account of the state root, changed as the \
digest CHANGE says, has the commitment NEXT and meets the level. It tells neither portfolio nor \
the change; `--opening` writes what opens the digest, for whoever is to know the change. At what \
prices lots become cash is not judged: the change says it. --healthier and --cures are of standard \
markets: in others the margin is no sum over positions. `whatif --size-to` says how many lots a \
change that cures closes.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The portfolio before, which the venue attested
    #[arg(value_parser = parse_source)]
    before: Source,
    /// The portfolio afterwards, of the same account, with a blinding of its own:
    /// `encrypt` draws one
    #[arg(value_parser = parse_source, required_unless_present = "unchanged")]
    after: Option<Source>,
    /// Instead: that nothing changes, which shows the commitment in the state root. It
    /// is how a registry is shown that an account has become what it said
    #[arg(long, conflicts_with_all = ["after", "healthier", "cures", "opening"])]
    unchanged: bool,
    /// The market of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    /// Membership path from the venue, of the portfolio before
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, required_unless_present = "state")]
    path: Option<Source>,
    /// The venue's state file, instead of a path
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, conflicts_with = "path")]
    state: Option<Source>,
    #[command(flatten)]
    keys: KeyArgs,
    /// Accept portfolios that are not encrypted
    #[arg(long)]
    insecure_plaintext: bool,
    /// Level that the account meets afterwards: margin-call, maintenance, initial
    #[arg(long, value_name = "LEVEL", value_parser = parse_level, default_value = "initial")]
    meets: Level,
    /// Instead: that every entry of the change closes lots of a position, or pays cash
    /// in, and that equity over this level's requirement falls in no bucket
    #[arg(long, value_name = "LEVEL", value_parser = parse_healthier, conflicts_with_all = ["meets", "multiplier", "max_leverage"])]
    healthier: Option<Aim>,
    /// Instead: that the account was below the first level, meets the second
    /// afterwards, and closes no lot more than that takes
    #[arg(long, value_name = "BREACH:TARGET", value_parser = parse_cures, conflicts_with_all = ["meets", "healthier", "max_leverage"])]
    cures: Option<Aim>,
    /// How many times the requirement of the level it meets: 1.25
    #[arg(long, value_name = "TIMES")]
    multiplier: Option<Multiplier>,
    /// Leverage that it keeps to afterwards, in a family that has notionals: 10
    #[arg(long, value_name = "TIMES")]
    max_leverage: Option<Leverage>,
    /// What the proof is bound to beside: 0x and 62 digits, for whoever reads it
    #[arg(long, value_name = "0x...", default_value_t = Memo::NONE, hide_default_value = true)]
    memo: Memo,
    /// Size of the circuit: auto, or as for `prove`; a small one holds 2 changed
    /// positions, a medium one 4, a large one 8
    #[arg(long, default_value = "auto", value_parser = parse_shape)]
    shape: ShapeChoice,
    /// The deployment the path must be for: 0x and 62 digits, or
    /// PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: Option<ContextId>,
    #[command(flatten)]
    layout: LayoutArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// What computes proofs: cpu, gpu, or auto (a GPU where there is one and the
    /// circuit is large enough)
    #[arg(long, value_name = "DEVICE", default_value_t, hide = !cfg!(feature = "cuda"))]
    device: Device,
    /// Where the proof goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Where the opening of the change goes, for your eyes and those you show it to
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    /// Replace existing output files
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    shape: Shape,
    bytes: usize,
    output: PathBuf,
    instance: TransitionData,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.output, args.force)?;
    if let Some(opening) = &args.opening {
        refuse_existing(opening, args.force)?;
    }
    let published = PublishedMarket::load(&args.market)?;
    with_market!(&published, env, B, market => prove::<B, _>(args, &market, env))
}

fn prove<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Args,
    market: &M,
    env: Env,
) -> Result<Exit, Error> {
    let prepared = env.progress.stage("native check", || prepare::<B, M>(args, market))?;
    if B::SYSTEM == ProofSystem::Kzg && args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    let file = match args.layout.of(B::SYSTEM)? == B::SYSTEM.usual_layout() {
        true => make::<B, M>(args, &prepared, env),
        false => make::<B::Wide, M>(args, &prepared, env),
    }?;
    // The opening first: a proof whose change nobody can show any more is worth less.
    if let Some(opening) = &args.opening {
        write_private(opening, &prepared.opening().to_json(), args.force, env)?;
    }
    if write_public(&args.output, file.to_json().as_bytes(), args.force, env)? {
        return Ok(Exit::Done);
    }
    let report = Report {
        account: prepared.instance().account().account,
        shape: prepared.shape(),
        bytes: file.proof().len(),
        output: args.output.clone(),
        instance: prepared.instance().into(),
    };
    env.out.result(&report, |report| {
        let TransitionData { aim, next, change, .. } = &report.instance;
        vec![
            format!("{} {aim} afterwards, proved in {}", report.account, report.output.display()),
            format!("next commitment {next}"),
            format!("change {change}"),
        ]
    })?;
    Ok(Exit::Done)
}

/// Makes the proof, in the layout of the proof system, by the circuit of its aim.
fn make<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Args,
    prepared: &PreparedTransition<B::Field, M>,
    env: Env,
) -> Result<TransitionFile<B::Field>, Error> {
    match prepared.instance().aim().statement() {
        Statement::Deleveraging => {
            file_of::<B, M, M::DeleveragingIn<B::Columns>>(args, prepared, env)
        }
        Statement::Margin
        | Statement::Transition
        | Statement::Venue(_)
        | Statement::Haircut(_)
        | Statement::Escrow
        | Statement::Netting => file_of::<B, M, M::TransitionIn<B::Columns>>(args, prepared, env),
    }
}

/// The proof of a circuit.
fn file_of<B, M, C>(
    args: &Args,
    prepared: &PreparedTransition<B::Field, M>,
    env: Env,
) -> Result<TransitionFile<B::Field>, Error>
where
    B: Backend,
    M: FamilyMarket<B::Field>,
    C: FamilyCircuit<
            B::Field,
            Instance = TransitionInstance<B::Field>,
            Witness = TransitionWitness<M::Family>,
        > + 'static,
{
    let prover = prover::<B, C>(prepared.shape(), args.srs.dev(), args.device, env)?;
    let stage = format!("proof of {}", args.before);
    let made = env.progress.stage(&stage, || prover.prove_transition(prepared));
    made.map_err(|source| failed(args.place(), source))
}

fn prepare<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Args,
    market: &M,
) -> Result<PreparedTransition<B::Field, M>, Error> {
    let open = |source: &Source| -> Result<(AccountId, Portfolio), Error> {
        let document = load_document(source, &args.keys, args.insecure_plaintext)?;
        let portfolio = market.listings().portfolio(&document);
        Ok((document.account, portfolio.map_err(|error| Error::portfolio(source, error))?))
    };
    let before = open(&args.before)?;
    let after = args.after.as_ref().map(open).transpose()?;
    if let Some((after, _)) = &after
        && *after != before.0
    {
        let (before, after) = (before.0, *after);
        return Err(failed(args.place(), TransitionError::OtherAccount { before, after }));
    }
    let files: Vec<_> = args.path.iter().cloned().collect();
    let path = Paths::<B::Field>::load(args.state.as_ref(), &files)?.of(before.0)?;
    check_context(args.context, &path)?;
    let wanted = Wanted {
        aim: args.healthier.or(args.cures).unwrap_or(Aim::Meets(args.meets)),
        multiplier: args.multiplier.unwrap_or(Multiplier::ONE),
        leverage: args.max_leverage,
        memo: args.memo,
        shape: args.shape.0,
    };
    match after {
        Some((_, after)) => PreparedTransition::new(market, (&before.1, &after), &path, &wanted),
        None => PreparedTransition::unchanged(market, &before.1, &path, &wanted),
    }
    .map_err(|source| failed(args.place(), source))
}

impl Args {
    /// The file that errors are about.
    fn place(&self) -> &Source {
        self.after.as_ref().unwrap_or(&self.before)
    }
}

fn failed(place: &Source, source: TransitionError) -> Error {
    Error::Transition { path: place.to_string(), source }
}
