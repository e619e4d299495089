//! What proofs of whole venues are made from: the state, and all its portfolios.

use std::collections::BTreeMap;

use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_prover::bulk::Outcome;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::venue::{State, StateFile};
use zkmargin_prover::venue_proof::VenueProofError;

use super::open_all;
use crate::env::Env;
use crate::error::Error;
use crate::input::KeyArgs;

/// The state of a file, which must be of a deployment where one is expected.
pub(super) fn read_state<F: MarginField>(
    source: &Source,
    expected: Option<ContextId>,
) -> Result<State<F>, Error> {
    let failed = |error| Error::venue(source, error);
    let file = StateFile::parse(&source.read()?).map_err(failed)?;
    let state: State<F> = file.state().map_err(failed)?;
    match expected {
        Some(expected) if expected != state.context() => Err(Error::Mismatch {
            place: source.to_string(),
            what: "context",
            expected: expected.to_string(),
            found: state.context().to_string(),
        }),
        _ => Ok(state),
    }
}

/// Portfolio files, and what opens them.
pub(super) struct Portfolios<'a> {
    pub(super) sources: Vec<Source>,
    pub(super) keys: &'a KeyArgs,
    pub(super) insecure_plaintext: bool,
}

impl Portfolios<'_> {
    /// All portfolios, by account: each account once, and what is kept of it.
    pub(super) fn open<F: MarginField, M: FamilyMarket<F> + Sync, T: Send>(
        &self,
        market: &M,
        keep: impl Fn(PortfolioDocument, Portfolio) -> T + Sync,
        env: Env,
    ) -> Result<BTreeMap<AccountId, T>, Error> {
        let listings = market.listings();
        let one = |source: &Source, document: PortfolioDocument| {
            let portfolio = listings.portfolio(&document);
            let portfolio = portfolio.map_err(|error| Error::portfolio(source, error))?;
            Ok((document.account, keep(document, portfolio)))
        };
        let name = format!("{} portfolios", self.sources.len());
        let keys = (self.keys, self.insecure_plaintext);
        let opened = || open_all(&self.sources, keys, false, one);
        let outcomes = env.progress.stage(&name, opened)?;
        let mut portfolios = BTreeMap::new();
        for (source, outcome) in self.sources.iter().zip(outcomes) {
            match outcome {
                Outcome::Done((account, kept)) => {
                    if portfolios.insert(account, kept).is_some() {
                        let path = source.to_string();
                        let source = Box::new(VenueProofError::Twice(account));
                        return Err(Error::VenueProof { path, source });
                    }
                }
                Outcome::Failed(error) => return Err(error),
                // Another one failed, and is found in its place.
                Outcome::NotTried => {}
            }
        }
        Ok(portfolios)
    }
}
