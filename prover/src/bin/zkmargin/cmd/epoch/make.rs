//! `zkmargin epoch make`.

use std::path::PathBuf;

use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_params::market::moves::{Announced, Limits, Marks, largest, moves};
use zkmargin_prover::backend::Backend;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::json;
use zkmargin_prover::venue::{FieldHex, StateFile, VenueError};
use zkmargin_verifier::engine::{EpochPost, Root};
use zkmargin_verifier::epoch::{EpochDigest, SignedEpoch};

use super::{EpochReport, load_epoch};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    PublishedMarket, parse_context, parse_source, refuse_existing, with_market, write_public,
};

/// What is said after the help.
const NOTE: &str = "\
The price move is measured against the market of the last CONFIRMED epoch: while a \
breaker has tripped, that is an older one than the epoch before. `zkmargin market \
moves` shows what it is made of.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The market of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    /// The venue's state file
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, required_unless_present = "state_root")]
    state: Option<Source>,
    /// The state root, instead of the file
    #[arg(long, value_name = "0x...", conflicts_with = "state", requires = "context")]
    state_root: Option<FieldHex>,
    /// The deployment: 0x and 62 digits, or PROTOCOL[@CHAIN[/0xVERIFIER]]; the state
    /// file's where there is none
    #[arg(long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: Option<ContextId>,
    /// The file of the epoch posted before
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, requires = "confirmed", required_unless_present = "first")]
    previous: Option<Source>,
    /// The market of the last confirmed epoch
    #[arg(long, value_name = "FILE", value_parser = parse_source, requires = "previous")]
    confirmed: Option<Source>,
    /// There is no epoch before
    #[arg(long, conflicts_with_all = ["previous", "confirmed"])]
    first: bool,
    /// Limits of single instruments, to scale their moves by: {"max_price_move_bps":
    /// 2000, "instruments": {"USDC": 200}}
    #[arg(long, value_name = "FILE", value_parser = parse_source, requires = "confirmed")]
    limits: Option<Source>,
    /// Listings that were announced, which move from their announced price and not
    /// without bound: see `zkmargin market moves`
    #[arg(long, value_name = "FILE", value_parser = parse_source, requires = "confirmed")]
    announced: Option<Source>,
    /// Where the epoch goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.output, args.force)?;
    let published = PublishedMarket::load(&args.market)?;
    let epoch = with_market!(&published, env, B, market => {
        make::<B, _>(args, &published, &market, env)
    })?;
    if write_public(&args.output, epoch.to_json().as_bytes(), args.force, env)? {
        return Ok(Exit::Done);
    }
    env.out.result(&EpochReport::from(&epoch), EpochReport::lines)?;
    Ok(Exit::Done)
}

fn make<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Args,
    published: &PublishedMarket,
    market: &M,
    env: Env,
) -> Result<SignedEpoch, Error> {
    let header = market.header();
    let (context, state_root) = args.state::<B>(header.epoch)?;
    let since = args.since(context, published, header.epoch, env)?;
    let post = EpochPost {
        epoch: header.epoch,
        state_root,
        market_root: Root::from_field(&market.root()),
        model: header.model,
        market_timestamp: header.timestamp,
        price_move_bps: since.price_move_bps,
        reference: since.reference,
        previous: since.previous,
    };
    Ok(SignedEpoch { context, post, signatures: Vec::new() })
}

/// What an epoch says of those before.
struct Since {
    price_move_bps: u32,
    reference: Epoch,
    previous: EpochDigest,
}

