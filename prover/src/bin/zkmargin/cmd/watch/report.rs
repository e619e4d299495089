//! What is told of every epoch and every failure.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::ids::Epoch;

use super::round::Proved;
use crate::error::{Error, Exit};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// Proved, verified, and submitted where that was asked for.
    Proved,
    /// The claim is not true in this epoch.
    False,
    /// Not proved yet: it is tried again.
    Failed,
}

/// One line of JSON.
#[derive(Serialize)]
pub(super) struct Line {
    outcome: Outcome,
    /// Of the epoch file that was read last.
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<Epoch>,
    /// How often it was tried, this time included.
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<String>,
    /// When the prices were taken, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    market_timestamp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<PathBuf>,
    /// Whether the ledger or the contracts have it.
    submitted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The exit code that the error would be.
    exit: u8,
}

impl Line {
    pub(super) fn proved(attempt: u32, proved: Proved) -> Self {
        Self {
            outcome: Outcome::Proved,
            epoch: Some(proved.epoch),
            attempt,
            claim: Some(proved.claim),
            market_timestamp: Some(proved.market_timestamp),
            proof: Some(proved.proof),
            submitted: proved.submitted,
            error: None,
            exit: Exit::Done as u8,
        }
    }

    pub(super) fn failed(
        outcome: Outcome,
        epoch: Option<Epoch>,
        attempt: u32,
        error: &Error,
    ) -> Self {
        Self {
            outcome,
            epoch,
            attempt,
            claim: None,
            market_timestamp: None,
            proof: None,
            submitted: false,
            // It ends in logs: without what it tells of the portfolio.
            error: Some(error.message(false)),
            exit: error.exit() as u8,
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let epoch = match self.epoch {
            Some(epoch) => format!("epoch {}", epoch.get()),
            None => "no epoch yet".to_owned(),
        };
        let error = || self.error.as_deref().unwrap_or_default();
        vec![match (self.outcome, &self.claim, &self.proof) {
            (Outcome::Proved, Some(claim), Some(proof)) => {
                let end = if self.submitted { ", submitted" } else { "" };
                format!("{epoch}: {claim} proved in {}{end}", proof.display())
            }
            (Outcome::False, ..) => format!("{epoch}: NOT proved: {}", error()),
            _ => format!("{epoch}: attempt {} failed: {}", self.attempt, error()),
        }]
    }
}
