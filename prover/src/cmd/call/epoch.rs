//! An epoch as it is posted, from the files of a market and a venue.

use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_params::market::moves::{Marks, largest, moves};
use zkmargin_prover::backend::Backend;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::{FieldHex, StateFile};
use zkmargin_verifier::engine::{EpochPost, Root};
use zkmargin_verifier::epoch::EpochDigest;

use crate::cli::Env;
use crate::cmd::epoch::{Reference, refuse_other_epoch};
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
        with_market!(&published, env, B, market => {
            self.post_of::<B, _>(&published, &market, context, env)
        })
    }

    fn post_of<B: Backend, M: FamilyMarket<B::Field>>(
        &self,
        published: &PublishedMarket,
        market: &M,
        context: ContextId,
        env: Env,
    ) -> Result<EpochPost, Error> {
        let state_root = self.state_root::<B>(context, market.header().epoch)?;
        let (reference, price_move_bps) = match &self.previous {
            Some(source) => {
                let Reference { epoch, marks, .. } = Reference::load(source, env)?;
                (epoch, largest(&moves(&marks, &Marks::of(published.file()), None)))
            }
            None => (Epoch::new(0), self.price_move_bps.unwrap_or(0)),
        };
        let header = market.header();
        Ok(EpochPost {
            epoch: header.epoch,
            state_root: Root::from_field(&state_root),
            market_root: Root::from_field(&market.root()),
            model: header.model,
            market_timestamp: header.timestamp,
            price_move_bps,
            reference,
            previous: EpochDigest::NONE,
        })
    }

    fn state_root<B: Backend>(&self, context: ContextId, epoch: Epoch) -> Result<B::Field, Error> {
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
        refuse_other_epoch(source, state.epoch(), epoch)?;
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
