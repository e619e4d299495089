//! Who may do what: granted, revoked, handed over.

use std::fmt;

use alloy_sol_types::SolValue as _;
use alloy_sol_types::private::{Address, B256, FixedBytes, keccak256};
use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use zkmargin_evm::contracts::MarginRoles as roles;
use zkmargin_prover::human;

use super::actions::report;
use super::deployment::{DeploymentArgs, Registry, SenderArgs};
use super::error::EvmError;
use crate::env::Env;
use crate::error::{Error, Exit};

/// A role of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    /// Circuits, models, signers, and all that a guardian may
    Governor,
    /// Pauses, freezes circuits, rejects and confirms epochs, revokes models
    Guardian,
    /// Subscribes to accounts
    Protocol,
    /// Answers accounts that demand their paths
    Venue,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Governor => "governor",
            Self::Guardian => "guardian",
            Self::Protocol => "protocol",
            Self::Venue => "venue",
        })
    }
}

impl Role {
    const ALL: [Self; 4] = [Self::Governor, Self::Guardian, Self::Protocol, Self::Venue];

    /// Its name among all markets' roles.
    pub(super) fn name(self) -> B256 {
        keccak256(match self {
            Self::Governor => "GOVERNOR_ROLE",
            Self::Guardian => "GUARDIAN_ROLE",
            Self::Protocol => "PROTOCOL_ROLE",
            Self::Venue => "VENUE_ROLE",
        })
    }

    /// The role of one market: `marketRole` of the contract.
    pub(super) fn of(self, context: FixedBytes<31>) -> B256 {
        keccak256((context, self.name()).abi_encode())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say who administers the roles, and whether an account has one
    Show(Show),
    /// Give an account a role of the market
    Grant(Change),
    /// Take a role of the market from an account
    Revoke(Change),
    /// Begin to hand the administrator's role over: it has to be accepted
    HandOver(HandOver),
    /// Accept the administrator's role, when its delay is over
    Accept(Accept),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: Option<Address>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Change {
    #[command(flatten)]
    sender: SenderArgs,
    /// The role
    #[arg(short, long)]
    role: Role,
    /// Who has it
    #[arg(short, long, value_name = "0x...")]
    account: Address,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HandOver {
    #[command(flatten)]
    sender: SenderArgs,
    /// Who administers the roles then
    #[arg(long, value_name = "0x...")]
    to: Address,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Accept {
    #[command(flatten)]
    sender: SenderArgs,
}

#[derive(Serialize)]
struct Report {
    admin: Address,
    /// To whom the administrator's role is being handed over, and from when on it
    /// can be accepted.
    handed_over_to: Option<Address>,
    acceptable_from: Option<u64>,
    account: Option<Address>,
    roles: Vec<Role>,
}

pub(super) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Show(args) => show(args, env),
        Command::Grant(args) => change(args, true, env),
        Command::Revoke(args) => change(args, false, env),
        Command::HandOver(args) => {
            let on = args.sender.open()?;
            let call = roles::beginDefaultAdminTransferCall { newAdmin: args.to };
            report(&on, &[on.chain.send(on.at.roles, &call)?], env)
        }
        Command::Accept(args) => {
            let on = args.sender.open()?;
            let call = roles::acceptDefaultAdminTransferCall {};
            report(&on, &[on.chain.send(on.at.roles, &call)?], env)
        }
    }
}

fn change(args: &Change, grant: bool, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let (role, account) = (args.role.of(on.context()), args.account);
    let outcome = match grant {
        true => on.chain.send(on.at.roles, &roles::grantRoleCall { role, account }),
        false => on.chain.send(on.at.roles, &roles::revokeRoleCall { role, account }),
    }?;
    report(&on, &[outcome], env)
}

fn show(args: &Show, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    let pending = on.chain.read(on.at.roles, &roles::pendingDefaultAdminCall {})?;
    let from: u64 = pending.schedule.to();
    let handed_over = from != 0;
    let report = Report {
        admin: on.chain.read(on.at.roles, &roles::defaultAdminCall {})?,
        handed_over_to: handed_over.then_some(pending.newAdmin),
        acceptable_from: handed_over.then_some(from),
        account: args.account,
        roles: match args.account {
            Some(account) => held(&on, account)?,
            None => Vec::new(),
        },
    };
    env.out.result(&report, Report::lines)?;
    Ok(Exit::Done)
}

/// The roles of the market that an account has.
fn held(on: &Registry, account: Address) -> Result<Vec<Role>, EvmError> {
    let mut held = Vec::new();
    for role in Role::ALL {
        let call = roles::hasRoleCall { role: role.of(on.context()), account };
        if on.chain.read(on.at.roles, &call)? {
            held.push(role);
        }
    }
    Ok(held)
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("administrator   {}", self.admin)];
        if let (Some(to), Some(from)) = (self.handed_over_to, self.acceptable_from) {
            let from = human::time(from);
            lines.push(format!("handed over to  {to}, who can accept it from {from} on"));
        }
        if let Some(account) = self.account {
            let names: Vec<_> = self.roles.iter().map(ToString::to_string).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            lines.push(format!("roles of {account}: {names}"));
        }
        lines
    }
}
