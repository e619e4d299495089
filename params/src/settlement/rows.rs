//! Rows of one underlying, in exact numbers up to the rounding.

use rust_decimal::Decimal;
use zkmargin_margin::scenario::I256;
use zkmargin_margin::settlement::{Charges, OptionType as Type, RowKind, SettlementRow, other_id};

use crate::scenario::MarketSpec;
use crate::scenario::black76::{Black76, OptionType};
use crate::settlement::error::SettlementError;
use crate::settlement::exact::{Exact, Rounding};
use crate::settlement::ids::{identifier, strike_code, underlying_code};
use crate::settlement::rule::{PerpetualCharges, UnderlyingRule};
use crate::symbol::Symbol;

/// Figures of a row are below two to this.
const VALUE_BITS: u32 = zkmargin_margin::settlement::VALUE_BITS;

/// What rows of an underlying are made with.
pub(crate) struct Maker<'a> {
    rule: &'a UnderlyingRule,
    code: u32,
    quote_decimals: u32,
    spot: Exact,
    spot_confidence: f64,
    stable_price: Exact,
}

/// An option, as it is marked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionQuote {
    /// Its expiry in hours since 1970.
    pub(crate) hours: u32,
    /// Years of 365 days to it.
    pub(crate) years: f64,
    /// What it settles on, as it stands.
    pub(crate) forward: f64,
    /// The least confidence of forward and volatilities.
    pub(crate) confidence: f64,
    /// Call or put.
    pub(crate) option_type: OptionType,
    /// Its strike.
    pub(crate) strike: f64,
    /// Volatility at the mark.
    pub(crate) vol: f64,
}

impl OptionQuote {
    /// Black's value, not discounted.
    fn value(&self) -> f64 {
        let option = Black76 {
            option_type: self.option_type,
            forward: self.forward,
            strike: self.strike,
            vol: self.vol,
            years: self.years,
            discount: 1.0,
        };
        option.value()
    }
}

/// What one coin of an option is charged, in the currency.
struct OptionCoin {
    mark: Exact,
    maintenance: Exact,
    initial: Exact,
    unpaired: [Exact; 2],
    extra: Exact,
}

impl<'a> Maker<'a> {
    /// # Errors
    /// When a price has too many digits.
    pub(crate) fn new(
        rule: &'a UnderlyingRule,
        market: &MarketSpec,
        quote_decimals: u32,
    ) -> Result<Self, SettlementError> {
        let underlying = &market.underlying;
        let read = |value| Exact::read(value, Rounding::Nearest).ok_or_else(|| digits(underlying));
        Ok(Self {
            rule,
            code: underlying_code(underlying),
            quote_decimals,
            spot: read(market.spot)?,
            spot_confidence: market.spot_confidence,
            stable_price: read(market.stable_price)?,
        })
    }

    /// The row of an option.
    pub(crate) fn option(
        &self,
        symbol: &Symbol,
        quote: &OptionQuote,
    ) -> Result<SettlementRow, SettlementError> {
        let lot_size = self.rule.lots.options;
        let strike = quote.strike;
        let exact = Exact::read(strike, Rounding::Nearest).ok_or_else(|| digits(symbol))?;
        let code = strike_code(exact)
            .ok_or_else(|| SettlementError::StrikeDigits { symbol: symbol.clone(), strike })?;
        let is_put = quote.option_type == OptionType::Put;
        let id = identifier(self.code, quote.hours, code, is_put).ok_or_else(|| {
            let expiry = u64::from(quote.hours) * 3600;
            SettlementError::ExpiryHour { symbol: symbol.clone(), expiry }
        })?;
        let lot = self.lot(symbol, lot_size);
        let strike_units = exact.times(lot.size).ok_or_else(|| digits(symbol))?;
        let strike_units = strike_units.whole_units(self.quote_decimals).ok_or_else(|| {
            SettlementError::StrikeUnits { symbol: symbol.clone(), strike, lot_size }
        })?;
        let coin = self.option_coin(quote, exact).ok_or_else(|| digits(symbol))?;
        let option_type = if is_put { Type::Put } else { Type::Call };
        let kind = RowKind::Option { option_type, strike: lot.fits("the strike", strike_units)? };
        let up = |what, value| lot.units(what, value, Rounding::Up);
        let charges = Charges {
            maintenance: up("the maintenance charge", coin.maintenance)?,
            initial: up("the initial charge", coin.initial)?,
        };
        let [maintenance, initial] = coin.unpaired;
        let unpaired = Charges {
            maintenance: up("the maintenance charge on an uncovered call", maintenance)?,
            initial: up("the initial charge on an uncovered call", initial)?,
        };
        let extra = up("what oracles and the stable coin add", coin.extra)?;
        let mark = lot.units("the mark", coin.mark, Rounding::Nearest)?;
        Ok(SettlementRow::new((id, kind), mark, charges, (unpaired, extra))?)
    }

