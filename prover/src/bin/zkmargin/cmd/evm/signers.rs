//! Who attests a market's epochs, and how they are replaced: with notice.

use alloy_sol_types::private::Address;
use clap::Subcommand;
use serde::Serialize;
use zkmargin_evm::contracts::MarginMarkets as markets;
use zkmargin_evm::engine as convert;
use zkmargin_prover::files::Source;
use zkmargin_prover::human;

use super::actions::report;
use super::deployment::{DeploymentArgs, SenderArgs};
use crate::cmd::epoch::load_signers;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::parse_source;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show who attests epochs, and who was announced
    Show(Show),
    /// Announce who will, as the governor; in a deployment for tests, at once
    Announce(Announce),
    /// Have those announced attest from now on, when the notice is over
    Activate(SenderArgs),
    /// Withdraw those announced, as the governor or a guardian
    Cancel(SenderArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    deployment: DeploymentArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Announce {
    #[command(flatten)]
    sender: SenderArgs,
    /// They: {"threshold": 2, "signers": ["0x...", ...]}
    #[arg(value_parser = parse_source)]
    signers: Source,
}

#[derive(Serialize)]
struct Set {
    threshold: u8,
    signers: Vec<Address>,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    now: Set,
    announced: Option<Set>,
    /// From when on those can be activated.
    from: Option<u64>,
}

pub(super) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Show(args) => show(args, env),
        Command::Announce(args) => {
            let attesters = convert::signers(&load_signers(&args.signers)?);
            let on = args.sender.open()?;
            let call = markets::setSignersCall { context: on.context(), attesters };
            report(&on, &[on.chain.send(on.at.markets, &call)?], env)
        }
        Command::Activate(args) => {
            let on = args.open()?;
            let call = markets::activateSignersCall { context: on.context() };
            report(&on, &[on.chain.send(on.at.markets, &call)?], env)
        }
        Command::Cancel(args) => {
            let on = args.open()?;
            let call = markets::cancelSignersCall { context: on.context() };
            report(&on, &[on.chain.send(on.at.markets, &call)?], env)
        }
    }
}

fn show(args: &Show, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    let context = on.context();
    let set = |set: markets::SignerSet| Set { threshold: set.threshold, signers: set.signers };
    let next = on.market(&markets::nextSignersOfCall { context })?;
    let from: u64 = next.from.to();
    let announced = from != 0;
    let report = Report {
        now: set(on.market(&markets::signersOfCall { context })?),
        announced: announced.then(|| set(next.attesters)),
        from: announced.then_some(from),
    };
    env.out.result(&report, Report::lines)?;
    Ok(Exit::Done)
}

impl Set {
    fn told(&self) -> String {
        let signers: Vec<_> = self.signers.iter().map(ToString::to_string).collect();
        format!("{} of {}", self.threshold, signers.join(", "))
    }
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("signers    {}", self.now.told())];
        if let (Some(next), Some(from)) = (&self.announced, self.from) {
            lines.push(format!("announced  {}, from {} on", next.told(), human::time(from)));
        }
        lines
    }
}