impl Args {
    /// The deployment and the state root.
    fn state<B: Backend>(&self, market: Epoch) -> Result<(ContextId, Root), Error> {
        const NOT_CANONICAL: &str = "--state-root is not below the modulus of the market's field";
        let Some(source) = &self.state else {
            let (Some(root), Some(context)) = (self.state_root, self.context) else {
                return Err(Error::Usage("--state, or --state-root and --context, are needed"));
            };
            let root = root.element::<B::Field>().ok_or(Error::Usage(NOT_CANONICAL))?;
            return Ok((context, Root::from_field(&root)));
        };
        let state = StateFile::parse(&source.read()?)
            .and_then(|file| file.state::<B::Field>())
            .map_err(|error| Error::venue(source, error))?;
        refuse_other_epoch(source, state.epoch(), market)?;
        match self.context {
            Some(context) if context != state.context() => Err(Error::Mismatch {
                place: source.to_string(),
                what: "context",
                expected: context.to_string(),
                found: state.context().to_string(),
            }),
            _ => Ok((state.context(), Root::from_field(&state.root()))),
        }
    }

    /// The chain of epochs: one follows another, and its move is since one of them.
    fn since(
        &self,
        context: ContextId,
        market: &PublishedMarket,
        epoch: Epoch,
        env: Env,
    ) -> Result<Since, Error> {
        let (Some(previous), Some(confirmed)) = (&self.previous, &self.confirmed) else {
            let (reference, previous) = (Epoch::new(0), EpochDigest::NONE);
            return Ok(Since { price_move_bps: 0, reference, previous });
        };
        let before = load_epoch(previous)?;
        let mismatch = |place: &Source, what, expected: String, found: String| {
            Err(Error::Mismatch { place: place.to_string(), what, expected, found })
        };
        if before.context != context {
            let (expected, found) = (context.to_string(), before.context.to_string());
            return mismatch(previous, "context", expected, found);
        }
        let last = before.post.epoch;
        let Some(expected) = epoch.get().checked_sub(1) else {
            return Err(Error::Usage("the market is of epoch 0, which none has"));
        };
        if last.get() != expected {
            let expected = format!("{expected}, one less than the market's");
            return mismatch(previous, "epoch", expected, last.get().to_string());
        }
        let reference = Reference::load(confirmed, env)?;
        if reference.epoch > last {
            let expected = format!("at most {}, that of the epoch before", last.get());
            return mismatch(confirmed, "epoch", expected, reference.epoch.get().to_string());
        }
        if reference.epoch == last && reference.root != before.post.market_root {
            let (expected, found) = (before.post.market_root, reference.root);
            return mismatch(confirmed, "market_root", expected.to_string(), found.to_string());
        }
        let limits = self.limits.as_ref().map(limits).transpose()?;
        let known = announced(self.announced.as_ref())?;
        let marks = Marks::of(market.file());
        let moves = moves(&reference.marks, &marks, limits.as_ref(), &known);
        Ok(Since {
            price_move_bps: largest(&moves),
            reference: reference.epoch,
            previous: before.digest(),
        })
    }
}

/// A market that moves are measured against.
pub(crate) struct Reference {
    pub(crate) epoch: Epoch,
    pub(crate) root: Root,
    pub(crate) marks: Marks,
}

impl Reference {
    /// Reads it; its root is recomputed.
    pub(crate) fn load(source: &Source, env: Env) -> Result<Self, Error> {
        let published = PublishedMarket::load(source)?;
        let (epoch, root) = with_market!(&published, env, B, market => {
            (market.header().epoch, Root::from_field(&market.root()))
        });
        Ok(Self { epoch, root, marks: Marks::of(published.file()) })
    }
}

/// Reads limits of single instruments.
pub(crate) fn limits(source: &Source) -> Result<Limits, Error> {
    json::parse(&source.read()?)
        .map_err(|error| Error::Limits { path: source.to_string(), source: Box::new(error) })
}

/// Reads announced listings; without a file there are none.
pub(crate) fn announced(source: Option<&Source>) -> Result<Announced, Error> {
    let Some(source) = source else { return Ok(Announced::default()) };
    json::parse(&source.read()?)
        .map_err(|error| Error::Announced { path: source.to_string(), source: Box::new(error) })
}

/// Refuses a state of another epoch than the market's.
fn refuse_other_epoch(source: &Source, found: Epoch, market: Epoch) -> Result<(), Error> {
    match found == market {
        true => Ok(()),
        false => Err(Error::venue(source, VenueError::OtherEpoch { found, market })),
    }
}
