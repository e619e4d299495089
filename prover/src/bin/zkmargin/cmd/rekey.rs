//! `zkmargin rekey`.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::crypt::{self, CryptError};
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::PortfolioDocument;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, RecipientArgs, parse_source, refuse_existing, write_public};

/// What is said after the help.
const NOTE: &str = "\
The portfolio and its blinding stay the same, so its commitment does. Whoever could open the \
old file still can open every copy of it: what a former recipient must not learn belongs \
in a portfolio with a new blinding, which the venue then commits to.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The encrypted portfolio; it is replaced unless --output is given
    #[arg(value_parser = parse_source)]
    portfolio: Source,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Where the portfolio goes, in place of the file that it came from
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing output file
    #[arg(long, requires = "output")]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    output: PathBuf,
    recipients_before: usize,
    recipients: usize,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let (output, force) = destination(&args.portfolio, args.output.as_ref(), args.force)?;
    refuse_existing(&output, force)?;
    if !args.recipients.given() {
        return Err(Error::NoRecipients);
    }
    let file = args.portfolio.read_secret()?;
    if !crypt::is_age(&file) {
        return Err(Error::crypt(&args.portfolio, CryptError::NotAge));
    }
    let failed = |error| Error::crypt(&args.portfolio, error);
    let header = crypt::header(&file).map_err(failed)?;
    let plain = args.keys.open(&args.portfolio, &file)?;
    let document =
        PortfolioDocument::parse(&plain).map_err(|e| Error::portfolio(&args.portfolio, e))?;
    let recipients = args.recipients.recipients()?;
    let sealed = crypt::encrypt(&plain, &recipients, header.armored).map_err(failed)?;
    let report = Report {
        account: document.account,
        output: output.clone(),
        recipients_before: header.recipients.len(),
        recipients: recipients.count(),
    };
    if write_public(&output, &sealed, force, env)? {
        return Ok(Exit::Done);
    }
    env.out.note("copies of the old file open as before");
    env.out.result(&report, |r| {
        vec![format!(
            "encrypted {} to {}; recipients: {} before, {} now",
            r.account,
            r.output.display(),
            r.recipients_before,
            r.recipients
        )]
    })?;
    Ok(Exit::Done)
}

/// Where a changed portfolio goes, and whether what is there is replaced: the file
/// that it came from, unless another is named.
pub(crate) fn destination(
    portfolio: &Source,
    output: Option<&PathBuf>,
    force: bool,
) -> Result<(PathBuf, bool), Error> {
    match (output, portfolio) {
        (Some(output), _) => Ok((output.clone(), force)),
        (None, Source::Path(path)) => Ok((path.clone(), true)),
        (None, Source::Stdin) => {
            Err(Error::Usage("a portfolio from standard input needs --output FILE"))
        }
    }
}