    /// The row of a perpetual, at a price and a confidence in it.
    pub(crate) fn perpetual(
        &self,
        symbol: &Symbol,
        (price, confidence): (f64, f64),
    ) -> Result<SettlementRow, SettlementError> {
        let lot = self.lot(symbol, self.rule.lots.perpetuals);
        let charges = self.perpetual_coin(price, confidence).ok_or_else(|| digits(symbol))?;
        let [maintenance, initial] = charges;
        let charges = Charges {
            maintenance: lot.units("the maintenance charge", maintenance, Rounding::Up)?,
            initial: lot.units("the initial charge", initial, Rounding::Up)?,
        };
        let kind = (other_id(symbol.instrument_id()), RowKind::Contract);
        Ok(SettlementRow::new(kind, 0, charges, (Charges::default(), 0))?)
    }

    /// The row of a coin as collateral, at a price and a confidence in it. What it counts
    /// for is rounded down: a charge takes the rest of its value away.
    pub(crate) fn collateral(
        &self,
        symbol: &Symbol,
        (price, confidence): (f64, f64),
    ) -> Result<SettlementRow, SettlementError> {
        let lot = self.lot(symbol, self.rule.lots.collateral);
        let read = Exact::read(price, Rounding::Down).ok_or_else(|| digits(symbol))?;
        let value = read.times(lot.size).ok_or_else(|| digits(symbol))?;
        let mark = value.units_over(self.stable_price, self.quote_decimals, Rounding::Nearest);
        let mark = lot.fits("the value", mark.ok_or_else(|| digits(symbol))?)?;
        let counts = self.collateral_coin(read, confidence).ok_or_else(|| digits(symbol))?;
        let charge = |what, counts: Exact| {
            let counts = lot.signed(counts, Rounding::Down)?;
            // A stable coin far above its peg: all of the value counts, and no more.
            lot.fits(what, (i256(mark) - counts).max(i256(0)))
        };
        let [maintenance, initial] = counts;
        let charges = Charges {
            maintenance: charge("the maintenance charge", maintenance)?,
            initial: charge("the initial charge", initial)?,
        };
        let kind = (other_id(symbol.instrument_id()), RowKind::Collateral);
        Ok(SettlementRow::new(kind, mark, charges, (Charges::default(), 0))?)
    }

    fn option_coin(&self, quote: &OptionQuote, strike: Exact) -> Option<OptionCoin> {
        let options = &self.rule.options;
        let of_spot = |rate: Decimal| self.spot.times(rate.into());
        // It is not negative: what is beyond the last decimal counts in full.
        let mark = Exact::read(quote.value(), Rounding::Up)?;
        let out_of_the_money = match quote.option_type {
            OptionType::Call => strike.minus(self.spot)?,
            OptionType::Put => self.spot.minus(strike)?,
        };
        let out_of_the_money = out_of_the_money.at_least(Exact::ZERO)?;
        let rate = of_spot(options.itm)?.minus(out_of_the_money)?;
        let initial = rate.at_least(of_spot(options.least)?)?.plus(mark)?;
        let (maintenance, initial) = match quote.option_type {
            OptionType::Call => (of_spot(options.maintenance_call)?.plus(mark)?, initial),
            OptionType::Put => {
                let of_mark = mark.times(options.maintenance_put_mark.into())?;
                let charge = of_spot(options.maintenance_put)?.at_least(of_mark)?;
                let maintenance = charge.plus(mark)?;
                let least = maintenance.times(options.put_offset.into())?;
                (maintenance, initial.at_least(least)?)
            }
        };
        let forward = Exact::read(quote.forward, Rounding::Up)?;
        let unpaired = |rate: Decimal| match quote.option_type {
            OptionType::Call => forward.times(rate.into()),
            OptionType::Put => Some(Exact::ZERO),
        };
        let doubt = self.contingency(self.rule.contingency.option, quote.confidence)?;
        Some(OptionCoin {
            mark,
            maintenance,
            initial,
            unpaired: [
                unpaired(options.unpaired_maintenance)?,
                unpaired(options.unpaired_initial)?,
            ],
            extra: doubt.plus(self.depeg()?)?,
        })
    }

