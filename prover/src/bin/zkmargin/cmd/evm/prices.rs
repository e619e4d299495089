//! Posted prices against a feed, on chain.

use alloy_sol_types::SolEvent as _;
use alloy_sol_types::private::{Address, B256, FixedBytes, U256, Uint};
use alloy_sol_types::{SolConstructor as _, sol};
use clap::Subcommand;
use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_evm::contracts::MarginPriceCheck as check;
use zkmargin_evm::price::market_row;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_params::market::{AnyMarketFile, Listing, Market};
use zkmargin_prover::files::Source;
use zkmargin_prover::freshness::parse_period;

use super::actions::{self, report};
use super::chain::{Outcome, Planned};
use super::deployment::{Registry, SenderArgs};
use super::error::{EvmError, Rejection};
use super::rows;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{PublishedMarket, parse_source};

/// What is said after the help.
const NOTE: &str = "\
`check` shows the contract that the market on record contains a price, and has it compared \
with what a feed (Chainlink's AggregatorV3Interface) said when the snapshot was taken. An \
epoch whose price is off is rejected for good, and who showed it is paid from the stake. The \
contract needs the guardian's role: `zkmargin evm roles grant`.

`rows` names every row of a model whose rates are its own: they are the same in every epoch but \
for prices. Then `challenge` shows that an epoch's root contains a row that is none of them, with \
the same end. The row is JSON: \"elements\" (four numbers as 0x and hexadecimal digits), \"path\" \
(the four children of each of seven nodes, the lowest first), \"denominator\".

Of a rule that states numbers `rows` names the rules of its instruments too, and a row that \
follows from numbers is shown with \"numbers\" (the words beside it, as 0x and hexadecimal \
digits) and --model, or with --before and --before-epoch for the numbers that it steps from.

Of a scenario set that states marks `rows` names the scenarios, to a contract of `deploy --rows`, \
and `challenge` has one value of a row computed again from the marks beside it: the file has \
eighteen elements, and \"terms\" (of the market's header) and \"marks\" too, as 0x and \
hexadecimal digits. A row is wrong that is off by more than a quote unit and 2^-40 of what it is \
made of.";

/// Rows that are named in one transaction.
const ROWS: usize = 128;

/// Rounds that are looked through for the one at the snapshot's time.
const ROUNDS: u32 = 500;

