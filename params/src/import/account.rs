//! An account as a venue's answers state it: what every importer of accounts gives.
//!
//! An account is read whole or refused. What a bucket has is said as portfolio files
//! say it: its *balance*, beside which contracts have their entry prices (or, where
//! the market is of options, what they earned), or its *cash*, which has what the
//! positions cost. Margin of open orders is what the venue itself states.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rust_decimal::Decimal;
use zkmargin_margin::ids::Timestamp;

use crate::decimal::canonical;
use crate::import::{ImportError, symbol};
use crate::leverage::ChosenLeverage;
use crate::snapshot::{PricePoint, Snapshot};
use crate::symbol::Symbol;

/// Decimals that marks are rounded to: a price in a snapshot has at most 18, and no
/// venue's tick is finer.
const MARK_DECIMALS: u32 = 12;
/// What the short leg beside a long one is called, after the symbol.
pub const SHORT_LEG: &str = ":SHORT";

/// What a bucket is paid in with, in the quote currency.
#[derive(Clone, Copy, PartialEq)]
pub enum Funds {
    /// Paid in and realised; contracts say what they cost or earned beside it.
    Balance(Decimal),
    /// What equity has beside the positions at their marks.
    Cash(Decimal),
}

impl Funds {
    /// The amount, whichever it is.
    pub const fn amount(self) -> Decimal {
        match self {
            Self::Balance(amount) | Self::Cash(amount) => amount,
        }
    }
}

/// What a position says beside a balance.
#[derive(Clone, Copy, PartialEq)]
pub enum Cost {
    /// Nothing: coins, options, or a position beside `cash`.
    Nothing,
    /// The average price paid for a unit.
    EntryPrice(Decimal),
    /// What it earned and the balance does not show yet.
    Unrealised(Decimal),
}

/// A position: negative quantities are short or owed.
#[derive(Clone, PartialEq)]
pub struct Holding {
    /// The instrument.
    pub symbol: Symbol,
    /// Signed quantity in coins.
    pub quantity: Decimal,
    /// What it says beside a balance.
    pub cost: Cost,
    /// The leverage that the account chose for it, where the answer says.
    pub leverage: Option<ChosenLeverage>,
}

/// An isolated position with funds of its own.
#[derive(Clone, PartialEq)]
pub struct IsolatedHolding {
    /// Its funds.
    pub funds: Funds,
    /// The position.
    pub holding: Holding,
}

/// What the venue states of the whole account, in the quote currency; what an answer
/// does not state is none.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Stated {
    /// Equity.
    pub equity: Option<Decimal>,
    /// Initial margin, with what is reserved for open orders in it.
    pub initial: Option<Decimal>,
    /// Maintenance margin.
    pub maintenance: Option<Decimal>,
}

/// What an owner should know of what was read. None tells a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountNote {
    /// Margin of open orders is in `reserved`, and where it is from.
    Reserved(&'static str),
    /// There are open orders, and the venue states no margin for them.
    OrdersWithoutMargin,
    /// A long and a short leg of one instrument.
    HedgeMode,
    /// The leverage that positions have was left out.
    LeverageLeftOut,
    /// A leverage between two whole numbers.
    LeverageBetween,
    /// Positions whose leverage no answer says.
    LeverageUnknown,
    /// Other assets are no margin of these positions.
    OtherAssets,
    /// Coins are positions of their own.
    Coins,
    /// An account in the venue's standard margin.
    StandardMargin,
    /// The venue is liquidating the account.
    Liquidation,
    /// Positions on more than one underlying.
    SeveralUnderlyings,
}

impl fmt::Display for AccountNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserved(field) => {
                return write!(
                    f,
                    "open orders: `reserved` is the margin that the venue states for them ({field})"
                );
            }
            Self::OrdersWithoutMargin => {
                "there are open orders, and the venue states no margin for them: `reserved` is left \
                 out"
            }
            Self::HedgeMode => {
                "hedge mode: the venue charges both legs of an instrument; the short one beside a \
                 long one is an instrument of its own, with :SHORT after its name, and a market has \
                 it with --both-sides on `import ... brackets` and `import ... premium-index`"
            }
            Self::LeverageLeftOut => {
                "the leverage that positions have was left out: the venue's initial margin is notional \
                 over leverage, and `initial` here, at the largest, may be lower; maintenance is the \
                 same"
            }
            Self::LeverageBetween => {
                "a leverage between two whole numbers is taken for the lower one, which asks for more"
            }
            Self::LeverageUnknown => {
                "the answers do not say what leverage positions have: `initial` here, at the largest, \
                 may be lower than the venue's; maintenance is the same"
            }
            Self::OtherAssets => {
                "what is held in other currencies is left out: it is no margin of these positions"
            }
            Self::Coins => {
                "coins held or owed are positions of their own: a market that does not list them \
                 refuses the portfolio"
            }
            Self::StandardMargin => {
                "the account is in the venue's standard margin: prove it in a market of the model \
                 derive-standard; under one of portfolio margin its requirement is another"
            }
            Self::Liquidation => "the venue is liquidating this account",
            Self::SeveralUnderlyings => {
                "the positions are on more than one underlying: a market of portfolio margin has two \
                 at most, which a set of two underlyings makes, and asks for the sum"
            }
        })
    }
}

