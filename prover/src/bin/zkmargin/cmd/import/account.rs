//! Accounts of every venue: secret, whatever the file they come in.

use zeroize::Zeroizing;
use zkmargin_params::import::{
    ImportError, VenueAccount, binance, bybit, derive, dydx, hyperliquid, okx,
};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::files::Source;

use super::write::{AskArgs, PortfolioArgs, check_outputs, write};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::parse_source;

/// What is said after the help.
const HYPERLIQUID: &str = "\
The portfolio is written encrypted, or printed with --insecure-plaintext; never both. \
Isolated positions become buckets of their own. A blinding is drawn. The snapshot holds the marks of the account's own positions, so it \
tells which instruments those are: build public markets from prices of the whole venue. The answer \
does not say what open orders have reserved: `zkmargin edit` adds `reserved`. Positions have the \
leverage chosen for their coin, which the market must list (`zkmargin market model`) where it is less \
than the largest.";

/// The same of other venues.
const BINANCE: &str = "\
An account in single-asset mode. The balance is the wallet of --quote, positions have their entry \
prices, isolated ones become buckets of their own, and `reserved` is openOrderInitialMargin. In hedge \
mode both legs of an instrument are charged: a short one beside a long one is called SYMBOL:SHORT, \
which a market lists with --both-sides on `import binance brackets` and `premium-index`. Positions of \
both answers must be the same: ask for both at once. Positions have their leverage, which version 3 \
says by positionInitialMargin; a market must list it (`zkmargin market model`) where it is less than the \
largest.";

/// The same.
const BYBIT: &str = "\
A unified account in cross margin with linear perpetuals and futures. The balance is the wallet of \
--quote, other coins that are collateral or owed become positions of their own, and `reserved` is \
totalOrderIM. The venue's margins have the fee of closing in them; `--check` shows by how much. In \
hedge mode a short leg beside a long one is called SYMBOL:SHORT. Positions have their leverage, which \
a market must list (`zkmargin market model`) where it is less than the largest.";

/// The same.
const OKX: &str = "\
An account in futures, multi-currency or portfolio margin mode with linear swaps and futures, which \
the venue counts in contracts: --instruments says what one is. The balance is the cash of --quote, \
other currencies become positions of their own, isolated positions buckets, and `reserved` is ordFroz \
(ordFrozen in futures mode). In long/short mode a short leg beside a long one is called SYMBOL:SHORT. \
Positions have their leverage (lever), which a market must list (`zkmargin market model`) where it is \
less than the largest; with --largest-leverage it is left out, as markets of portfolio margin need it.";

/// The same.
const DERIVE: &str = "\
A subaccount, for a market of options: in portfolio margin on one underlying, in standard margin on \
any. The balance is its USDC, other collateral becomes positions, perpetuals have the profit that is \
not settled, and `reserved` is open_orders_margin. --check derive-standard compares an account in \
standard margin (SM): balances over margin, the initial one less open_orders_margin, that of \
maintenance without mm_credits. Where options are held it needs --marks, which `zkmargin import derive \
markets` makes of the tickers of the same moment.";

/// The same.
const DYDX: &str = "\
A subaccount. `cash` is its USDC, net of what the positions cost, as the chain keeps it. --markets \
gives the oracle prices: equity must then be what the venue states. The chain reserves nothing for \
open orders. `zkmargin account` makes the identifier from a dydx1... address and a number.";

#[derive(Debug, clap::Args)]
#[command(after_help = HYPERLIQUID)]
pub(crate) struct Hyperliquid {
    /// The account's state
    #[arg(value_parser = parse_source)]
    file: Source,
    #[command(flatten)]
    leverage: LeverageArgs,
    #[command(flatten)]
    to: PortfolioArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = BINANCE)]
pub(crate) struct Binance {
    /// The answer of /fapi/v3/account or v2/account
    #[arg(value_parser = parse_source)]
    file: Source,
    /// The answer of /fapi/v3/positionRisk or v2/positionRisk
    #[arg(value_parser = parse_source)]
    positions: Source,
    /// The answer of /fapi/v1/openOrders: says when there are orders without margin
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    open_orders: Option<Source>,
    /// The asset whose wallet margins the positions
    #[arg(long, value_name = "SYMBOL", default_value = "USDT")]
    quote: Symbol,
    #[command(flatten)]
    ask: AskArgs,
    #[command(flatten)]
    leverage: LeverageArgs,
    #[command(flatten)]
    to: PortfolioArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = BYBIT)]
pub(crate) struct Bybit {
    /// The answer of /v5/account/wallet-balance
    #[arg(value_parser = parse_source)]
    file: Source,
    /// The answers of /v5/position/list, every page of the category linear
    #[arg(required = true, value_parser = parse_source)]
    positions: Vec<Source>,
    /// The coin that amounts are in
    #[arg(long, value_name = "SYMBOL", default_value = "USDT")]
    quote: Symbol,
    #[command(flatten)]
    ask: AskArgs,
    #[command(flatten)]
    leverage: LeverageArgs,
    #[command(flatten)]
    to: PortfolioArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = OKX)]
pub(crate) struct Okx {
    /// The answer of /api/v5/account/balance
    #[arg(value_parser = parse_source)]
    file: Source,
    /// The answer of /api/v5/account/positions
    #[arg(value_parser = parse_source)]
    positions: Source,
    /// The answers of /api/v5/public/instruments, for SWAP and FUTURES; may be repeated
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    instruments: Vec<Source>,
    /// The currency that amounts are in
    #[arg(long, value_name = "SYMBOL", default_value = "USDT")]
    quote: Symbol,
    #[command(flatten)]
    ask: AskArgs,
    #[command(flatten)]
    leverage: LeverageArgs,
    #[command(flatten)]
    to: PortfolioArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = DERIVE)]
