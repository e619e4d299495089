//! `zkmargin encrypt`.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::crypt;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::{PortfolioDocument, SCHEMA};

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{RecipientArgs, parse_source, refuse_existing, write_public};

/// The form of a document.
const FORM: &str = r#"The portfolio document; numbers are decimals in quotes, negative is short:
  {
    "version": 1,
    "account": "0x<40 digits>",
    "balance": "1086.50",
    "positions": [{ "instrument": "BTC", "quantity": "-0.00785", "entry_price": "26961.2" }],
    "isolated": [{ "balance": "10", "positions": [...] }]
  }
`balance` is what was paid in and is realised, as the venue's wallet shows it. Beside it a
perpetual or future says its `entry_price`, or, in a market of options, its `unrealised`
profit; coins, options and collateral say neither. In place of `balance`, `cash` is what
equity has beside the positions: equity = cash + quantity * price of all positions; in a
market of options equity = cash + options and collateral at their marks.
`leverage` of a perpetual or future, where the account chose one below the largest:
"leverage": "10"; initial margin is then at least notional / leverage, and the market must
list it. `reserved`, where open orders have margin reserved, counts against initial margin
alone.
`zkmargin encrypt --schema` prints the JSON Schema."#;

#[derive(Debug, clap::Args)]
#[command(
    after_help = FORM,
    override_usage = "zkmargin encrypt [OPTIONS] --output <FILE> <PORTFOLIO>\n       zkmargin encrypt --schema"
)]
pub(crate) struct Args {
    /// The portfolio document, in plain JSON; a blinding is drawn when it has
    /// none
    #[arg(value_parser = parse_source, required_unless_present = "schema")]
    portfolio: Option<Source>,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Write text instead of bytes
    #[arg(short, long)]
    armor: bool,
    /// Where the encrypted portfolio goes
    #[arg(short, long, value_name = "FILE", required_unless_present = "schema")]
    output: Option<PathBuf>,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
    /// Print the JSON Schema of a portfolio document, and do nothing else
    #[arg(long, exclusive = true)]
    schema: bool,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    output: PathBuf,
    recipients: usize,
    blinding: &'static str,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let (Some(portfolio), Some(output)) = (&args.portfolio, &args.output) else {
        env.out.bytes(SCHEMA.as_bytes())?;
        return Ok(Exit::Done);
    };
    refuse_existing(output, args.force)?;
    let plain = portfolio.read_secret()?;
    if crypt::is_age(&plain) {
        return Err(Error::AlreadyEncrypted(portfolio.to_string()));
    }
    let mut document =
        PortfolioDocument::parse(&plain).map_err(|e| Error::portfolio(portfolio, e))?;
    // Once the plain text is removed, it is too late to learn that no market takes it.
    document.check().map_err(|e| Error::portfolio(portfolio, e))?;
    if !document.fits_every_family().map_err(|e| Error::portfolio(portfolio, e))? {
        env.out.note(
            "more than 64 positions: portfolio margin holds them in its shape huge, over one \
             underlying; no circuit of two underlyings or of a simulation does",
        );
    }
    let drawn = document.ensure_blinding()?;
    let recipients = args.recipients.recipients()?;
    let file = crypt::encrypt(&document.to_json(), &recipients, args.armor)
        .map_err(|e| Error::crypt(portfolio, e))?;
    let report = Report {
        account: document.account,
        output: output.clone(),
        recipients: recipients.count(),
        blinding: if drawn { "drawn" } else { "kept" },
    };
    if write_public(output, &file, args.force, env)? {
        return Ok(Exit::Done);
    }
    env.out.note(format!("blinding {}: the commitment depends on it", report.blinding));
    if let Source::Path(path) = portfolio {
        env.out.note(format!(
            "the plain text is still in {}: remove it; `zkmargin edit` changes the encrypted one",
            path.display()
        ));
    }
    env.out
        .result(&report, |r| vec![format!("encrypted {} to {}", r.account, r.output.display())])?;
    Ok(Exit::Done)
}
