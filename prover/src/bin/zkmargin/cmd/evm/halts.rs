//! Halts, epochs and models: what a market's guardian, governor and publishers do.

use alloy_sol_types::private::{B256, Bytes};
use clap::Subcommand;
use zkmargin_evm::contracts::MarginMarkets as markets;
use zkmargin_evm::engine as convert;
use zkmargin_prover::files::Source;
use zkmargin_prover::freshness::parse_period;
use zkmargin_verifier::engine::Root;

use super::actions::report;
use super::circuits::time;
use super::deployment::SenderArgs;
use super::error::EvmError;
use crate::cmd::epoch::load_epoch;
use crate::cmd::market::load_model;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::parse_source;

/// A signed epoch.
#[derive(Debug, clap::Args)]
pub(crate) struct Post {
    #[command(flatten)]
    sender: SenderArgs,
    /// The epoch file, with the signatures that the market asks for
    #[arg(value_parser = parse_source)]
    epoch: Source,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    sender: SenderArgs,
    /// How long, unless it is renewed: 30m, 4h, 2days
    #[arg(long = "for", value_name = "PERIOD", value_parser = parse_period)]
    period: u64,
}

/// An epoch, named so that no other one is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct EpochArgs {
    #[command(flatten)]
    sender: SenderArgs,
    /// The epoch; 0 before the first
    #[arg(short, long, value_name = "NUMBER")]
    epoch: u64,
    /// Its market root, as `zkmargin market show` and `zkmargin evm status` tell it
    #[arg(long, value_name = "0x...", required_unless_present_any = ["none"])]
    market_root: Option<Root>,
    /// There is no epoch yet, and so no market root
    #[arg(long, conflicts_with = "market_root")]
    none: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Announce a model: it can be accepted when the notice is over
    Announce(ModelArgs),
    /// Accept a model that was announced
    Accept(ModelArgs),
    /// Accept a model no longer, at once
    Revoke(ModelArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    sender: SenderArgs,
    /// The model: the name of a shipped one, or a JSON file
    #[arg(short, long, value_name = "NAME|FILE")]
    model: String,
}

impl EpochArgs {
    fn root(&self) -> B256 {
        self.market_root.map_or(B256::ZERO, |root| B256::from(*root.as_bytes()))
    }
}

pub(super) fn post(args: &Post, env: Env) -> Result<Exit, Error> {
    let file = load_epoch(&args.epoch)?;
    let on = args.sender.open()?;
    let (expected, found) = (on.at.context, file.context);
    if expected != found {
        return Err(EvmError::EpochContext { expected, found }.into());
    }
    let signatures =
        file.signatures.iter().map(|one| Bytes::from(one.as_bytes().to_vec())).collect();
    let post = convert::epoch_post(&file.post);
    let call = markets::postEpochCall { context: on.context(), post, signatures };
    report(&on, &[on.chain.send(on.at.markets, &call)?], env)
}

pub(super) fn pause(args: &Pause, env: Env) -> Result<Exit, Error> {
    const TOO_LONG: &str = "--for is longer than time goes on";
    let on = args.sender.open()?;
    let until = on.chain.time()?.checked_add(args.period).ok_or(Error::Usage(TOO_LONG))?;
    let call = markets::pauseCall { context: on.context(), until: time(until)? };
    report(&on, &[on.chain.send(on.at.markets, &call)?], env)
}

pub(super) fn resume(args: &EpochArgs, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let call =
        markets::resumeCall { context: on.context(), epoch: args.epoch, marketRoot: args.root() };
    report(&on, &[on.chain.send(on.at.markets, &call)?], env)
}

pub(super) fn reject(args: &EpochArgs, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let call = markets::rejectEpochCall {
        context: on.context(),
        epoch: args.epoch,
        marketRoot: args.root(),
    };
    report(&on, &[on.chain.send(on.at.markets, &call)?], env)
}

pub(super) fn model(command: &ModelCommand, env: Env) -> Result<Exit, Error> {
    let (ModelCommand::Announce(args) | ModelCommand::Accept(args) | ModelCommand::Revoke(args)) =
        command;
    let model = convert::model(load_model(&args.model)?.digest());
    let on = args.sender.open()?;
    let (context, to) = (on.context(), on.at.markets);
    let outcome = match command {
        ModelCommand::Announce(_) => {
            on.chain.send(to, &markets::announceModelCall { context, model })
        }
        ModelCommand::Accept(_) => on.chain.send(to, &markets::acceptModelCall { context, model }),
        ModelCommand::Revoke(_) => on.chain.send(to, &markets::revokeModelCall { context, model }),
    }?;
    report(&on, &[outcome], env)
}
