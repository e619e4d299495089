//! What the page is told of what was expected.

use serde_json::{Map, Value};
use zkmargin_prover::files::Source;

use super::Expected;
use crate::cmd::epoch::{load_epoch, load_signers};
use crate::cmd::market::load_model;
use crate::error::Error;

/// An epoch file and a list of signers.
type EpochAndSigners = (Option<Vec<u8>>, Option<Vec<u8>>);

impl Expected {
    /// The epoch file and its signers, written again. What came by standard input
    /// is gone, and the page then says what nobody told it.
    pub(in crate::cmd::verify) fn files(&self) -> Result<EpochAndSigners, Error> {
        let Some(epoch @ Source::Path(_)) = &self.epoch else { return Ok((None, None)) };
        let epoch = load_epoch(epoch)?.to_json().into_bytes();
        let signers = match &self.signers {
            Some(source @ Source::Path(_)) => {
                Some(serde_json::to_vec(&load_signers(source)?).unwrap_or_default())
            }
            _ => None,
        };
        Ok((Some(epoch), signers))
    }

    /// The page's `expected.json`. A market is not told: the page has no use for
    /// its prices.
    pub(in crate::cmd::verify) fn of_page(&self) -> Result<String, Error> {
        let (epoch, signers) = self.files()?;
        let model = match &self.model {
            Some(model) => Some(load_model(model)?.digest().to_string()),
            None => None,
        };
        let texts = [
            ("epoch", epoch.map(|_| "epoch.json".to_owned())),
            ("signers", signers.map(|_| "signers.json".to_owned())),
            ("at_least", self.at_least.map(|level| level.to_string())),
            ("multiplier", self.at_least.and(self.multiplier).map(|times| times.to_string())),
            ("max_leverage", self.at_least.and(self.max_leverage).map(|most| most.to_string())),
            ("claim", self.claim.map(|claim| claim.to_string())),
            ("max_age", self.max_age.map(|seconds| format!("{seconds}s"))),
            ("max_clock_skew", Some(format!("{}s", self.max_clock_skew))),
            ("context", self.context.map(|context| context.to_string())),
            ("state_root", self.state_root.map(|root| root.to_string())),
            ("market_root", self.market_root.map(|root| root.to_string())),
            ("model", model),
            ("account", self.account.map(|account| account.to_string())),
            ("memo", self.memo.map(|memo| memo.to_string())),
        ];
        let mut told: Map<String, Value> = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?.into())))
            .collect();
        if let Some(epoch) = self.epoch_number {
            told.insert("epoch_number".to_owned(), epoch.get().into());
        }
        told.insert("waived".to_owned(), self.waived.names().into());
        Ok(Value::from(told).to_string())
    }
}
