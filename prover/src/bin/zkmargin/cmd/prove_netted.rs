//! `zkmargin prove-netted`: what an account holds at several venues, taken together.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::{AccountId, ContextId, Memo};
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_prover::backend::{Backend, Device};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::netting::{Holding, NettingError, PreparedNetting, Wanted};
use zkmargin_verifier::proof::{NettingData, NettingFile};

use super::prove::{Paths, ShapeChoice, parse_shape};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    KeyArgs, LayoutArgs, PublishedMarket, SrsArgs, load_document, parse_context, parse_memo,
    parse_source, refuse_existing, warn_of_insecure_srs, with_market, write_public,
};
use crate::params::prover;

/// What is said after the help.
const NOTE: &str = "\
One proof over the account trees of one to four venues: positions net across them, in bucket 0; \
an isolated bucket, any other number, is one venue's. Each venue's context, state root and account \
are public, what is held where is not. Whoever verifies names every venue by its signed epoch file \
(`zkmargin verify --at`).";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// What is held at a venue, and the venue's state file; once for each
    #[arg(long, value_name = "PORTFOLIO,STATE", value_parser = parse_pair, required_unless_present = "venue_path")]
    venue: Vec<(Source, Source)>,
    /// The same with a membership path from the venue, instead of its state file
    #[arg(long, value_name = "PORTFOLIO,PATH", value_parser = parse_pair)]
    venue_path: Vec<(Source, Source)>,
    /// The market that everything is valued in
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    #[command(flatten)]
    keys: KeyArgs,
    /// Accept portfolios that are not encrypted
    #[arg(long)]
    insecure_plaintext: bool,
    /// Who takes the proof, a clearing house or a protocol: 0x and 62 digits, or
    /// PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: ContextId,
    /// The account there; that of the portfolios where they are of one
    #[arg(long, value_name = "0x...")]
    account: Option<AccountId>,
    /// What to claim of all that is held: at-least:LEVEL or below:LEVEL, with LEVEL
    /// one of margin-call, maintenance, initial, and its dials behind it
    #[arg(short, long, default_value = "at-least:maintenance")]
    claim: Claim,
    /// Tell the shortfall of a `below` claim
    #[arg(long)]
    disclose: bool,
    /// What else the proof says, as 0x and at most 62 digits
    #[arg(long, value_name = "0x...", value_parser = parse_memo, default_value = "0x", hide_default_value = true)]
    memo: Memo,
    /// Size of the circuit, as for `prove`: it holds every position of any venue once
    #[arg(long, default_value = "auto", value_parser = parse_shape)]
    shape: ShapeChoice,
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
    /// Replace existing output files
    #[arg(long)]
    force: bool,
}

/// Two files with a comma between them.
fn parse_pair(text: &str) -> Result<(Source, Source), &'static str> {
    match text.split_once(',') {
        Some((one, other)) if !one.is_empty() && !other.is_empty() && !other.contains(',') => {
            Ok((Source::from(one), Source::from(other)))
        }
        _ => Err("allowed are two files with a comma between them"),
    }
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    shape: Shape,
    bytes: usize,
    output: PathBuf,
    instance: NettingData,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.output, args.force)?;
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
    if write_public(&args.output, file.to_json().as_bytes(), args.force, env)? {
        return Ok(Exit::Done);
    }
    let report = Report {
        account: prepared.instance().account,
        shape: prepared.shape(),
        bytes: file.proof().len(),
        output: args.output.clone(),
        instance: (prepared.instance(), prepared.venues()).into(),
    };
    env.out.result(&report, |report| {
        let NettingData { claim, venues, .. } = &report.instance;
        let mut lines =
            vec![format!("{} {claim} proved in {}", report.account, report.output.display())];
        lines.extend(venues.iter().map(|venue| {
            format!("at {}: account {} under {}", venue.context, venue.account, venue.state_root)
        }));
        lines
    })?;
    Ok(Exit::Done)
}

/// Makes the proof, in the layout of the proof system.
fn make<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Args,
    prepared: &PreparedNetting<B::Field, M>,
    env: Env,
) -> Result<NettingFile<B::Field>, Error> {
    let shape = prepared.shape();
    let prover = prover::<B, M::NettingIn<B::Columns>>(shape, args.srs.dev(), args.device, env)?;
    let stage = format!("proof over {} venues", prepared.venues().as_slice().len());
    let made = env.progress.stage(&stage, || prover.prove_netting(prepared));
    made.map_err(|source| args.failed(source))
}

fn prepare<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Args,
    market: &M,
) -> Result<PreparedNetting<B::Field, M>, Error> {
    let by_state = args.venue.iter().map(|(portfolio, state)| (portfolio, Some(state), &[][..]));
    let by_path = args
        .venue_path
        .iter()
        .map(|(portfolio, path)| (portfolio, None, std::slice::from_ref(path)));
    let mut holdings: Vec<Holding<B::Field>> = Vec::new();
    for (source, state, paths) in by_state.chain(by_path) {
        let document = load_document(source, &args.keys, args.insecure_plaintext)?;
        let portfolio = market.listings().portfolio(&document);
        let portfolio = portfolio.map_err(|error| Error::portfolio(source, error))?;
        let path = Paths::<B::Field>::load(state, paths)?.of(document.account)?;
        holdings.push((portfolio, path));
    }
    let wanted = Wanted {
        context: args.context,
        account: args.account_of(&holdings)?,
        claim: args.claim,
        disclose: args.disclose,
        memo: args.memo,
        shape: args.shape.0,
    };
    PreparedNetting::new(market, holdings, &wanted).map_err(|source| args.failed(source))
}

impl Args {
    /// The account that the proof is about.
    fn account_of<F>(&self, holdings: &[Holding<F>]) -> Result<AccountId, Error> {
        const SEVERAL: &str =
            "--account says which account the proof is about: the portfolios are of several";
        let mut accounts = holdings.iter().map(|(_, path)| path.account);
        let first = accounts.next();
        match (self.account, first) {
            (Some(account), _) => Ok(account),
            (None, Some(first)) if accounts.all(|account| account == first) => Ok(first),
            (None, _) => Err(Error::Usage(SEVERAL)),
        }
    }

    /// An error about all portfolios together.
    fn failed(&self, source: NettingError) -> Error {
        let files: Vec<_> =
            self.venue.iter().chain(&self.venue_path).map(|(file, _)| file.to_string()).collect();
        Error::Netting { path: files.join(", "), source: Box::new(source) }
    }
}
