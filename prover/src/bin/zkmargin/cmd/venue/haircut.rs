//! `zkmargin venue haircut`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Memo};
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_margin::statement::haircut::{HaircutInstance, HaircutWitness};
use zkmargin_margin::statement::venue::SubtreeDepth;
use zkmargin_params::decimal::parse_decimal;
use zkmargin_prover::backend::{Backend, Device};
use zkmargin_prover::bulk;
use zkmargin_prover::crypt::{self, Recipients};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::{Source, create_directory};
use zkmargin_prover::haircut_proof::{WantedHaircut, WholeHaircut};
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::venue::{FieldHex, State, StateFile};
use zkmargin_prover::venue_proof::{VenueProofError, by_shape};
use zkmargin_prover::with_depth;

use super::{Portfolios, read_state};
use crate::cmd::prove::{ShapeChoice, parse_shape};
use crate::cmd::shapes::Shapes;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    KeyArgs, LayoutArgs, PublishedMarket, RecipientArgs, SrsArgs, parse_context, parse_memo,
    parse_source, refuse_existing, warn_of_insecure_srs, with_market, write_private, write_public,
};
use crate::params::passing_prover;

/// What is said after the help.
const NOTE: &str = "\
The portfolios of all accounts of the state are needed, each once. Every account with \
equity is cut by its share of the loss, to one unit, off the cash of its first position; \
no other account by anything. DIR then has the portfolios afterwards, under fresh \
blindings, in portfolios/, their state in state.json, and in proofs/ one proof of every \
subtree with accounts, which `zkmargin verify --haircut DIR/proofs` checks. Encrypt the \
portfolios to yourself, and hand each owner its own with `zkmargin rekey`.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The portfolios of all accounts; of a directory the .age and .json files in it
    #[arg(value_parser = parse_source, required_unless_present = "list")]
    portfolio: Vec<Source>,
    /// A file that names portfolios, one a line
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    list: Vec<Source>,
    /// The loss that is shared, in the quote currency
    #[arg(long, value_name = "AMOUNT", value_parser = parse_decimal)]
    loss: Decimal,
    /// The state of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    state: Source,
    /// The market of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Accept portfolios that are not encrypted, and write those afterwards plain where
    /// no recipient is named
    #[arg(long)]
    insecure_plaintext: bool,
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
    /// Where portfolios and state afterwards go, and the proofs
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Replace existing output files
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    state_root: FieldHex,
    state_after: FieldHex,
    loss: String,
    equity: String,
    shapes: Shapes,
    leaves: usize,
    accounts: usize,
    winners: usize,
    proofs: Vec<PathBuf>,
    #[serde(skip)]
    quote: String,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    if args.output.as_os_str() == "-" {
        return Err(Error::Usage("a haircut needs --output DIRECTORY"));
    }
    if !args.recipients.given() && !args.insecure_plaintext {
        return Err(Error::NoRecipients);
    }
    let published = PublishedMarket::load(&args.market)?;
    let quote = published.quote().to_string();
    with_market!(&published, env, B, market => share::<B, _>(args, &market, quote, env))
}

fn share<B: Backend, M: FamilyMarket<B::Field> + Sync>(
    args: &Args,
    market: &M,
    quote: String,
    env: Env,
) -> Result<Exit, Error> {
    let state: State<B::Field> = read_state(&args.state, args.context)?;
    let given = Portfolios {
        sources: bulk::expand(&args.portfolio, &args.list)?,
        keys: &args.keys,
        insecure_plaintext: args.insecure_plaintext,
    };
    let opened = given.open(market, |document, portfolio| (document, portfolio), env)?;
    let portfolios: BTreeMap<AccountId, Portfolio> =
        opened.iter().map(|(account, (_, portfolio))| (*account, portfolio.clone())).collect();
    let loss = units(args.loss, market.listings().quote_decimals())?;
    let (memo, shape, depth) = (args.memo, args.shape.0, args.leaves);
    let wanted = WantedHaircut { loss, memo, shape, depth };
    let whole = || WholeHaircut::new(market, &state, &portfolios, wanted);
    let whole = env.progress.stage("native check", whole).map_err(|error| args.failed(error))?;
    if B::SYSTEM == ProofSystem::Kzg && args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    let proofs: Vec<_> = (0..whole.shapes().len()).map(|index| args.proof_of(index)).collect();
    proofs.iter().try_for_each(|proof| refuse_existing(proof, args.force))?;
    let after = whole.state_after().map_err(|error| args.failed(error))?;
    let documents = opened.values().map(|(document, _)| document);
    args.write_accounts(&whole, &after, documents, env)?;
    create_directory(&args.output.join(PROOFS))?;
    match args.layout.of(B::SYSTEM)? == B::SYSTEM.usual_layout() {
        true => with_depth!(args.leaves, D => {
            prove_in::<B, M, M::HaircutIn<D, B::Columns>>(args, &whole, &proofs, env)
        }),
        false => with_depth!(args.leaves, D => {
            type Wide<B> = <B as Backend>::Wide;
            type Columns<B> = <Wide<B> as Backend>::Columns;
            prove_in::<Wide<B>, M, M::HaircutIn<D, Columns<B>>>(args, &whole, &proofs, env)
        }),
    }?;
    let amount = |units: u128| market.format_amount(i128::try_from(units).unwrap_or(i128::MAX));
    let report = Report {
        state_root: FieldHex::of(&state.root()),
        state_after: FieldHex::of(&after.root()),
        loss: amount(whole.haircut().loss()),
        equity: amount(whole.haircut().equity()),
        shapes: Shapes::of(whole.shapes()),
        leaves: args.leaves.leaves(),
        accounts: state.entries().len(),
        winners: whole.winners(),
        proofs,
        quote,
    };
    env.out.result(&report, |report| report.lines(&args.output))?;
    Ok(Exit::Done)
}

