//! `zkmargin venue prove`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_margin::claim::{Claim, Level, Multiplier};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Memo};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::statement::venue::{SubtreeDepth, VenueInstance, VenueWitness};
use zkmargin_prover::backend::{Backend, Device};
use zkmargin_prover::bulk;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::{Source, create_directory};
use zkmargin_prover::proving::Prover;
use zkmargin_prover::venue::{FieldHex, State};
use zkmargin_prover::venue_proof::{
    PreparedSubtree, VenueProofError, WantedVenue, WholeVenue, by_shape,
};
use zkmargin_prover::with_depth;
use zkmargin_verifier::proof::{MAX_BYTES, VenueFile};

use super::{Portfolios, read_state};
use crate::cmd::prove::{ShapeChoice, parse_shape};
use crate::cmd::shapes::Shapes;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    KeyArgs, LayoutArgs, PublishedMarket, SrsArgs, parse_context, parse_memo, parse_source,
    refuse_existing, warn_of_insecure_srs, with_market, write_public,
};
use crate::params::{passing_prover, verifier};

/// What is said after the help.
const NOTE: &str = "\
The portfolios of all accounts of the state are needed, each once. Of every subtree \
with accounts one proof is made; together they show how many accounts there are and \
which of them are below the level, and of no other account anything. Accounts below \
are flagged by name in the proofs. `zkmargin verify --venue DIR` checks them. After a kill \
the same command goes on: proofs of the same statements that are there and verify are kept.

Accounts stand in the order of their numbers, --leaves of them to a proof. A proof's shape is \
public: it bounds the positions of its largest account from above, and under auto from below. \
--shape medium for all hides which proofs have such an account. Where large accounts are few \
and scattered, fewer --leaves leave more proofs small.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The portfolios of all accounts; of a directory the .age and .json files in it
    #[arg(value_parser = parse_source, required_unless_present = "list")]
    portfolio: Vec<Source>,
    /// A file that names portfolios, one a line
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    list: Vec<Source>,
    /// The state of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    state: Source,
    /// The market of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    #[command(flatten)]
    keys: KeyArgs,
    /// Accept portfolios that are not encrypted
    #[arg(long)]
    insecure_plaintext: bool,
    /// What accounts are that are not flagged: at-least:LEVEL, with LEVEL one of
    /// margin-call, maintenance, initial
    #[arg(short, long, default_value = "at-least:maintenance")]
    claim: Claim,
    /// How many times the level's requirement counts, from 1 on: 1.25
    #[arg(long, value_name = "TIMES")]
    multiplier: Option<Multiplier>,
    /// Accounts to a proof: 4, 16, 64 or 256
    #[arg(long, value_name = "NUMBER", default_value = "16")]
    leaves: SubtreeDepth,
    /// What else the proofs say, as 0x and at most 62 digits
    #[arg(long, value_name = "0x...", value_parser = parse_memo, default_value = "0x", hide_default_value = true)]
    memo: Memo,
    /// Size of every account in the circuit: auto (of each proof the smallest that holds
    /// its own accounts), or for all small, medium, large, deep, huge, multi, multi-large
    #[arg(long, default_value = "auto", value_parser = parse_shape)]
    shape: ShapeChoice,
    /// The deployment the state must be for: 0x and 62 digits, or
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
    /// Where the proofs go, one a subtree
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Make all proofs again, and replace existing output files
    #[arg(long)]
    force: bool,
}

impl Args {
    /// The claim with its multiplier.
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
        VenueInstance::<pasta_curves::Fp>::check_claim(claim).map_err(|error| Error::VenueProof {
            path: self.state.to_string(),
            source: Box::new(error.into()),
        })
    }
}

#[derive(Serialize)]
struct Report {
    state_root: FieldHex,
    claim: String,
    shapes: Shapes,
    leaves: usize,
    accounts: usize,
    flagged: Vec<AccountId>,
    proofs: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    if args.output.as_os_str() == "-" {
        return Err(Error::Usage("a venue's proofs need --output DIRECTORY"));
    }
    args.claim()?;
    let published = PublishedMarket::load(&args.market)?;
    with_market!(&published, env, B, market => prove::<B, _>(args, &market, env))
}

fn prove<B: Backend, M: FamilyMarket<B::Field> + Sync>(
    args: &Args,
    market: &M,
    env: Env,
) -> Result<Exit, Error> {
    let state: State<B::Field> = read_state(&args.state, args.context)?;
    let given = Portfolios {
        sources: bulk::expand(&args.portfolio, &args.list)?,
        keys: &args.keys,
        insecure_plaintext: args.insecure_plaintext,
    };
    let portfolios = given.open(market, |_, portfolio| portfolio, env)?;
    let (claim, memo, shape) = (args.claim()?, args.memo, args.shape.0);
    let wanted = WantedVenue { claim, memo, shape, depth: args.leaves };
    let whole = || WholeVenue::new(market, &state, &portfolios, wanted);
    let whole = env.progress.stage("native check", whole).map_err(|error| args.failed(error))?;
    if B::SYSTEM == ProofSystem::Kzg && args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    let outputs: Vec<_> = (0..whole.shapes().len()).map(|index| args.output_of(index)).collect();
    outputs.iter().try_for_each(|output| kept::<B>(args, output).map(drop))?;
    create_directory(&args.output)?;
    let flagged = match args.layout.of(B::SYSTEM)? == B::SYSTEM.usual_layout() {
        true => with_depth!(args.leaves, D => {
            prove_in::<B, M, M::VenueIn<D, B::Columns>>(args, &whole, &outputs, env)
        }),
        false => with_depth!(args.leaves, D => {
            type Wide<B> = <B as Backend>::Wide;
            type Columns<B> = <Wide<B> as Backend>::Columns;
            prove_in::<Wide<B>, M, M::VenueIn<D, Columns<B>>>(args, &whole, &outputs, env)
        }),
    }?;
    let report = Report {
        state_root: FieldHex::of(&state.root()),
        claim: claim.to_string(),
        shapes: Shapes::of(whole.shapes()),
        leaves: args.leaves.leaves(),
        accounts: state.entries().len(),
        flagged,
        proofs: outputs,
    };
    env.out.result(&report, |report| report.lines(&args.output))?;
    Ok(Exit::Done)
}

