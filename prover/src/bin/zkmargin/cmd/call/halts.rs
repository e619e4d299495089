//! What a guardian does: pauses, and epochs that are confirmed or rejected.

use zkmargin_margin::ids::Epoch;
use zkmargin_prover::freshness::parse_period;
use zkmargin_verifier::engine::{Action, Root};

use super::LedgerArgs;
use crate::env::Env;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// How long, unless it is renewed: 30m, 4h, 2days
    #[arg(long = "for", value_name = "PERIOD", value_parser = parse_period)]
    period: u64,
}

/// An epoch, named so that no other one is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct EpochArgs {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The epoch; 0 before the first
    #[arg(short, long, value_name = "NUMBER")]
    epoch: u64,
    /// Its market root, as `zkmargin market show` and `zkmargin call status` tell it
    #[arg(long, value_name = "0x...", required_unless_present_any = ["none"])]
    market_root: Option<Root>,
    /// There is no epoch yet, and so no market root
    #[arg(long, conflicts_with = "market_root")]
    none: bool,
}

impl EpochArgs {
    fn named(&self) -> (Epoch, Root) {
        (Epoch::new(self.epoch), self.market_root.unwrap_or(Root::new([0; 32])))
    }
}

pub(super) fn pause(args: &Pause, env: Env) -> Result<Exit, Error> {
    const TOO_LONG: &str = "--for is longer than time goes on";
    let until = args.ledger.now()?.checked_add(args.period).ok_or(Error::Usage(TOO_LONG))?;
    args.ledger.act(&Action::Pause { until }, env)
}

pub(super) fn resume(args: &EpochArgs, env: Env) -> Result<Exit, Error> {
    let (epoch, market_root) = args.named();
    args.ledger.act(&Action::Resume { epoch, market_root }, env)
}

pub(super) fn reject(args: &EpochArgs, env: Env) -> Result<Exit, Error> {
    let (epoch, market_root) = args.named();
    args.ledger.act(&Action::RejectEpoch { epoch, market_root }, env)
}