/// An account of any venue.
#[derive(Clone, PartialEq)]
pub struct VenueAccount {
    /// The currency that amounts are in.
    pub quote: Symbol,
    /// What the cross-margin bucket is paid in with.
    pub funds: Funds,
    /// The positions in cross margin.
    pub positions: Vec<Holding>,
    /// The isolated positions.
    pub isolated: Vec<IsolatedHolding>,
    /// Margin that the venue states for open orders.
    pub reserved: Decimal,
    /// What the venue states of the account.
    pub stated: Stated,
    /// When the venue answered, where it says so.
    pub timestamp: Option<Timestamp>,
    /// What an owner should know.
    pub notes: Vec<AccountNote>,
    marks: BTreeMap<Symbol, PricePoint>,
    source: &'static str,
}

/// An account is secret.
impl fmt::Debug for VenueAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VenueAccount(..)")
    }
}

/// A position is secret.
impl fmt::Debug for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holding(..)")
    }
}

/// A position is secret.
impl fmt::Debug for IsolatedHolding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IsolatedHolding(..)")
    }
}

/// An amount is secret.
impl fmt::Debug for Funds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Funds(..)")
    }
}

/// A price paid is secret.
impl fmt::Debug for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cost(..)")
    }
}

/// Figures of an account are secret.
impl fmt::Debug for Stated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stated(..)")
    }
}

impl VenueAccount {
    /// The same without the leverage that positions have: their initial margin is then at
    /// the largest that a market allows, or of a market in which nobody chooses one.
    #[must_use]
    pub fn at_largest_leverage(mut self) -> Self {
        let isolated = self.isolated.iter_mut().map(|isolated| &mut isolated.holding);
        let mut had = false;
        for holding in self.positions.iter_mut().chain(isolated) {
            had |= holding.leverage.take().is_some();
        }
        self.notes.retain(|note| *note != AccountNote::LeverageBetween);
        if had {
            self.notes.push(AccountNote::LeverageLeftOut);
        }
        self
    }

    /// The leverages that positions have, by instrument.
    pub fn leverages(&self) -> BTreeMap<Symbol, BTreeSet<ChosenLeverage>> {
        let isolated = self.isolated.iter().map(|isolated| &isolated.holding);
        let mut all = BTreeMap::<Symbol, BTreeSet<ChosenLeverage>>::new();
        for holding in self.positions.iter().chain(isolated) {
            if let Some(leverage) = holding.leverage {
                all.entry(holding.symbol.clone()).or_default().insert(leverage);
            }
        }
        all
    }

    /// The marks of the account's own positions as a snapshot; none when it holds no
    /// position with a mark. `seconds` is when the venue was asked, for answers that
    /// do not say.
    ///
    /// # Errors
    /// When nothing says when, or a mark is no price.
    pub fn snapshot(&self, seconds: Option<u64>) -> Result<Option<Snapshot>, ImportError> {
        if self.marks.is_empty() {
            return Ok(None);
        }
        let time = self.timestamp.or(seconds.map(Timestamp::new));
        let time = time.ok_or(ImportError::AskedWhen)?;
        let snapshot = Snapshot::new(time, self.source, self.quote.clone(), self.marks.clone())?;
        Ok(Some(snapshot))
    }
}

/// Puts an account together.
pub(super) struct Builder {
    quote: Symbol,
    source: &'static str,
    positions: Vec<Holding>,
    isolated: Vec<IsolatedHolding>,
    marks: BTreeMap<Symbol, PricePoint>,
    pub(super) notes: Vec<AccountNote>,
}

/// The rest of an account.
pub(super) struct Rest {
    pub(super) funds: Funds,
    pub(super) reserved: Decimal,
    pub(super) stated: Stated,
    pub(super) timestamp: Option<Timestamp>,
}