impl Report {
    fn lines(&self, output: &Path) -> Vec<String> {
        let Self { accounts, flagged, claim, proofs, shapes, .. } = self;
        let head = format!(
            "{accounts} accounts, {} flagged, all others {claim}: {} proofs in {}{}",
            flagged.len(),
            proofs.len(),
            output.display(),
            shapes.told()
        );
        [head]
            .into_iter()
            .chain(flagged.iter().map(|account| format!("flagged {account}")))
            .collect()
    }
}

impl Args {
    /// The file of a subtree's proof.
    fn output_of(&self, index: usize) -> PathBuf {
        self.output.join(format!("subtree-{index:07}.json"))
    }

    fn failed(&self, source: VenueProofError) -> Error {
        Error::VenueProof { path: self.state.to_string(), source: Box::new(source) }
    }
}

/// Proves all subtrees, one after the other: each takes all cores. Those of a shape come
/// together, so that its key is loaded once, and only where a proof is to be made. The
/// flagged accounts, in the order of leaves.
fn prove_in<B, M, C>(
    args: &Args,
    whole: &WholeVenue<'_, B::Field, M>,
    outputs: &[PathBuf],
    env: Env,
) -> Result<Vec<AccountId>, Error>
where
    B: Backend,
    B::Field: MarginField,
    M: FamilyMarket<B::Field>,
    C: FamilyCircuit<
            B::Field,
            Instance = VenueInstance<B::Field>,
            Witness = VenueWitness<M::Family>,
        > + 'static,
{
    let failed = |error| args.failed(error);
    let (mut flagged, mut found) = (vec![Vec::new(); outputs.len()], 0);
    for (shape, indices) in by_shape(whole.shapes()) {
        let mut loaded = None;
        for index in indices {
            let (prepared, output) = (whole.prepare(index).map_err(failed)?, &outputs[index]);
            flagged[index].extend(prepared.flagged());
            if is_there::<B, M, C>(args, output, (&prepared, shape), env)? {
                found += 1;
                continue;
            }
            let prover: Arc<Prover<B, C>> = match &loaded {
                Some(prover) => Arc::clone(prover),
                None => passing_prover(shape, args.srs.dev(), args.device, env)?,
            };
            let stage = format!("proof of subtree {index}, of {}", outputs.len());
            let made = env.progress.stage(&stage, || prover.prove_subtree(&prepared));
            let file = made.map_err(failed)?;
            write_public(output, file.to_json().as_bytes(), args.force, env)?;
            loaded = Some(prover);
        }
    }
    if found > 0 {
        env.out.note(format!("{found} proofs were there already, of the same statements: kept"));
    }
    Ok(flagged.concat())
}

/// Whether a subtree's proof was there before: the one that would be made, which the
/// verifier of its shape accepts. Of other powers of tau, of an older circuit or damaged
/// it proves nothing. Another file there is refused.
fn is_there<B, M, C>(
    args: &Args,
    output: &Path,
    (prepared, shape): (&PreparedSubtree<B::Field, M>, Shape),
    env: Env,
) -> Result<bool, Error>
where
    B: Backend,
    M: FamilyMarket<B::Field>,
    C: FamilyCircuit<B::Field> + 'static,
{
    let Some(file) = kept::<B>(args, output)? else { return Ok(false) };
    if is_of(&file, prepared, (shape, C::layout())) {
        let verifier = verifier::<B, C>(shape, args.srs.dev(), env)?;
        if let [Ok(_)] = B::verify_venue(&verifier, std::slice::from_ref(&file)).as_slice() {
            return Ok(true);
        }
    }
    refuse_existing(output, args.force).map(|()| false)
}

/// A proof that was there before, unless it is to be replaced. Another file there is
/// refused.
fn kept<B: Backend>(args: &Args, output: &Path) -> Result<Option<VenueFile<B::Field>>, Error> {
    if args.force || !output.exists() {
        return Ok(None);
    }
    let bytes = Source::Path(output.to_path_buf()).read_at_most(MAX_BYTES)?;
    match VenueFile::parse(&bytes) {
        Ok(file) => Ok(Some(file)),
        Err(_) => refuse_existing(output, args.force).map(|()| None),
    }
}

/// Whether a proof is the one that would be made.
fn is_of<F: MarginField, M: FamilyMarket<F>>(
    file: &VenueFile<F>,
    prepared: &PreparedSubtree<F, M>,
    (shape, layout): (Shape, ColumnLayout),
) -> bool {
    let circuit = file.circuit();
    (circuit.shape, circuit.layout) == (shape, layout)
        && file.subtree() == prepared.subtree()
        && file.instance() == prepared.instance()
}
