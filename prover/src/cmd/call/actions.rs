//! What changes a ledger: epochs, models, proofs.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use zkmargin_margin::claim::Side;
use zkmargin_margin::ids::ModelDigest;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::{FieldHex, StateFile};
use zkmargin_verifier::engine::{Action, EpochPost, Root, VerifiedClaim};

use super::{LedgerArgs, ProofArgs, report};
use crate::cli::Env;
use crate::cmd::market::load_model;
use crate::cmd::verify;
use crate::error::{Error, Exit};
use crate::input::{PublishedMarket, parse_source, with_market};

#[derive(Debug, clap::Args)]
pub(crate) struct Post {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The market of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    /// The venue's state file
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, required_unless_present = "state_root")]
    state: Option<Source>,
    /// The state root, instead of the file
    #[arg(long, value_name = "0x...", conflicts_with = "state")]
    state_root: Option<FieldHex>,
    /// Largest move of a price since the last epoch, in basis points
    #[arg(long, value_name = "BPS")]
    price_move_bps: Option<u32>,
    /// The last epoch's market, to compute that move from
    #[arg(long, value_name = "FILE", value_parser = parse_source, conflicts_with = "price_move_bps")]
    previous: Option<Source>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The model: the name of a shipped one, or a JSON file
    #[arg(short, long, value_name = "NAME|FILE")]
    model: String,
}

pub(super) fn post(args: &Post, env: Env) -> Result<Exit, Error> {
    let published = PublishedMarket::load(&args.market)?;
    with_market!(&published, env, B, market => post_epoch::<B, _>(args, &market, env))
}

fn post_epoch<B: Backend, M: FamilyMarket<B::Field>>(
    args: &Post,
    market: &M,
    env: Env,
) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let state_root = match (&args.state, args.state_root) {
        (Some(source), _) => {
            let state = StateFile::parse(&source.read()?)
                .and_then(|file| file.state::<B::Field>())
                .map_err(|error| Error::venue(source, error))?;
            let (expected, found) = (ledger.policy().params().context, state.context());
            if expected != found {
                return Err(Error::Mismatch {
                    place: source.to_string(),
                    what: "context",
                    expected: expected.to_string(),
                    found: found.to_string(),
                });
            }
            state.root()
        }
        (None, Some(root)) => root
            .element::<B::Field>()
            .ok_or(Error::Usage("--state-root is not below the modulus of the market's field"))?,
        (None, None) => return Err(Error::Usage("--state or --state-root is needed")),
    };
    let price_move_bps = match &args.previous {
        Some(source) => {
            let published = PublishedMarket::load(source)?;
            let previous = with_market!(&published, env, A, previous => previous.prices());
            Some(price_move_bps(&previous, &market.prices()))
        }
        None => args.price_move_bps,
    };
    let header = market.header();
    let post = EpochPost {
        epoch: header.epoch,
        state_root: Root::from_field(&state_root),
        market_root: Root::from_field(&market.root()),
        model: header.model,
        market_timestamp: header.timestamp,
        price_move_bps,
    };
    let entry = args.ledger.apply(&ledger, &Action::PostEpoch(post))?;
    report(&[entry], env)
}

/// The largest move of a price between two markets, rounded up.
fn price_move_bps(before: &[(String, Decimal)], after: &[(String, Decimal)]) -> u32 {
    let after: BTreeMap<_, _> = after.iter().map(|(name, price)| (name, *price)).collect();
    let moves = before.iter().filter_map(|(name, old)| {
        let new = *after.get(name)?;
        (new - *old).abs().checked_div(*old)?.checked_mul(Decimal::from(10_000))
    });
    let largest = moves.max().unwrap_or(Decimal::ZERO);
    largest.ceil().to_u32().unwrap_or(u32::MAX)
}

pub(super) fn model(args: &ModelArgs, accept: bool, env: Env) -> Result<Exit, Error> {
    let model: ModelDigest = load_model(&args.model)?.digest();
    let action = if accept { Action::AcceptModel { model } } else { Action::RevokeModel { model } };
    let entry = args.ledger.apply(&args.ledger.open()?, &action)?;
    report(&[entry], env)
}

/// Verifies every proof before the first is applied.
pub(super) fn submit(args: &ProofArgs, cure: bool, env: Env) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let claims = verify::check(&args.proof, args.srs, env)?
        .into_iter()
        .collect::<Result<Vec<VerifiedClaim>, _>>()?;
    let mut entries = Vec::new();
    for claim in claims {
        let (expected, found) = (ledger.policy().params().context, claim.data().context);
        if expected != found {
            return Err(Error::LedgerContext { ledger: expected, proof: found });
        }
        let action = match (cure, claim.data().claim.side()) {
            (true, _) => Action::Cure { claim },
            (false, Side::AtLeast) => Action::SubmitProof { claim },
            (false, Side::Below) => Action::SubmitBreach { claim },
        };
        entries.push(args.ledger.apply(&ledger, &action)?);
    }
    report(&entries, env)
}
