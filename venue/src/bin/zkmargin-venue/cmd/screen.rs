//! `zkmargin-venue screen`.

use std::io;
use std::path::PathBuf;

use clap::ValueEnum;
use zkmargin_margin::claim::Level;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::bulk::Outcome;
use zkmargin_prover::files::{Kind, Source, write_atomic};
use zkmargin_venue::screen::{Screened, screen};
use zkmargin_venue::with_market;

use crate::error::{Error, Exit};
use crate::input::{Env, IdentityArgs, load_market, parse_source, stored_market};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    identity: IdentityArgs,
    /// The market; that of the last epoch where none is given
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Option<Source>,
    /// Only accounts below this level: margin-call, maintenance, initial
    #[arg(short, long, value_name = "LEVEL", value_parser = parse_level)]
    below: Option<Level>,
    /// How the accounts are written
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Where they go, readable by the owner alone
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// How accounts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people
    Table,
    /// One JSON object a line
    Json,
    /// Comma-separated values with a header
    Csv,
}

fn parse_level(text: &str) -> Result<Level, &'static str> {
    (1..=3)
        .filter_map(Level::from_u8)
        .find(|level| level.to_string() == text)
        .ok_or("allowed are margin-call, maintenance, initial")
}

pub(crate) async fn run(args: &Args, env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    let keys = args.identity.keys()?;
    let market = match &args.market {
        Some(source) => load_market(source)?.1,
        None => stored_market(&store).await?.1,
    };
    let total = store.count_accounts().await?;
    let (mut found, mut refused) = (Vec::new(), 0);
    let mut progress = env.out.progress("screened", Some(total));
    let told = |account, outcome| {
        progress.step();
        match outcome {
            Outcome::Done(screened) => found.push(screened),
            Outcome::Failed(error) => {
                let error: zkmargin_venue::portfolio::PortfolioError = error;
                refused += 1;
                env.out.refused(account, error.told());
            }
            Outcome::NotTried => {}
        }
    };
    let done: Result<(), Error> = with_market!(store.settings().proof_system, market, B, market => {
        screen::<<B as Backend>::Field, _>(&store, &market, &keys, told).await.map_err(Error::from)
    });
    done?;
    progress.end();
    if let Some(level) = args.below {
        found.retain(|account| account.level < level);
    }
    let format = if env.out.json { Format::Json } else { args.format };
    let bytes = written(&found, format)?;
    match args.output.as_os_str() == "-" {
        true => env.out.bytes(&bytes)?,
        false => {
            let kind = if args.force { Kind::PrivateReplace } else { Kind::Private };
            write_atomic(&args.output, &bytes, kind)?;
        }
    }
    env.out.note(format!(
        "{} of {total} accounts listed, {refused} could not be assessed",
        found.len()
    ));
    match refused {
        0 => Ok(Exit::Done),
        refused => Err(Error::Some { refused, total, what: "accounts" }),
    }
}

fn written(accounts: &[Screened], format: Format) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    match format {
        Format::Json => {
            for account in accounts {
                serde_json::to_writer(&mut bytes, account).map_err(|_| Error::Output)?;
                bytes.push(b'\n');
            }
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(&mut bytes);
            for account in accounts {
                writer.serialize(account).map_err(|_| Error::Output)?;
            }
            writer.flush().map_err(|_| Error::Output)?;
        }
        Format::Table => table(accounts, &mut bytes).map_err(|_| Error::Output)?,
    }
    Ok(bytes)
}

fn table(accounts: &[Screened], bytes: &mut Vec<u8>) -> io::Result<()> {
    use io::Write as _;
    let head = ["account", "level", "to maintenance", "to initial"];
    writeln!(bytes, "{:<42}  {:<12} {:>20} {:>20}", head[0], head[1], head[2], head[3])?;
    for a in accounts {
        let level = a.level.to_string();
        writeln!(
            bytes,
            "{}  {level:<12} {:>20} {:>20}",
            a.account, a.shortfall_to_maintenance, a.shortfall_to_initial
        )?;
    }
    Ok(())
}