pub(crate) struct Derive {
    /// The answer of private/get_subaccount
    #[arg(value_parser = parse_source)]
    file: Source,
    #[command(flatten)]
    ask: AskArgs,
    /// A snapshot of the settlement family: its marks in place of the account's own in --check
    #[arg(long, value_name = "FILE", requires = "check", value_parser = parse_source)]
    marks: Option<Source>,
    #[command(flatten)]
    to: PortfolioArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = DYDX)]
pub(crate) struct Dydx {
    /// The answer of /v4/addresses/{address}/subaccountNumber/{number}
    #[arg(value_parser = parse_source)]
    file: Source,
    /// The answer of /v4/perpetualMarkets, for marks and their check
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    markets: Option<Source>,
    #[command(flatten)]
    ask: AskArgs,
    #[command(flatten)]
    to: PortfolioArgs,
}

/// What becomes of the leverage that positions have.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct LeverageArgs {
    /// Leave out the leverage that positions have: initial margin is then at the largest that
    /// the market allows, below the venue's where less was chosen. For markets of portfolio
    /// margin too, which know none
    #[arg(long)]
    largest_leverage: bool,
}

impl LeverageArgs {
    fn apply(self, account: VenueAccount) -> VenueAccount {
        if self.largest_leverage { account.at_largest_leverage() } else { account }
    }
}

/// What to do when an answer is not one.
const STATE: &str = "give the answer of `clearinghouseState` with its time, as the venue sent it";
/// The same of other venues.
pub(super) const AS_SENT: &str =
    "give the venue's answers as they were sent; `zkmargin import VENUE account --help` names them";

/// A file of an account.
pub(super) fn text(source: &Source) -> Result<Zeroizing<String>, Error> {
    let bytes = source.read_secret()?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::NotText(source.to_string()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Reads an account from files, and writes what becomes of it.
fn put<'a>(
    (to, ask): (&PortfolioArgs, &AskArgs),
    (file, others): (&'a Source, impl IntoIterator<Item = &'a Source>),
    answers: &'static str,
    read: impl FnOnce() -> Result<Result<VenueAccount, ImportError>, Error>,
    env: Env,
) -> Result<Exit, Error> {
    check_outputs(to)?;
    // A refusal is of all together: it says of which answer where that can be said.
    let names = || {
        let files = std::iter::once(file).chain(others);
        files.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let account = read()?.map_err(|error| Error::account(names(), error, answers))?;
    write(to, ask, (&account, file), answers, env)
}

pub(super) fn hyperliquid(args: &Hyperliquid, env: Env) -> Result<Exit, Error> {
    let read = || {
        let state = text(&args.file)?;
        let account = hyperliquid::account(&state).and_then(|account| account.venue_account());
        Ok(account.map(|account| args.leverage.apply(account)))
    };
    put((&args.to, &AskArgs::NONE), (&args.file, []), STATE, read, env)
}

pub(super) fn binance(args: &Binance, env: Env) -> Result<Exit, Error> {
    let read = || {
        let (account, positions) = (text(&args.file)?, text(&args.positions)?);
        let orders = args.open_orders.as_ref().map(text).transpose()?;
        let orders = orders.as_ref().map(|orders| orders.as_str());
        let account = binance::account(&account, &positions, orders, &args.quote);
        Ok(account.map(|account| args.leverage.apply(account)))
    };
    put((&args.to, &args.ask), (&args.file, [&args.positions]), AS_SENT, read, env)
}

pub(super) fn bybit(args: &Bybit, env: Env) -> Result<Exit, Error> {
    let read = || {
        let wallet = text(&args.file)?;
        let pages = args.positions.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        let pages: Vec<&str> = pages.iter().map(|page| page.as_str()).collect();
        let account = bybit::account(&wallet, &pages, &args.quote);
        Ok(account.map(|account| args.leverage.apply(account)))
    };
    put((&args.to, &args.ask), (&args.file, &args.positions), AS_SENT, read, env)
}

pub(super) fn okx(args: &Okx, env: Env) -> Result<Exit, Error> {
    let read = || {
        let (balance, positions) = (text(&args.file)?, text(&args.positions)?);
        let sizes = args.instruments.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        let sizes: Vec<&str> = sizes.iter().map(|sizes| sizes.as_str()).collect();
        let account = okx::account(&balance, &positions, &sizes, &args.quote);
        Ok(account.map(|account| args.leverage.apply(account)))
    };
    put(
        (&args.to, &args.ask),
        (&args.file, std::iter::once(&args.positions).chain(&args.instruments)),
        AS_SENT,
        read,
        env,
    )
}

pub(super) fn derive(args: &Derive, env: Env) -> Result<Exit, Error> {
    let read = || Ok(derive::account(&text(&args.file)?));
    let ask = AskArgs { marks: args.marks.clone(), ..args.ask.clone() };
    put((&args.to, &ask), (&args.file, []), AS_SENT, read, env)
}

pub(super) fn dydx(args: &Dydx, env: Env) -> Result<Exit, Error> {
    let read = || {
        let subaccount = text(&args.file)?;
        let markets = args.markets.as_ref().map(text).transpose()?;
        Ok(dydx::account(&subaccount, markets.as_ref().map(|markets| markets.as_str())))
    };
    put((&args.to, &args.ask), (&args.file, &args.markets), AS_SENT, read, env)
}