sol! {
    interface Feed {
        function decimals() external view returns (uint8);
        function getRoundData(uint80 round) external view returns
            (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn);
        function latestRoundData() external view returns
            (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn);
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Deploy the contract that compares prices
    Deploy(Deploy),
    /// Name the feed that an instrument's price is compared with, as the governor
    Refer(Refer),
    /// Add to the stake that pays who finds a price that is off
    Stake(Stake),
    /// Say what a rejected epoch pays, as the governor
    Reward(Stake),
    /// Have a posted price compared
    Check(Check),
    /// Name all rows of a model, as the governor
    Rows(Rows),
    /// Have a row of an epoch compared with those of its model
    Challenge(Challenge),
    /// Have what the sender is owed paid out
    Collect(Collect),
}

/// A contract that compares prices.
#[derive(Debug, clap::Args)]
struct Contract {
    /// The contract, as `evm prices deploy` tells it
    #[arg(long, value_name = "0x...", env = "ZKMARGIN_PRICES")]
    prices: Address,
    #[command(flatten)]
    sender: SenderArgs,
}

#[derive(Debug, clap::Args)]
struct Deploy {
    #[command(flatten)]
    sender: SenderArgs,
    /// Deploy the contract that computes rows of scenario markets again, in place of the one
    /// that compares prices
    #[arg(long, conflicts_with_all = ["sequencer", "grace"])]
    rows: bool,
    /// Uptime feed of the chain's sequencer, where it has one
    #[arg(long, value_name = "0x...")]
    sequencer: Option<Address>,
    /// How long the sequencer must be up again before a price is compared: 1h
    #[arg(long, value_name = "PERIOD", value_parser = parse_period, default_value = "1h")]
    grace: u64,
    /// How long before the stake is withdrawn that is announced: 2days
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    notice: u64,
}

/// An instrument of a market.
#[derive(Debug, clap::Args)]
struct Instrument {
    #[command(flatten)]
    contract: Contract,
    /// The market of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    /// The instrument's symbol
    symbol: String,
}

#[derive(Debug, clap::Args)]
struct Refer {
    #[command(flatten)]
    instrument: Instrument,
    /// The feed
    #[arg(long, value_name = "0x...")]
    feed: Address,
    /// How far a price may be off, in ten-thousandths of the feed's
    #[arg(long, value_name = "BPS", value_parser = clap::value_parser!(u16).range(1..10_000))]
    deviation: u16,
    /// How old the feed's answer may be when the snapshot was taken: 1h
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    max_age: u64,
}

#[derive(Debug, clap::Args)]
struct Stake {
    #[command(flatten)]
    contract: Contract,
    /// How much
    #[arg(long, value_name = "WEI")]
    wei: u128,
}

#[derive(Debug, clap::Args)]
struct Check {
    #[command(flatten)]
    instrument: Instrument,
    /// The feed's last round before the snapshot was taken; looked for unless given
    #[arg(long, value_name = "NUMBER")]
    round: Option<u128>,
}

#[derive(Debug, clap::Args)]
struct Rows {
    #[command(flatten)]
    contract: Contract,
    /// A standard model whose rates are its own or that states numbers, or a scenario set
    /// that states marks: a shipped name, or a file
    #[arg(value_name = "NAME|FILE")]
    model: String,
}

#[derive(Debug, clap::Args)]
struct Challenge {
    #[command(flatten)]
    contract: Contract,
    /// The epoch
    #[arg(short, long, value_name = "NUMBER")]
    epoch: u64,
    /// The row with its path
    #[arg(value_name = "FILE", value_parser = parse_source)]
    row: Source,
    /// Of a scenario market or a row with numbers: its set or rule, by its shipped name or
    /// from a file
    #[arg(short, long, value_name = "NAME|FILE")]
    model: Option<String>,
    /// Of a scenario market: which value is computed again, from 0; 42 is an option's mark
    #[arg(long, value_name = "NUMBER", requires = "model")]
    value: Option<usize>,
    /// Of a row with numbers: a row with numbers of an epoch before
    #[arg(long, value_name = "FILE", value_parser = parse_source, requires = "before_epoch")]
    before: Option<Source>,
    /// The epoch before
    #[arg(long, value_name = "NUMBER", requires = "before")]
    before_epoch: Option<u64>,
}

#[derive(Debug, clap::Args)]
struct Collect {
    #[command(flatten)]
    contract: Contract,
    /// Where to; the sender unless given
    #[arg(long, value_name = "0x...")]
    to: Option<Address>,
}

/// What came of a comparison.
#[derive(Serialize)]
#[serde(untagged)]
enum Compared {
    Mined { transaction: B256, gas_used: u64, symbol: String, epoch: u64, agrees: bool },
    Planned(Planned),
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    match &args.command {
        Command::Deploy(args) => deploy(args, env),
        Command::Refer(args) => refer(args, env),
        Command::Stake(Stake { contract, wei }) => {
            let on = contract.open()?;
            let call = check::depositCall { context: on.context() };
            report(&on, &[on.chain.pay(contract.prices, &call, U256::from(*wei))?], env)
        }
        Command::Reward(Stake { contract, wei }) => {
            const TOO_MUCH: &str = "--wei is more than the contract counts";
            let on = contract.open()?;
            let reward = Uint::try_from(*wei).map_err(|_| Error::Usage(TOO_MUCH))?;
            let call = check::setRewardCall { context: on.context(), reward };
            report(&on, &[on.chain.send(contract.prices, &call)?], env)
        }
        Command::Check(args) => compare(args, env),
        Command::Rows(args) => name_rows(args, env),
        Command::Challenge(args) => challenge(args, env),
        Command::Collect(Collect { contract, to }) => {
            let on = contract.open()?;
            let to = to.or(on.sender).ok_or(EvmError::NoTerms)?;
            report(&on, &[on.chain.send(contract.prices, &check::collectCall { to })?], env)
        }
    }
}

impl Contract {
    /// The registry, if the contract is on its markets.
    fn open(&self) -> Result<Registry, Error> {
        let on = self.sender.open()?;
        let markets = on.chain.read(self.prices, &check::MARKETSCall {})?;
        if markets == on.at.markets { Ok(on) } else { Err(EvmError::NotOurs(self.prices).into()) }
    }
}

impl Instrument {
    /// The market, of the standard family and of proofs that contracts verify.
    fn market(&self, env: Env) -> Result<Market<Bn254Fr>, Error> {
        const FAMILY: &str = "only standard markets hold prices: a scenario market holds values";
        let published = PublishedMarket::load(&self.market)?;
        let AnyMarketFile::Standard(file) = published.file() else {
            return Err(Error::Usage(FAMILY));
        };
        published.proof_system(env)?;
        published.open(file)
    }

    fn listing<'m>(&self, market: &'m Market<Bn254Fr>) -> Result<&'m Listing, Error> {
        const UNLISTED: &str = "the market does not list the symbol: see `zkmargin market show`";
        market.listing(&self.symbol).ok_or(Error::Usage(UNLISTED))
    }
}