    /// Maintenance and initial charge on a coin.
    fn perpetual_coin(&self, price: f64, confidence: f64) -> Option<[Exact; 2]> {
        let price = Exact::read(price, Rounding::Up)?;
        let PerpetualCharges { maintenance, initial } = self.rule.perpetual;
        let doubt = self.contingency(self.rule.contingency.perpetual, confidence)?;
        let initial = price.times(initial.into())?.plus(doubt)?.plus(self.depeg()?)?;
        Some([price.times(maintenance.into())?, initial])
    }

    /// What a coin counts for; below zero for initial margin where doubt weighs more.
    fn collateral_coin(&self, price: Exact, confidence: f64) -> Option<[Exact; 2]> {
        let weights = &self.rule.collateral;
        let counts = price.times(weights.counts.into())?;
        let initial = counts.times(weights.initial.into())?;
        // The venue leaves out what counts for nothing, and charges no doubt on it.
        if !Exact::ZERO.is_below(initial)? {
            return Some([counts, initial]);
        }
        let doubt = self.contingency(self.rule.contingency.collateral, confidence)?;
        Some([counts, initial.minus(doubt)?])
    }

    /// What the oracles' doubt costs a coin.
    fn contingency(&self, threshold: Decimal, confidence: f64) -> Option<Exact> {
        let least =
            if confidence < self.spot_confidence { confidence } else { self.spot_confidence };
        let least = Exact::read(least, Rounding::Down)?;
        if !least.is_below(threshold.into())? {
            return Some(Exact::ZERO);
        }
        let doubt = Exact::ONE.minus(least)?.times(self.rule.contingency.factor.into())?;
        doubt.times(self.spot)
    }

    /// What the stable coin's price costs a coin.
    fn depeg(&self) -> Option<Exact> {
        let depeg = &self.rule.depeg;
        let off = Exact::from(depeg.threshold).minus(self.stable_price)?.at_least(Exact::ZERO)?;
        off.times(depeg.factor.into())?.times(self.spot)
    }

    fn lot<'b>(&self, symbol: &'b Symbol, size: Decimal) -> Lot<'b> {
        Lot { symbol, size: size.into(), quote_decimals: self.quote_decimals }
    }
}

/// A lot of an instrument, in quote units.
struct Lot<'a> {
    symbol: &'a Symbol,
    size: Exact,
    quote_decimals: u32,
}

impl Lot<'_> {
    /// Quote units per lot of so much per coin, which is not negative.
    fn units(
        &self,
        what: &'static str,
        coin: Exact,
        rounding: Rounding,
    ) -> Result<u64, SettlementError> {
        self.fits(what, self.signed(coin, rounding)?)
    }

    fn signed(&self, coin: Exact, rounding: Rounding) -> Result<I256, SettlementError> {
        let lot = coin.times(self.size);
        let units = lot.and_then(|lot| lot.units(self.quote_decimals, rounding));
        units.ok_or_else(|| digits(self.symbol))
    }

    /// A figure of a row.
    fn fits(&self, what: &'static str, units: I256) -> Result<u64, SettlementError> {
        let figure = u64::try_from(units).ok().filter(|figure| figure >> VALUE_BITS == 0);
        figure.ok_or_else(|| {
            let (symbol, units) = (self.symbol.clone(), units.to_string());
            SettlementError::LotRange { symbol, what, units }
        })
    }
}

fn i256(value: u64) -> I256 {
    I256::from(value)
}

fn digits(symbol: &Symbol) -> SettlementError {
    SettlementError::Digits(symbol.clone())
}
