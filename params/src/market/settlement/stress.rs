//! Accounts of settlement markets under moves of prices and volatilities.
//!
//! A [`StressTest`] makes the rows of what an account holds anew at the moved prices, as a
//! market made there would have them, and assesses the account in the integers that are
//! proved: a level at a move is exact. Forwards, perpetuals and coins of an underlying move
//! with it by one factor, as far as options are not settled already; other underlyings,
//! confidences and the stable coin stand still, and so does time. What perpetuals gain or
//! lose on the way is in the account, rounded down.
//!
//! Requirements are piecewise in a price, and neither rise nor fall throughout: levels are
//! looked for over the whole range ([`levels`](crate::scenario::stress::levels)).

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::{Held, Position, Reserved};
use zkmargin_margin::settlement::{SettlementMargin, SettlementRow};

use super::{Market, build};
use crate::market::MarketError;
use crate::scenario::error::within;
use crate::scenario::stress::{FACTORS, TOGETHER};
use crate::scenario::{Instrument, Shock, StressPoint, Stressable};
use crate::settlement::error::SettlementError;
use crate::settlement::exact::{Exact, Rounding};
use crate::settlement::model::SettlementModel;
use crate::settlement::snapshot::SettlementSnapshot;
use crate::symbol::Symbol;

/// What contracts earn is below two to this, as all sums of an account are.
const EARNED_BITS: u32 = 88;

/// An account in a settlement market that can be moved. Private; never shown by `Debug`.
#[derive(Clone)]
pub struct StressTest<'a> {
    model: &'a SettlementModel,
    /// Only what is held, and all feeds of its underlyings.
    snapshot: SettlementSnapshot,
    /// In canonical order.
    held: Vec<Position>,
    reserved: Reserved,
    /// Contracts held: the coins, signed.
    contracts: Vec<(Symbol, Exact)>,
    /// The underlying that moves alone; all of them where it is none.
    moved: Option<usize>,
}

impl std::fmt::Debug for StressTest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StressTest(..)")
    }
}

impl<'a> StressTest<'a> {
    /// Puts an account into the market that model and snapshot made. Its underlyings are
    /// those that something is held on, and the one that is named.
    ///
    /// # Errors
    /// When the account does not fit the market: see [`Market::margin`].
    pub fn new<'p, F: MarginField>(
        market: &Market<F>,
        (model, snapshot): (&'a SettlementModel, &SettlementSnapshot),
        account: impl Into<Held<'p>>,
        named: Option<&Symbol>,
    ) -> Result<Self, MarketError> {
        let account = account.into();
        // Its own refusals first.
        market.margin(account)?;
        let mut held = account.positions.to_vec();
        held.sort_by_key(Position::key);
        let listed = held.iter().filter_map(|position| market.listing_by_id(position.instrument));
        let listed: Vec<_> = listed.collect();
        let is_held = |symbol: &Symbol| listed.iter().any(|listing| listing.symbol() == symbol);
        let snapshot = snapshot.of_instruments(is_held, named)?;
        let mut contracts = Vec::new();
        for (position, listing) in held.iter().zip(&listed) {
            if listing.is_contract() {
                let symbol = listing.symbol();
                let lots = Exact::from(Decimal::from(position.quantity.get()));
                let coins = lots.times(listing.lot_size().into()).ok_or_else(|| digits(symbol))?;
                contracts.push((symbol.clone(), coins));
            }
        }
        let reserved = account.reserved.clone();
        Ok(Self { model, snapshot, held, reserved, contracts, moved: None })
    }

    /// The account under a shock to what moves, in the integers that would be proved.
    ///
    /// # Errors
    /// When a factor is not in [`FACTORS`], or a value leaves its range.
    pub fn margin_at(&self, shock: Shock) -> Result<SettlementMargin, MarketError> {
        within("spot factor", shock.spot, FACTORS)?;
        within("vol factor", shock.vol, FACTORS)?;
        let moved = self.snapshot.moved(self.moved, (shock.spot, shock.vol))?;
        let mut rows: BTreeMap<InstrumentId, SettlementRow> = BTreeMap::new();
        for market in &moved.spec().markets {
            let made = build::rows(self.model, &moved, market)?;
            rows.extend(made.into_iter().map(|(listing, row)| (listing.id(), row)));
        }
        let row = |position: &Position| {
            rows.get(&position.instrument)
                .ok_or(MarketError::UnknownInstrument(position.instrument))
        };
        let of_held = self.held.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let mut margin = SettlementMargin::assess(self.held.iter().zip(of_held), &self.reserved)?;
        margin.worth += self.earned(&moved)?;
        Ok(margin)
    }

    /// What contracts gained or lost on the way, in quote units, down.
    fn earned(&self, moved: &SettlementSnapshot) -> Result<i128, MarketError> {
        let mut sum = Exact::ZERO;
        for (symbol, coins) in &self.contracts {
            let gain = price(moved, symbol)
                .zip(price(&self.snapshot, symbol))
                .and_then(|(after, before)| after.minus(before)?.times(*coins));
            sum = gain.and_then(|gain| sum.plus(gain)).ok_or_else(|| digits(symbol))?;
        }
        let Some((symbol, _)) = self.contracts.first() else { return Ok(0) };
        let units = sum.units(self.model.spec().quote_decimals, Rounding::Down);
        let units = units.and_then(|units| i128::try_from(units).ok());
        let fits = |units: &i128| units.unsigned_abs() >> EARNED_BITS == 0;
        units.filter(fits).ok_or_else(|| digits(symbol).into())
    }

    /// Quote units in the currency.
    fn number(&self, units: i128) -> f64 {
        // The nearest number: what is shown, and above zero where the units are.
        units as f64 / 10_f64.powi(i32::try_from(self.model.spec().quote_decimals).unwrap_or(0))
    }

    /// Whether several underlyings move together.
    fn moves_together(&self) -> bool {
        self.moved.is_none() && self.snapshot.spec().markets.len() > 1
    }
}

impl Stressable for StressTest<'_> {
    type Error = MarketError;

    fn underlyings(&self) -> impl Iterator<Item = &Symbol> {
        self.snapshot.spec().markets.iter().map(|market| &market.spec().underlying)
    }

    fn moving(&self, underlying: Option<usize>) -> Self {
        Self { moved: underlying, ..self.clone() }
    }

    fn spot(&self) -> f64 {
        match self.snapshot.spec().markets.get(self.moved.unwrap_or(0)) {
            Some(market) if !self.moves_together() => market.spec().spot,
            _ => TOGETHER,
        }
    }

    fn at(&self, shock: Shock) -> Result<StressPoint, MarketError> {
        let margin = self.margin_at(shock)?;
        let balance = |level: Level| {
            let required = margin.requirement(level).unwrap_or(0).cast_signed();
            self.number(margin.counts(level) - required)
        };
        Ok(StressPoint {
            shock,
            spot: self.spot() * shock.spot,
            equity: self.number(margin.equity()),
            maintenance_margin: balance(Level::Maintenance),
            initial_margin: balance(Level::Initial),
            level: margin.level(),
        })
    }
}

/// A contract's price, as its row is made of it.
fn price(snapshot: &SettlementSnapshot, symbol: &Symbol) -> Option<Exact> {
    let mut markets = snapshot.spec().markets.iter();
    match markets.find_map(|market| market.spec().instruments.get(symbol))? {
        Instrument::Perpetual { price, .. } => Exact::read(*price, Rounding::Nearest),
        _ => None,
    }
}

fn digits(symbol: &Symbol) -> SettlementError {
    SettlementError::Digits(symbol.clone())
}
