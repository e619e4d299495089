//! `zkmargin watch`: a proof in every new epoch, as a service.
//!
//! It runs the commands that a person would (`market verify`, `epoch verify`,
//! `prove`, `verify`, `submit`), so what they refuse it refuses too.

mod fetch;
#[cfg_attr(not(feature = "chain"), path = "no_http.rs")]
mod http;
mod report;
mod round;
mod steps;

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use zkmargin_margin::claim::{Claim, Side};
use zkmargin_margin::ids::ContextId;
use zkmargin_prover::files::{Source, create_directory};
use zkmargin_prover::freshness::parse_period;

use self::fetch::{Fetcher, Place};
use self::report::{Line, Outcome};
use self::round::{Failure, Round, Seen, kind};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_context, parse_source};

pub(crate) use fetch::FetchError;

/// Longest wait before what failed is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What is said after the help.
const NOTE: &str = "\
In every new epoch: the epoch file, the market and the state are fetched; the epoch must be \
signed and of the deployment, the market of the model and of the epoch's root, the prices at \
most --max-age old, both before a proof is made and after. The proof goes to DIR as \
epoch-N.proof.json, and to the ledger or the contracts where they are named.

Fetched are epoch.json, market.json and state.json below the URL or in the folder; with --path, \
that file in place of the state, with {account} and {epoch} filled in.

Markets of a calibrated model are kept, and each is held to the steps from the one before: \
--previous names that of the first epoch, or --first says that there is none. After epochs that \
were missed, --previous is needed again.

What fails is tried again, after --every at first and then twice as long each time, up to ten \
minutes; --retries failures in a row end the command with the last one's exit code. An input \
that is wrong in itself ends it at once. A claim that is false is told and not tried again in \
its epoch. With --json, one JSON document a line for every epoch and every failure.

Exit codes: 0 when every epoch was proved; 1 when a claim was false, or an epoch or proof was \
refused; 2 for input that is wrong or cannot be fetched.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The portfolio; it is read again in every epoch
    portfolio: PathBuf,
    /// Where epochs are published: a folder, or http(s)://...
    #[arg(long, value_name = "URL|DIR")]
    from: Place,
    /// The file of the account's membership path below it, in place of state.json:
    /// paths/{account}.json
    #[arg(long, value_name = "NAME")]
    path: Option<String>,
    /// Who must have signed an epoch: from the deployment, not from the venue
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    signers: Source,
    /// Margin model that markets must be of: the name of a shipped one, or a file
    #[arg(long, value_name = "NAME|FILE")]
    model: String,
    /// Of a calibrated model: the market of the epoch before the first one that is
    /// watched; the one before is then the one that was watched
    #[arg(long, value_name = "FILE", conflicts_with = "first")]
    previous: Option<PathBuf>,
    /// Of a calibrated model: the first epoch that is watched is the first of its rule,
    /// held to no steps
    #[arg(long)]
    first: bool,
    /// The deployment: 0x and 62 digits, or PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: ContextId,
    /// Largest age of the prices: 15m, 900s
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    max_age: u64,
    /// What to claim: at-least:LEVEL, with LEVEL one of margin-call, maintenance,
    /// initial
    #[arg(short, long, default_value = "at-least:maintenance", value_parser = parse_claim)]
    claim: Claim,
    /// Identity file that opens the portfolio; ZKMARGIN_IDENTITY and
    /// ZKMARGIN_PASSPHRASE work too
    #[arg(short, long, value_name = "FILE")]
    identity: Vec<PathBuf>,
    #[command(flatten)]
    srs: SrsArgs,
    /// Submit every proof to a ledger
    #[arg(short, long, value_name = "FILE", conflicts_with = "evm")]
    ledger: Option<PathBuf>,
    /// Submit every proof to contracts: those of ZKMARGIN_DEPLOYMENT, by way of
    /// ZKMARGIN_RPC_URL, with ZKMARGIN_EVM_KEY
    #[arg(long)]
    evm: bool,
    /// Where proofs and what was fetched go
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// How often to look for a new epoch
    #[arg(long, value_name = "PERIOD", value_parser = parse_period, default_value = "30s")]
    every: u64,
    /// Failures in a row that end the command
    #[arg(long, value_name = "NUMBER", default_value = "10", value_parser = clap::value_parser!(u32).range(1..))]
    retries: u32,
    /// End after so many epochs
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    epochs: Option<u32>,
}

fn parse_claim(text: &str) -> Result<Claim, &'static str> {
    const ALLOWED: &str = "allowed is at-least:LEVEL, of margin-call, maintenance, initial, with ,multiplier:M and ,leverage:L behind it";
    let claim: Claim = text.parse().map_err(|_| ALLOWED)?;
    (claim.side() == Side::AtLeast).then_some(claim).ok_or(ALLOWED)
}

/// Runs a command line inside this process.
pub(crate) type RunLine = fn(&[String], Env) -> Result<Exit, Error>;

pub(crate) fn run(args: &Args, env: Env, run_line: RunLine) -> Result<Exit, Error> {
    if args.every == 0 {
        return Err(Error::Usage("--every: allowed are periods from 1s"));
    }
    create_directory(&args.output)?;
    let mut watch = Watch {
        round: Round { args, fetcher: Fetcher::new(&args.from)?, env, run_line },
        seen: Seen::default(),
        failures: 0,
        worst: Exit::Done,
        done: 0,
    };
    loop {
        if let Some(ended) = watch.once()? {
            return Ok(ended);
        }
        sleep(watch.pause());
    }
}

/// What was so far.
struct Watch<'a> {
    round: Round<'a>,
    seen: Seen,
    /// In a row.
    failures: u32,
    worst: Exit,
    /// Epochs that were dealt with.
    done: u32,
}

impl Watch<'_> {
    /// Looks once; how the command ends, if it does.
    fn once(&mut self) -> Result<Option<Exit>, Error> {
        let (out, attempt) = (self.round.env.out, self.failures + 1);
        match self.round.next(&mut self.seen) {
            Ok(None) => return Ok(None),
            Ok(Some(proved)) => {
                self.failures = 0;
                out.result(&Line::proved(attempt, proved), Line::lines)?;
            }
            Err(error) => {
                let epoch = self.seen.current();
                match kind(&error) {
                    Failure::Fatal => return Err(error),
                    Failure::False => {
                        self.failures = 0;
                        self.worst = Exit::False;
                        self.seen.close();
                        let line = Line::failed(Outcome::False, epoch, attempt, &error);
                        out.result(&line, Line::lines)?;
                    }
                    Failure::Again => {
                        self.failures += 1;
                        let line = Line::failed(Outcome::Failed, epoch, attempt, &error);
                        out.result(&line, Line::lines)?;
                        return match self.failures >= self.round.args.retries {
                            true if out.is_json() => Ok(Some(error.exit())),
                            true => Err(error),
                            false => Ok(None),
                        };
                    }
                }
            }
        }
        self.done += 1;
        Ok(self.round.args.epochs.is_some_and(|most| self.done >= most).then_some(self.worst))
    }

    /// How long to wait: longer after every failure.
    fn pause(&self) -> Duration {
        let every = Duration::from_secs(self.round.args.every);
        let doubled = every.saturating_mul(1 << self.failures.saturating_sub(1).min(16));
        // A longer --every is a longer wait all the same.
        doubled.min(LONGEST_WAIT.max(every))
    }
}