/// A loss in quote units.
fn units(loss: Decimal, decimals: u32) -> Result<u128, Error> {
    const REFUSED: &str =
        "--loss is below zero, out of range, or has more decimals than a quote unit";
    let shift = decimals.checked_sub(loss.normalize().scale()).ok_or(Error::Usage(REFUSED))?;
    let mantissa = u128::try_from(loss.normalize().mantissa()).ok();
    let one = 10_u128.checked_pow(shift);
    mantissa.zip(one).and_then(|(m, one)| m.checked_mul(one)).ok_or(Error::Usage(REFUSED))
}

/// Where the proofs go, and the portfolios.
const PROOFS: &str = "proofs";
const PORTFOLIOS: &str = "portfolios";

impl Report {
    fn lines(&self, output: &Path) -> Vec<String> {
        let Self { accounts, winners, loss, equity, quote, proofs, state_after, .. } = self;
        vec![
            format!(
                "{winners} of {accounts} accounts cut by {loss} of {equity} {quote}: {} proofs in {}{}",
                proofs.len(),
                output.join(PROOFS).display(),
                self.shapes.told()
            ),
            format!("state afterwards {state_after}"),
        ]
    }
}

impl Args {
    /// The file of a subtree's proof.
    fn proof_of(&self, index: usize) -> PathBuf {
        self.output.join(PROOFS).join(format!("subtree-{index:07}.json"))
    }

    fn failed(&self, source: VenueProofError) -> Error {
        Error::VenueProof { path: self.state.to_string(), source: Box::new(source) }
    }

    /// Writes the accounts afterwards, each to a file of its name, and their state.
    fn write_accounts<'a, F: MarginField, M: FamilyMarket<F>>(
        &self,
        whole: &WholeHaircut<'_, F, M>,
        after: &State<F>,
        documents: impl Iterator<Item = &'a PortfolioDocument>,
        env: Env,
    ) -> Result<(), Error> {
        let recipients = match self.recipients.given() {
            true => Some(self.recipients.recipients()?),
            false => None,
        };
        let portfolios = self.output.join(PORTFOLIOS);
        create_directory(&self.output)?;
        create_directory(&portfolios)?;
        for document in documents {
            let document = whole.document_after(document).map_err(|error| self.failed(error))?;
            self.write_account(&portfolios, &document, recipients.as_ref(), env)?;
        }
        let file = StateFile::from(after).to_json();
        write_public(&self.output.join("state.json"), &file, self.force, env).map(drop)
    }

    fn write_account(
        &self,
        directory: &Path,
        document: &PortfolioDocument,
        recipients: Option<&Recipients>,
        env: Env,
    ) -> Result<(), Error> {
        let name = |ending: &str| directory.join(format!("{}.{ending}", document.account));
        let written = match recipients {
            Some(recipients) => {
                let sealed = crypt::encrypt(&document.to_json(), recipients, false);
                let place = Source::Path(name("age"));
                let sealed = sealed.map_err(|error| Error::crypt(&place, error))?;
                write_public(&name("age"), &sealed, self.force, env)
            }
            None => write_private(&name("json"), &document.to_text(), self.force, env),
        };
        written.map(drop)
    }
}

/// Proves all subtrees, one after the other: each takes all cores. Those of a shape come
/// together, so that its key is loaded once.
fn prove_in<B, M, C>(
    args: &Args,
    whole: &WholeHaircut<'_, B::Field, M>,
    outputs: &[PathBuf],
    env: Env,
) -> Result<(), Error>
where
    B: Backend,
    B::Field: MarginField,
    M: FamilyMarket<B::Field>,
    C: FamilyCircuit<
            B::Field,
            Instance = HaircutInstance<B::Field>,
            Witness = HaircutWitness<M::Family>,
        > + 'static,
{
    let failed = |error| args.failed(error);
    for (shape, indices) in by_shape(whole.shapes()) {
        let prover = passing_prover::<B, C>(shape, args.srs.dev(), args.device, env)?;
        for index in indices {
            let prepared = whole.prepare(index).map_err(failed)?;
            let stage = format!("proof of subtree {index}, of {}", outputs.len());
            let made = env.progress.stage(&stage, || prover.prove_cuts(&prepared));
            let file = made.map_err(failed)?;
            write_public(&outputs[index], file.to_json().as_bytes(), args.force, env)?;
        }
    }
    Ok(())
}
