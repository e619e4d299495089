//! `zkmargin encrypt`.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::crypt;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::PortfolioDocument;

use crate::cli::Env;
use crate::error::{Error, Exit};
use crate::input::{RecipientArgs, parse_source, write_public};

/// The form of a document.
const SCHEMA: &str = r#"The portfolio document; numbers are decimals in quotes, negative is short:
  {
    "version": 1,
    "account": "0x<40 digits>",
    "blinding": "0x<62 digits; drawn when absent>",
    "cash": "86.549602",
    "positions": [{ "instrument": "BTC", "quantity": "-0.00785" }],
    "isolated": [{ "cash": "10", "positions": [...] }]
  }"#;

#[derive(Debug, clap::Args)]
#[command(after_help = SCHEMA)]
pub(crate) struct Args {
    /// The portfolio document, in plain JSON; a blinding is drawn when it has
    /// none
    #[arg(value_parser = parse_source)]
    portfolio: Source,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Write text instead of bytes
    #[arg(short, long)]
    armor: bool,
    /// Where the encrypted portfolio goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    output: PathBuf,
    recipients: usize,
    blinding: &'static str,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let plain = args.portfolio.read_secret()?;
    if crypt::is_age(&plain) {
        return Err(Error::AlreadyEncrypted(args.portfolio.to_string()));
    }
    let mut document =
        PortfolioDocument::parse(&plain).map_err(|e| Error::portfolio(&args.portfolio, e))?;
    if !document.fits_every_family().map_err(|e| Error::portfolio(&args.portfolio, e))? {
        env.out.note("more than 64 positions: no circuit of portfolio margin holds them");
    }
    let drawn = document.ensure_blinding()?;
    let recipients = args.recipients.recipients()?;
    let file = crypt::encrypt(&document.to_json(), &recipients, args.armor)
        .map_err(|e| Error::crypt(&args.portfolio, e))?;
    let report = Report {
        account: document.account,
        output: args.output.clone(),
        recipients: recipients.count(),
        blinding: if drawn { "drawn" } else { "kept" },
    };
    if write_public(&args.output, &file, args.force, env)? {
        return Ok(Exit::Done);
    }
    env.out.note(format!("blinding {}: the commitment depends on it", report.blinding));
    if let Source::Path(path) = &args.portfolio {
        env.out.note(format!("the plain text is still in {}: remove it", path.display()));
    }
    env.out
        .result(&report, |r| vec![format!("encrypted {} to {}", r.account, r.output.display())])?;
    Ok(Exit::Done)
}
