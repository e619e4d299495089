//! Identifiers of accounts that are not addresses.

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_params::import::account_id::derive;

use crate::cli::Env;
use crate::error::{Error, Exit};

/// What is said after the help.
const NOTE: &str = "\
The first 20 bytes of the Keccak-256 of \"zkmargin-account-1\", the venue and the name, each with \
its length before it in one byte, and the subaccount in four. Everybody derives the same; an \
address (0x and 40 digits) of subaccount 0 is the account itself.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The account, as the venue names it: dydx1..., a public key, a number
    name: String,
    /// The venue, in a word of your own choice: it is part of the identifier
    #[arg(long, value_name = "NAME")]
    venue: String,
    /// The subaccount
    #[arg(short, long, value_name = "NUMBER", default_value_t = 0)]
    subaccount: u32,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let account = derive(&args.venue, &args.name, args.subaccount)
        .map_err(|error| Error::AccountName("the name or the venue".to_owned(), error))?;
    env.out.result(&Report { account }, |report| vec![report.account.to_string()])?;
    Ok(Exit::Done)
}