/// The last transaction says that all are named.
fn name_rows(args: &Rows, env: Env) -> Result<Exit, Error> {
    let (model, terms) = rows::terms_of(&args.model)?;
    let on = args.contract.open()?;
    let (context, digest) = (on.context(), FixedBytes(*model.digest().as_bytes()));
    let mut outcomes = Vec::new();
    let parts = terms.len().div_ceil(ROWS);
    for (index, part) in terms.chunks(ROWS).enumerate() {
        let complete = index + 1 == parts;
        let call = check::setTermsCall { context, model: digest, terms: part.to_vec(), complete };
        outcomes.push(on.chain.send(args.contract.prices, &call)?);
    }
    report(&on, &outcomes, env)
}

fn challenge(args: &Challenge, env: Env) -> Result<Exit, Error> {
    let on = args.contract.open()?;
    let before = args.before_epoch.zip(args.before.as_ref());
    let with = rows::With { model: args.model.as_deref(), value: args.value, before };
    rows::show((&on, args.contract.prices), args.epoch, &args.row, with, env)
}

fn deploy(args: &Deploy, env: Env) -> Result<Exit, Error> {
    const TOO_LONG: &str = "--grace or --notice is longer than the contract counts";
    let on = args.sender.open()?;
    let period = |seconds: u64| u32::try_from(seconds).map_err(|_| Error::Usage(TOO_LONG));
    if args.rows {
        return rows::deploy(&on, period(args.notice)?, env);
    }
    let arguments = check::constructorCall {
        markets: on.at.markets,
        sequencer: args.sequencer.unwrap_or(Address::ZERO),
        grace: period(args.grace)?,
        notice: period(args.notice)?,
    };
    let code = [check::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    actions::deployed(&on, "prices", code, env)
}

fn refer(args: &Refer, env: Env) -> Result<Exit, Error> {
    const TOO_LONG: &str = "--max-age is longer than the contract counts";
    const SCALE: &str = "the instrument's lot and the feed's decimals give no scale in 64 bits";
    let (contract, market) = (&args.instrument.contract, args.instrument.market(env)?);
    let listing = args.instrument.listing(&market)?;
    let on = contract.open()?;
    let decimals = on.chain.read(args.feed, &Feed::decimalsCall {})?;
    let (numerator, denominator) =
        scale(listing.lot_size(), market.quote_decimals(), decimals).ok_or(Error::Usage(SCALE))?;
    let to = check::Reference {
        feed: args.feed,
        deviationBps: args.deviation,
        maxAge: u32::try_from(args.max_age).map_err(|_| Error::Usage(TOO_LONG))?,
        numerator,
        denominator,
    };
    // What is listed at a leverage has the price of its instrument, and a number of its own.
    let is_at_leverage = listing.leverage().is_some();
    let same = market.listings().filter(|other| match is_at_leverage {
        true => other.id() == listing.id(),
        false => other.instrument() == listing.instrument(),
    });
    let mut outcomes = Vec::new();
    for instrument in same.map(|other| other.id().get()) {
        let call = check::setReferenceCall { context: on.context(), instrument, to: to.clone() };
        outcomes.push(on.chain.send(contract.prices, &call)?);
    }
    report(&on, &outcomes, env)
}

/// An answer times the first and divided by the second is quote units per lot: a lot's
/// part of a coin, times 10 to the quote's decimals, over 10 to the feed's.
fn scale(lot: Decimal, quote_decimals: u32, feed_decimals: u8) -> Option<(u64, u64)> {
    let power = |exponent: u32| 10u128.checked_pow(exponent);
    let lot = lot.normalize();
    let mut numerator = u128::try_from(lot.mantissa()).ok()?.checked_mul(power(quote_decimals)?)?;
    let mut denominator = power(lot.scale())?.checked_mul(power(feed_decimals.into())?)?;
    while numerator != 0 && numerator.is_multiple_of(10) && denominator.is_multiple_of(10) {
        (numerator, denominator) = (numerator / 10, denominator / 10);
    }
    Some((u64::try_from(numerator).ok()?, u64::try_from(denominator).ok()?))
}

fn compare(args: &Check, env: Env) -> Result<Exit, Error> {
    let (contract, market) = (&args.instrument.contract, args.instrument.market(env)?);
    let listing = args.instrument.listing(&market)?;
    let on = contract.open()?;
    let (context, instrument) = (on.context(), listing.id().get());
    let index = listing.rows().start;
    let failed = |source| Error::Market { path: args.instrument.market.to_string(), source };
    let path = market.path(index).map_err(failed)?;
    let row = market.rows().get(index).and_then(|row| market_row(row, &path, market.denominator()));
    let row = row.ok_or(Error::Usage("the market has no such row"))?;
    let header = market.header();
    let feed = on.chain.read(contract.prices, &check::referenceOfCall { context, instrument })?;
    if feed.feed.is_zero() {
        return Err(EvmError::Rejected(Rejection::UnknownReference).into());
    }
    let round = match args.round {
        Some(round) => {
            Uint::try_from(round).map_err(|_| Error::Usage("--round is more than a feed counts"))?
        }
        None => round_at(&on, feed.feed, header.timestamp.get())?,
    };
    let call = check::checkCall { context, epoch: header.epoch.get(), row, round };
    let outcome = on.chain.send(contract.prices, &call)?;
    let compared = match outcome {
        Outcome::Planned(planned) => Compared::Planned(*planned),
        Outcome::Mined(receipt) => {
            let refused = check::PriceRefused::SIGNATURE_HASH;
            let ours = receipt.inner.logs().iter().filter(|log| log.address() == contract.prices);
            let agrees = !ours.into_iter().any(|log| log.topics().first() == Some(&refused));
            Compared::Mined {
                transaction: receipt.transaction_hash,
                gas_used: receipt.gas_used,
                symbol: args.instrument.symbol.clone(),
                epoch: header.epoch.get(),
                agrees,
            }
        }
    };
    env.out.result(&compared, Compared::lines)?;
    Ok(Exit::Done)
}

impl Compared {
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Planned(planned) => vec![planned.told()],
            Self::Mined { transaction, gas_used, symbol, epoch, agrees } => vec![
                match agrees {
                    true => format!("the price of {symbol} in epoch {epoch} agrees with its feed"),
                    false => format!("the price of {symbol} is off: epoch {epoch} is rejected"),
                },
                format!("  {gas_used} gas, transaction {transaction}"),
            ],
        }
    }
}

