//! What a keeper does: calls the overdue, and records deadlines that have passed.

use serde::Serialize;
use zkmargin_evm::contracts::MarginCallRegistry as registry;
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::AccountId;

use super::actions::Sent;
use super::chain::Outcome;
use super::deployment::{Registry, SenderArgs};
use super::error::EvmError;
use super::queries::Due;
use crate::env::Env;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    sender: SenderArgs,
}

/// What became of an account.
#[derive(Serialize)]
struct Line {
    account: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Sent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One round over all accounts. What others have done meanwhile is told and does
/// not stop it.
pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let due = Due::of(&on)?;
    let mut lines = Vec::new();
    for account in due.overdue {
        let call = registry::callOverdueCall::from((on.context(), convert::address(account)));
        lines.push(line(&on, account, on.send(&call))?);
    }
    for account in due.liquidatable {
        let call = registry::markLiquidatableCall::from((on.context(), convert::address(account)));
        lines.push(line(&on, account, on.send(&call))?);
    }
    env.out.result(&lines, |lines| match lines.is_empty() {
        true => vec!["nothing is due".to_owned()],
        false => lines.iter().flat_map(Line::told).collect(),
    })?;
    Ok(Exit::Done)
}

/// A refusal is told; anything else stops the round.
fn line(
    on: &Registry,
    account: AccountId,
    outcome: Result<Outcome, EvmError>,
) -> Result<Line, EvmError> {
    match outcome {
        Ok(outcome) => Ok(Line { account, sent: Some(Sent::of(on, &outcome)), error: None }),
        Err(error) if error.is_refusal() => {
            Ok(Line { account, sent: None, error: Some(error.to_string()) })
        }
        Err(error) => Err(error),
    }
}

impl Line {
    fn told(&self) -> Vec<String> {
        match (&self.sent, &self.error) {
            (Some(sent), _) => sent.lines(),
            (None, error) => {
                vec![format!("{}: {}", self.account, error.as_deref().unwrap_or_default())]
            }
        }
    }
}
