//! `zkmargin account`.

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_params::account_name::AccountName;

use crate::env::Env;
use crate::error::{Error, Exit};

/// What is said after the help.
const NOTE: &str = "\
The account is the last 20 bytes of the Keccak-256 of \"zkmargin account\", 0x01, the \
owner's length in one byte, the owner's bytes and the subaccount's number in four. \
Registries on chain derive the same from an owner and a number.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The owner: an address 0x..., a bech32 address (dydx1...) or a base58 key
    #[arg(value_name = "OWNER")]
    owner: AccountName,
    /// Number of the subaccount
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    sub: u32,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    owner: String,
    form: &'static str,
    sub: u32,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let report = Report {
        account: args.owner.account(args.sub).map_err(Error::AccountName)?,
        owner: format!("0x{}", hex::encode(args.owner.owner())),
        form: args.owner.form().name(),
        sub: args.sub,
    };
    env.out.result(&report, |report| vec![report.account.to_string()])?;
    Ok(Exit::Done)
}