impl Builder {
    pub(super) fn new(quote: &Symbol, source: &'static str) -> Self {
        Self {
            quote: quote.clone(),
            source,
            positions: Vec::new(),
            isolated: Vec::new(),
            marks: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// Says something once.
    pub(super) fn note(&mut self, note: AccountNote) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The leverage that an answer states of a position: one between two whole numbers is
    /// taken for the lower.
    pub(super) fn leverage(
        &mut self,
        symbol: &Symbol,
        stated: Option<Decimal>,
    ) -> Result<Option<ChosenLeverage>, ImportError> {
        let Some(stated) = stated else {
            self.note(AccountNote::LeverageUnknown);
            return Ok(None);
        };
        let whole = stated.floor();
        let times = u64::try_from(whole).ok();
        let leverage = times.and_then(|times| ChosenLeverage::new(times).ok());
        let refused = || ImportError::ChosenLeverage { symbol: symbol.clone() };
        let leverage = leverage.ok_or_else(refused)?;
        if whole != stated {
            self.note(AccountNote::LeverageBetween);
        }
        Ok(Some(leverage))
    }

    /// A position in cross margin; its mark, where the answer has one.
    pub(super) fn hold(
        &mut self,
        mut holding: Holding,
        mark: Option<Decimal>,
    ) -> Result<(), ImportError> {
        if let Some(other) = self.positions.iter_mut().find(|held| held.symbol == holding.symbol) {
            let short = |held: &Holding| held.quantity.is_sign_negative();
            // Two of one direction cannot be: nothing says what they are.
            let leg = match (short(other), short(&holding)) {
                (false, true) => &mut holding,
                (true, false) => other,
                _ => return Err(ImportError::Duplicate { symbol: holding.symbol }),
            };
            leg.symbol = short_leg(&leg.symbol)?;
            let leg = leg.symbol.clone();
            self.mark(&leg, mark);
            self.note(AccountNote::HedgeMode);
        }
        if self.positions.iter().any(|held| held.symbol == holding.symbol) {
            return Err(ImportError::Duplicate { symbol: holding.symbol });
        }
        self.mark(&holding.symbol, mark);
        self.positions.push(holding);
        Ok(())
    }

    /// An isolated position.
    pub(super) fn isolate(&mut self, funds: Funds, holding: Holding, mark: Option<Decimal>) {
        self.mark(&holding.symbol, mark);
        self.isolated.push(IsolatedHolding { funds, holding });
    }

    fn mark(&mut self, symbol: &Symbol, mark: Option<Decimal>) {
        if let Some(mark) = mark.filter(|mark| !mark.is_zero()) {
            let price = mark.round_dp(MARK_DECIMALS);
            let point = PricePoint { price, confidence: None, open_interest: None };
            self.marks.insert(symbol.clone(), point);
        }
    }

    /// The open interest of an instrument that has a mark, in coins.
    pub(super) fn open_interest(&mut self, symbol: &Symbol, coins: Decimal) {
        if let Some(point) = self.marks.get_mut(symbol) {
            point.open_interest = Some(coins);
        }
    }

    pub(super) fn finish(self, rest: Rest) -> VenueAccount {
        let Stated { equity, initial, maintenance } = rest.stated;
        let [equity, initial, maintenance] =
            [equity, initial, maintenance].map(|figure| figure.map(canonical));
        let stated = Stated { equity, initial, maintenance };
        VenueAccount {
            quote: self.quote,
            funds: rest.funds,
            positions: self.positions,
            isolated: self.isolated,
            reserved: canonical(rest.reserved),
            stated,
            timestamp: rest.timestamp,
            notes: self.notes,
            marks: self.marks,
            source: self.source,
        }
    }
}

/// The instrument of a short leg beside a long one.
///
/// # Errors
/// When the name becomes too long.
pub fn short_leg(name: &Symbol) -> Result<Symbol, ImportError> {
    symbol(&format!("{name}{SHORT_LEG}"))
}

/// The same of every instrument and of its short leg: what a market lists for accounts in
/// hedge mode. A name that has no room for it stands alone.
pub fn both_sides<V: Clone>(by_symbol: BTreeMap<Symbol, V>) -> BTreeMap<Symbol, V> {
    let legs = by_symbol.iter().filter_map(|(name, value)| Some((short_leg(name).ok()?, value)));
    let legs: Vec<_> = legs.map(|(leg, value)| (leg, value.clone())).collect();
    by_symbol.into_iter().chain(legs).collect()
}

/// A sum; an error past what decimals hold.
pub(super) fn sum(parts: impl IntoIterator<Item = Decimal>) -> Result<Decimal, ImportError> {
    let out = || ImportError::Account(super::AccountProblem::Range);
    parts.into_iter().try_fold(Decimal::ZERO, |sum, part| sum.checked_add(part)).ok_or_else(out)
}

/// Whether parts give a total, but for what moves between two answers: one part in a
/// hundred, and a hundredth of the quote currency.
pub(super) fn adds_up(total: Decimal, parts: Decimal) -> bool {
    let off = Decimal::new(1, 2);
    let allowed = total.abs().checked_mul(off).and_then(|share| share.checked_add(off));
    let apart = total.checked_sub(parts).map(|apart| apart.abs());
    apart.zip(allowed).is_some_and(|(apart, allowed)| apart <= allowed)
}
