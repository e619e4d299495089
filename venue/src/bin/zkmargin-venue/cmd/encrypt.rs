//! `zkmargin-venue encrypt`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;
use zkmargin_prover::bulk::{self, Outcome, expand};
use zkmargin_prover::crypt::{CryptError, Recipients, encrypt, is_age};
use zkmargin_prover::files::{Kind, Source, create_directory, write_atomic};
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_venue::keys::recipients;
use zkmargin_venue::portfolio::PortfolioError;

use crate::error::{Error, Exit};
use crate::input::{Env, Inputs, parse_source};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// Encrypt to a public key; to the venue's where none is given
    #[arg(short, long, value_name = "age1...")]
    recipient: Vec<String>,
    /// Public keys of a file, or an identity file's own
    #[arg(short = 'R', long, value_name = "FILE", value_parser = parse_source)]
    recipients_file: Vec<Source>,
    /// Where the encrypted portfolios go, each under its name with .age; those that
    /// are there stay as they are
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Report {
    encrypted: u64,
    there: u64,
    refused: u64,
}

pub(crate) async fn run(args: &Args, env: &Env) -> Result<Exit, Error> {
    let sources = expand(&args.inputs.portfolio, &args.inputs.list)?;
    let names = match args.recipient.is_empty() && args.recipients_file.is_empty() {
        true => env.open().await?.recipients().await?,
        false => recipients(&args.recipient, &args.recipients_file)?
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    let mut targets = BTreeSet::new();
    if !sources.iter().all(|source| targets.insert(target(source, &args.output))) {
        return Err(Error::Usage("two portfolios have one name: encrypt them to two directories"));
    }
    // Each thread reads them: they cannot be shared.
    recipients(&names, &[])?;
    create_directory(&args.output)?;
    let outcomes = tokio::task::block_in_place(|| {
        bulk::for_each(
            &sources,
            args.inputs.keep_going,
            || recipients(&names, &[]).map(Recipients::Keys),
            |to, source| match to {
                Ok(to) => one(source, to, &args.output),
                Err(_) => Err(CryptError::NoRecipients.into()),
            },
        )
    });
    let mut report = Report { encrypted: 0, there: 0, refused: 0 };
    let total = outcomes.len() as u64;
    for (source, outcome) in sources.iter().zip(outcomes) {
        match outcome {
            Outcome::Done(true) => report.encrypted += 1,
            Outcome::Done(false) => report.there += 1,
            Outcome::Failed(error) if args.inputs.keep_going => {
                report.refused += 1;
                env.out.refused(source, error.told());
            }
            Outcome::Failed(error) => {
                return Err(Error::Portfolio { path: source.to_string(), source: error });
            }
            Outcome::NotTried => {}
        }
    }
    env.out.result(&report, |r| {
        vec![format!("{} encrypted, {} there already, {} refused", r.encrypted, r.there, r.refused)]
    })?;
    match report.refused {
        0 => Ok(Exit::Done),
        refused => Err(Error::Some { refused, total, what: "portfolios" }),
    }
}

/// Encrypts a portfolio unless that was done; whether it was not.
fn one(source: &Source, to: &Recipients, directory: &Path) -> Result<bool, PortfolioError> {
    let target = target(source, directory);
    if target.is_file() {
        return Ok(false);
    }
    let plain = source.read_secret()?;
    if is_age(&plain) {
        return Err(PortfolioError::Encrypted);
    }
    let mut document = PortfolioDocument::parse(&plain)?;
    document.check()?;
    document.fits_every_family()?;
    document.ensure_blinding()?;
    write_atomic(&target, &encrypt(&document.to_json(), to, false)?, Kind::New)?;
    Ok(true)
}

/// Where a portfolio goes: under its name, with another ending.
fn target(source: &Source, directory: &Path) -> PathBuf {
    let name = match source {
        Source::Stdin => Path::new("stdin"),
        Source::Path(path) => path.file_name().map_or(path.as_path(), Path::new),
    };
    directory.join(name).with_extension("age")
}
