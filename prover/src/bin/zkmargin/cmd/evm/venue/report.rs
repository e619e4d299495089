//! What becomes of a venue's proofs.

use alloy_rpc_types_eth::TransactionReceipt;
use alloy_sol_types::SolEvent as _;
use alloy_sol_types::private::B256;
use serde::Serialize;
use zkmargin_evm::contracts::MarginVenueBatches as batches;
use zkmargin_evm::engine as convert;
use zkmargin_verifier::engine::Event;

use super::super::actions::{Refused, events};
use super::super::chain::{Outcome, Planned};
use super::super::deployment::Registry;
use super::super::error::EvmError;
use super::made_with::circuits_of;
use super::proofs::Proofs;
use super::{Coverage, Submit, contract};
use crate::env::Env;
use crate::error::{Error, Exit};

/// Proofs that were sent, and what they add up to with those before.
#[derive(Serialize)]
struct Report {
    sent: Vec<Line>,
    /// Subtrees that were on record already.
    on_record: usize,
    coverage: Coverage,
}

/// A subtree's proof.
#[derive(Serialize)]
struct Line {
    subtree: usize,
    #[serde(flatten)]
    sent: Sent,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Sent {
    Mined {
        transaction: B256,
        gas_used: u64,
        /// Accounts that were called, and calls that were refined.
        events: Vec<Event>,
        /// Flagged accounts that could not be called, and why.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        refused: Vec<Refused>,
    },
    Planned(Planned),
}

/// Sends what is not on record. One that is refused stops the others: what was sent stays,
/// and the same command goes on from there.
pub(super) fn submit(args: &Submit, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let proofs = Proofs::read(&args.proof, args.srs, env)?;
    let at = contract(&on)?;
    proofs.belong_to(&on)?;
    let circuits = circuits_of(&on, &proofs, args.circuit, env)?;
    let known = proofs.on_record(&on, at)?;
    let mut sent = Vec::new();
    for index in proofs.indices().filter(|index| !known.contains(index)) {
        let call = proofs.call(&circuits, index).ok_or(EvmError::Unreadable(at))?;
        let stage = format!("subtree {index}");
        let outcome = env.progress.stage(&stage, || on.chain.send(at, &call))?;
        sent.push(Line { subtree: index, sent: Sent::of(&on, &outcome) });
    }
    let on_record = proofs.indices().filter(|index| known.contains(index)).count();
    let coverage = Coverage::of(&on, at, proofs.epoch)?;
    let report = Report { sent, on_record, coverage };
    env.out.result(&report, Report::lines)?;
    Ok(Exit::Done)
}

impl Sent {
    fn of(on: &Registry, outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Planned(planned) => Self::Planned((**planned).clone()),
            Outcome::Mined(receipt) => Self::Mined {
                transaction: receipt.transaction_hash,
                gas_used: receipt.gas_used,
                events: events(on, receipt),
                refused: refused(receipt),
            },
        }
    }

    fn lines(&self) -> Vec<String> {
        match self {
            Self::Planned(planned) => vec![planned.told()],
            Self::Mined { transaction, gas_used, events, refused } => {
                let mut lines: Vec<_> = events.iter().map(Event::to_string).collect();
                lines.extend(refused.iter().map(Refused::told));
                lines.push(format!("  {gas_used} gas, transaction {transaction}"));
                lines
            }
        }
    }
}

/// Flagged accounts that the registry refused to call.
fn refused(receipt: &TransactionReceipt) -> Vec<Refused> {
    let logs = receipt.inner.logs().iter();
    let decoded = logs.filter_map(|log| {
        batches::FlagRefused::decode_raw_log(log.topics(), &log.data().data).ok()
    });
    let told = |log: batches::FlagRefused| Refused {
        account: convert::account(log.account),
        error: EvmError::reverted(&log.reason).to_string(),
    };
    decoded.map(told).collect()
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Line { subtree, sent } in &self.sent {
            lines.push(format!("subtree {subtree}"));
            lines.extend(sent.lines());
        }
        if self.on_record > 0 {
            lines.push(format!("{} subtrees were on record already", self.on_record));
        }
        lines.push(self.coverage.told());
        lines
    }
}
