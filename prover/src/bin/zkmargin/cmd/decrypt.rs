//! `zkmargin decrypt`.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::crypt::{self, CryptError};
use zkmargin_prover::files::{Kind, Source, refuse_target, write_atomic};
use zkmargin_prover::portfolio_file::PortfolioDocument;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, parse_source};

/// What is said after the help.
const NOTE: &str = "\
Writes the plain portfolio, with its blinding. To change one, `zkmargin edit` leaves no \
plain text behind; to give it other recipients, `zkmargin rekey` writes none.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The encrypted portfolio
    #[arg(value_parser = parse_source)]
    portfolio: Source,
    #[command(flatten)]
    keys: KeyArgs,
    /// Where the plain text goes: readable by you alone, never overwritten, or
    /// `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    output: PathBuf,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let to_stdout = args.output.as_os_str() == "-";
    if !to_stdout {
        refuse_target(&args.output, Kind::Secret)?;
    }
    let file = args.portfolio.read_secret()?;
    if !crypt::is_age(&file) {
        return Err(Error::crypt(&args.portfolio, CryptError::NotAge));
    }
    let plain = args.keys.open(&args.portfolio, &file)?;
    let document =
        PortfolioDocument::parse(&plain).map_err(|e| Error::portfolio(&args.portfolio, e))?;
    let text = document.to_text();
    if to_stdout {
        env.out.bytes(&text)?;
        return Ok(Exit::Done);
    }
    write_atomic(&args.output, &text, Kind::Secret)?;
    env.out.note("it is not encrypted, and has the blinding: remove it when it has served");
    let report = Report { account: document.account, output: args.output.clone() };
    env.out
        .result(&report, |r| vec![format!("decrypted {} to {}", r.account, r.output.display())])?;
    Ok(Exit::Done)
}
