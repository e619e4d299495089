//! An epoch as it is posted, from the files of a market and a venue.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use zkmargin_margin::ids::ContextId;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::{FieldHex, StateFile};
use zkmargin_verifier::engine::{EpochPost, Root};

use crate::cli::Env;
use crate::error::Error;
use crate::input::{PublishedMarket, parse_source, with_market};

/// The files of an epoch.
#[derive(Debug, clap::Args)]
pub(crate) struct EpochArgs {
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

impl EpochArgs {
    /// The epoch, for a deployment.
    pub(crate) fn post(&self, context: ContextId, env: Env) -> Result<EpochPost, Error> {
        let published = PublishedMarket::load(&self.market)?;
        with_market!(&published, env, B, market => self.post_of::<B, _>(&market, context, env))
    }

    fn post_of<B: Backend, M: FamilyMarket<B::Field>>(
        &self,
        market: &M,
        context: ContextId,
        env: Env,
    ) -> Result<EpochPost, Error> {
        let state_root = self.state_root::<B>(context)?;
        let price_move_bps = match &self.previous {
            Some(source) => {
                let published = PublishedMarket::load(source)?;
                let previous = with_market!(&published, env, A, previous => previous.prices());
                Some(price_move_bps(&previous, &market.prices()))
            }
            None => self.price_move_bps,
        };
        let header = market.header();
        Ok(EpochPost {
            epoch: header.epoch,
            state_root: Root::from_field(&state_root),
            market_root: Root::from_field(&market.root()),
            model: header.model,
            market_timestamp: header.timestamp,
            price_move_bps,
        })
    }

    fn state_root<B: Backend>(&self, context: ContextId) -> Result<B::Field, Error> {
        const NOT_CANONICAL: &str = "--state-root is not below the modulus of the market's field";
        let source = match (&self.state, self.state_root) {
            (Some(source), _) => source,
            (None, Some(root)) => {
                return root.element::<B::Field>().ok_or(Error::Usage(NOT_CANONICAL));
            }
            (None, None) => return Err(Error::Usage("--state or --state-root is needed")),
        };
        let state = StateFile::parse(&source.read()?)
            .and_then(|file| file.state::<B::Field>())
            .map_err(|error| Error::venue(source, error))?;
        match state.context() == context {
            true => Ok(state.root()),
            false => Err(Error::Mismatch {
                place: source.to_string(),
                what: "context",
                expected: context.to_string(),
                found: state.context().to_string(),
            }),
        }
    }
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
