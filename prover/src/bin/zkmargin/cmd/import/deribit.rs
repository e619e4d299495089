//! Accounts of Deribit.

use std::path::PathBuf;

use clap::ArgGroup;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_params::decimal::parse_decimal;
use zkmargin_params::import::AccountNote;
use zkmargin_params::import::deribit::{self, DeribitAccount};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::crypt;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::{PortfolioDocument, PositionEntry, SecretText};

use super::account::{AS_SENT, text};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{RecipientArgs, parse_source, refuse_existing, write_public};

/// Decimals of amounts in USD: fewer than every market of options has.
const QUOTE_DECIMALS: u32 = 6;

/// What is said after the help.
const NOTE: &str = "\
An account in segregated portfolio margin, one currency of it. Equity that is no option becomes \
coins, as the venue's profits are in coins. Futures and the perpetual are sized in USD by the \
venue: their quantity is in coins at this moment's mark, to the nearest lot, and changes with \
every price. Coins held are rounded down to a lot, against the account. `reserved` is the sum of \
open_orders_margin, in USD at the index. With --cross an account in cross portfolio margin: BTC and \
ETH, for a market of both; equity in other currencies is left out. What settles in USDC or \
USDT and standard margin are refused.";

#[derive(Debug, clap::Args)]
#[command(
    after_help = NOTE,
    group(ArgGroup::new("results").required(true).args(["output", "insecure_plaintext"]))
)]
pub(crate) struct Args {
    /// The answer of private/get_positions
    #[arg(value_parser = parse_source)]
    positions: Source,
    /// The answer of private/get_account_summary or get_account_summaries
    #[arg(value_parser = parse_source)]
    summary: Source,
    /// The account's identifier, for the portfolio
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
    /// The currency
    #[arg(long, value_name = "BTC|ETH", default_value = "BTC")]
    currency: Symbol,
    /// Read BTC and ETH of an account in cross portfolio margin (X:PM)
    #[arg(long, conflicts_with = "currency")]
    cross: bool,
    /// Coins in a lot of everything but options, as in the market
    #[arg(long, value_name = "SIZE", default_value = "0.0001", value_parser = parse_decimal)]
    other_lot: Decimal,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Where the encrypted portfolio goes
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the portfolio on standard output, not encrypted
    #[arg(long, conflicts_with_all = ["recipient", "recipients_file", "passphrase"])]
    insecure_plaintext: bool,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    output: PathBuf,
    recipients: usize,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    if let Some(output) = &args.output {
        refuse_existing(output, args.force)?;
    }
    let (positions, summary) = (text(&args.positions)?, text(&args.summary)?);
    let failed = |error| Error::account(&args.positions, error, AS_SENT);
    let parts = match args.cross {
        false => {
            vec![deribit::account(&positions, &summary, &args.currency).map_err(failed)?]
        }
        true => {
            let account = deribit::cross_account(&positions, &summary).map_err(failed)?;
            if account.has_others {
                env.out.note("equity in other currencies than BTC and ETH is left out");
            }
            account.parts.to_vec()
        }
    };
    let mut document = document(args, &parts)?;
    document.ensure_blinding()?;
    if parts.iter().any(|part| !part.reserved.is_zero()) {
        env.out.note(AccountNote::Reserved("open_orders_margin, at the index"));
    }
    env.out.note("futures and the perpetual are in coins at this moment's marks, in whole lots");
    match &args.output {
        None => {
            let mut json = document.to_json();
            json.push(b'\n');
            env.out.bytes(&json)?;
        }
        Some(output) => {
            let recipients = args.recipients.recipients()?;
            let file = crypt::encrypt(&document.to_json(), &recipients, false)
                .map_err(|error| Error::crypt(&args.positions, error))?;
            let (account, recipients) = (args.account, recipients.count());
            if !write_public(output, &file, args.force, env)? {
                let report = Report { account, output: output.clone(), recipients };
                env.out.result(&report, |report| {
                    vec![format!("encrypted {} to {}", report.account, report.output.display())]
                })?;
            }
        }
    }
    Ok(Exit::Done)
}

/// The portfolio of an account in its currencies, in whole lots.
fn document(args: &Args, parts: &[DeribitAccount]) -> Result<PortfolioDocument, Error> {
    let lot = args.other_lot;
    let whole = |quantity: Decimal, strategy| {
        let lots = quantity.checked_div(lot).map(|lots| lots.round_dp_with_strategy(0, strategy));
        lots.and_then(|lots| lots.checked_mul(lot))
            .ok_or(Error::Usage("--other-lot: a quantity is out of range for this lot"))
    };
    let entry = |symbol: &Symbol, quantity: Decimal| {
        PositionEntry::new(symbol.to_string(), quantity.normalize().to_string())
    };
    let mut positions = Vec::new();
    let mut reserved = Decimal::ZERO;
    for part in parts {
        // Down: also what is owed, which is then more.
        let coins = whole(part.coins, RoundingStrategy::ToNegativeInfinity)?;
        if !coins.is_zero() {
            positions.push(entry(&part.currency, coins));
        }
        for (symbol, quantity) in &part.positions {
            let is_option = symbol.as_str().ends_with("-C") || symbol.as_str().ends_with("-P");
            let quantity = match is_option {
                true => *quantity,
                false => whole(*quantity, RoundingStrategy::MidpointAwayFromZero)?,
            };
            positions.push(entry(symbol, quantity));
        }
        reserved = reserved
            .checked_add(part.reserved)
            .ok_or(Error::Usage("the margin of open orders is out of range"))?;
    }
    let mut document = PortfolioDocument::new(args.account, "0".to_owned(), positions);
    if !reserved.is_zero() {
        let up = RoundingStrategy::ToPositiveInfinity;
        let reserved = reserved.round_dp_with_strategy(QUOTE_DECIMALS, up).normalize();
        document.reserved = Some(SecretText::new(reserved.to_string()));
    }
    Ok(document)
}
