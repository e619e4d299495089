//! An owner's approval of an operator as a signature, which anyone sends.

use alloy_sol_types::private::{Address, B256, Bytes, U256};
use alloy_sol_types::{Eip712Domain, SolStruct as _, sol};
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use zkmargin_evm::contracts::MarginOperators as operators;
use zkmargin_prover::files::Source;
use zkmargin_prover::json;

use super::actions::report;
use super::circuits::time;
use super::deployment::{DeploymentArgs, SenderArgs};
use super::error::EvmError;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::evm_key::EvmKeyArgs;
use crate::input::parse_source;

sol! {
    struct Operator {
        address owner;
        address operator;
        uint48 until;
        uint256 nonce;
        uint48 deadline;
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign that somebody may act for the key's accounts until a time; the approval is
    /// printed, to be sent by anyone
    Sign(Sign),
    /// Send an approval that an owner signed
    Send(Send),
    /// Void the approval that the sender has signed and nobody sent yet
    Void(SenderArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    deployment: DeploymentArgs,
    #[command(flatten)]
    key: EvmKeyArgs,
    /// Who may act
    #[arg(long, value_name = "0x...")]
    operator: Address,
    /// Until when, in seconds since 1970; 0 ends it
    #[arg(long, value_name = "TIME")]
    until: u64,
    /// Until when it can be sent, in seconds since 1970
    #[arg(long, value_name = "TIME")]
    deadline: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    #[command(flatten)]
    sender: SenderArgs,
    /// The approval, as `zkmargin --json evm approval sign` prints it
    #[arg(value_parser = parse_source)]
    approval: Source,
}

/// A signed approval.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    owner: Address,
    operator: Address,
    until: u64,
    /// Of the owner's: each counts once, in their order.
    nonce: U256,
    deadline: u64,
    signature: Bytes,
}

pub(super) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Sign(args) => sign(args, env),
        Command::Send(args) => send(args, env),
        Command::Void(args) => {
            let on = args.open()?;
            report(&on, &[on.chain.send(on.at.operators, &operators::voidApprovalCall {})?], env)
        }
    }
}

fn sign(args: &Sign, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    let key = args.key.key()?;
    let owner = Address::from(*key.address()?.as_bytes());
    let nonce = on.chain.read(on.at.operators, &operators::noncesCall { owner })?;
    let (operator, until, deadline) = (args.operator, time(args.until)?, time(args.deadline)?);
    let typed = Operator { owner, operator, until, nonce, deadline };
    let hash = typed.eip712_signing_hash(&domain(on.deployment.chain, on.at.operators));
    let signature = key.sign(&hash.0)?;
    let approval = Approval {
        owner,
        operator,
        until: args.until,
        nonce,
        deadline: args.deadline,
        signature: signature.as_bytes().to_vec().into(),
    };
    env.out.result(&approval, |approval| {
        vec![
            format!("{} approves {}, approval {}", owner, operator, approval.nonce),
            format!("  signature {}", approval.signature),
        ]
    })?;
    Ok(Exit::Done)
}

/// What the contract signs under.
fn domain(chain: u64, contract: Address) -> Eip712Domain {
    Eip712Domain {
        name: Some("zk-margin operators".into()),
        version: Some("1".into()),
        chain_id: Some(U256::from(chain)),
        verifying_contract: Some(contract),
        salt: None::<B256>,
    }
}

fn send(args: &Send, env: Env) -> Result<Exit, Error> {
    let path = args.approval.to_string();
    let approval: Approval = json::parse(&args.approval.read()?)
        .map_err(|source| EvmError::Approval { path, source })?;
    let on = args.sender.open()?;
    let call = operators::approveOperatorCall {
        owner: approval.owner,
        operator: approval.operator,
        until: time(approval.until)?,
        deadline: time(approval.deadline)?,
        signature: approval.signature,
    };
    report(&on, &[on.chain.send(on.at.operators, &call)?], env)
}