/// The feed's last round before a time, going back from its latest.
fn round_at(on: &Registry, feed: Address, time: u64) -> Result<Uint<80, 2>, Error> {
    const NONE: &str =
        "the feed has no round of that time among its latest 500: name it with --round";
    let latest = on.chain.read(feed, &Feed::latestRoundDataCall {})?.roundId;
    let one = Uint::from(1);
    let mut round = latest;
    for _ in 0..ROUNDS {
        let data = on.chain.read(feed, &Feed::getRoundDataCall { round })?;
        if data.updatedAt.is_zero() || round < one {
            break;
        }
        if data.updatedAt <= U256::from(time) {
            return Ok(round);
        }
        round -= one;
    }
    Err(Error::Usage(NONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 26,961.20 as a feed of eight decimals says it, for lots of a thousandth of a coin
    /// in quote units of six decimals: 26,961,200 a lot.
    #[test]
    fn answers_become_quote_units_of_a_lot() {
        let lot = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(scale(lot("0.001"), 6, 8), Some((1, 100_000)));
        assert_eq!(2_696_120_000_000u64 / 100_000, 26_961_200);
        assert_eq!(scale(lot("25"), 8, 8), Some((25, 1)));
        assert_eq!(scale(lot("0.0000000000000000001"), 0, 18), None);
    }
}
