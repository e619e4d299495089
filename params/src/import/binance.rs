//! Binance USD-margined futures: leverage brackets and the premium index.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use zkmargin_margin::ids::Timestamp;
use zkmargin_margin::units::Denominator;

use crate::decimal::canonical;
use crate::fraction::Fraction;
use crate::import::{
    ImportError, Number, check_size, common_denominator, leverage_rate, read_json, symbol,
};
use crate::model::{
    Basis, ChargeRule, InstrumentRule, Kind, ModelSpec, Quotation, StandardModel, Tier,
};
use crate::snapshot::{PricePoint, Snapshot};
use crate::symbol::Symbol;

/// Decimals of the quote units in which `cum` is checked and models are made.
const QUOTE_DECIMALS: u32 = 8;

/// Reads `leverageBracket`, or the same with keys in words: charge rules by
/// symbol.
///
/// The initial rate is `1 / initial leverage` on the whole notional;
/// maintenance is the ratio on the part inside each bracket. Every stated
/// `cum` is compared, exactly, with `lower * ratio - base` of our own rows.
///
/// # Errors
/// When the file is no such answer, brackets do not follow on each other, or a
/// `cum` differs.
pub fn leverage_brackets(json: &str) -> Result<BTreeMap<Symbol, ChargeRule>, ImportError> {
    let tables: Vec<BracketTable> = read_json(json, "Binance leverage brackets")?;
    let mut rules = BTreeMap::new();
    for table in tables {
        let symbol = symbol(&table.symbol)?;
        let rule = table.rule(&symbol)?;
        if rules.insert(symbol.clone(), rule).is_some() {
            return Err(ImportError::Duplicate { symbol });
        }
    }
    Ok(rules)
}

/// Makes a model of bracket rules; lot sizes come from the venue's exchange
/// information.
///
/// # Errors
/// When a rule has no lot size, or the model is refused.
pub fn brackets_model(
    name: &str,
    quote: &Symbol,
    rules: BTreeMap<Symbol, ChargeRule>,
    lot_sizes: &BTreeMap<Symbol, Decimal>,
) -> Result<StandardModel, ImportError> {
    let denominator = common_denominator(rules.values().flat_map(rates))?;
    let mut instruments = BTreeMap::new();
    for (symbol, rule) in rules {
        let lot_size = *lot_sizes
            .get(&symbol)
            .ok_or_else(|| ImportError::NoLotSize { symbol: symbol.clone() })?;
        instruments.insert(symbol, perpetual(lot_size, rule));
    }
    Ok(StandardModel::new(ModelSpec {
        name: name.to_owned(),
        quote: quote.clone(),
        quote_decimals: QUOTE_DECIMALS,
        denominator,
        minimum_confidence: None,
        instruments,
    })?)
}

/// A snapshot made of a premium index, and what was left out of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PremiumIndex {
    /// The mark prices; its time is that of the oldest.
    pub snapshot: Snapshot,
    /// The rows left out.
    pub skipped: Vec<Skipped>,
}

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The row's symbol, cut to 40 characters.
    pub symbol: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why a row was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// It has no next funding time.
    #[error("not a perpetual: it has no next funding time")]
    NotPerpetual,
    /// It is quoted in another currency.
    #[error("quoted in another currency")]
    OtherQuote,
    /// It has no price.
    #[error("it has no price")]
    NoPrice,
    /// Its name is no symbol.
    #[error("its name is not a symbol")]
    NotASymbol,
}

/// Reads `premiumIndex`, as JSON or as CSV with the columns `symbol`,
/// `time_ms`, `mark_price` and `next_funding_time_ms`: the marks of the
/// perpetuals whose symbols end with the quote currency.
///
/// # Errors
/// When the file is no such answer, a symbol stands twice, or no price or a
/// price out of range remains.
pub fn premium_index(text: &str, quote: &Symbol) -> Result<PremiumIndex, ImportError> {
    let rows = premium_rows(text)?;
    let (mut prices, mut skipped) = (BTreeMap::new(), Vec::new());
    let mut oldest = u64::MAX;
    for row in rows {
        let reason = match Symbol::new(&row.symbol) {
            Err(_) => SkipReason::NotASymbol,
            Ok(_) if row.next_funding_time == 0 => SkipReason::NotPerpetual,
            Ok(_) if !row.symbol.ends_with(quote.as_str()) => SkipReason::OtherQuote,
            Ok(_) if row.mark_price.0.is_zero() => SkipReason::NoPrice,
            Ok(symbol) => {
                let price = row.mark_price.0;
                let point = PricePoint { price, confidence: None, open_interest: None };
                oldest = oldest.min(row.time);
                if prices.insert(symbol.clone(), point).is_some() {
                    return Err(ImportError::Duplicate { symbol });
                }
                continue;
            }
        };
        skipped.push(Skipped { symbol: row.symbol.chars().take(40).collect(), reason });
    }
    let time = Timestamp::new(oldest / 1000);
    let source = "Binance USD-margined futures, premium index: mark prices";
    let snapshot = Snapshot::new(time, source, quote.clone(), prices)?;
    Ok(PremiumIndex { snapshot, skipped })
}

/// A row of the premium index, whichever its form.
#[derive(Deserialize)]
struct PremiumRow {
    symbol: String,
    #[serde(alias = "time_ms")]
    time: u64,
    #[serde(alias = "markPrice")]
    mark_price: Number,
    #[serde(alias = "nextFundingTime", alias = "next_funding_time_ms")]
    next_funding_time: u64,
}

/// As CSV has it.
#[derive(Deserialize)]
struct PremiumRecord {
    symbol: String,
    time_ms: u64,
    #[serde(with = "crate::decimal::text")]
    mark_price: Decimal,
    next_funding_time_ms: u64,
}

fn premium_rows(text: &str) -> Result<Vec<PremiumRow>, ImportError> {
    let what = "a Binance premium index";
    check_size(text)?;
    if text.trim_start().starts_with('[') {
        return read_json(text, what);
    }
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.deserialize() {
        let record: PremiumRecord = record.map_err(|source| ImportError::Csv { what, source })?;
        rows.push(PremiumRow {
            symbol: record.symbol,
            time: record.time_ms,
            mark_price: Number(record.mark_price),
            next_funding_time: record.next_funding_time_ms,
        });
    }
    Ok(rows)
}

#[derive(Deserialize)]
struct BracketTable {
    symbol: String,
    brackets: Vec<Bracket>,
}

#[derive(Deserialize)]
struct Bracket {
    bracket: u64,
    #[serde(alias = "initialLeverage")]
    initial_leverage: u64,
    #[serde(alias = "notionalFloor")]
    notional_floor: Number,
    #[serde(alias = "notionalCap")]
    notional_cap: Number,
    #[serde(alias = "maintMarginRatio")]
    maint_margin_ratio: Number,
    cum: Number,
}

impl BracketTable {
    fn rule(mut self, symbol: &Symbol) -> Result<ChargeRule, ImportError> {
        self.brackets.sort_by_key(|bracket| bracket.bracket);
        let (mut initial, mut maintenance) = (Vec::new(), Vec::new());
        let mut floor = Decimal::ZERO;
        for entry in &self.brackets {
            let at = || (symbol.clone(), entry.bracket);
            if entry.notional_floor.0 != floor {
                let (symbol, bracket) = at();
                return Err(ImportError::BracketGap { symbol, bracket });
            }
            floor = entry.notional_cap.0;
            let up_to = Some(floor);
            let ratio = Fraction::from_decimal(entry.maint_margin_ratio.0).ok_or_else(|| {
                let (symbol, bracket) = at();
                ImportError::BracketRate { symbol, bracket }
            })?;
            let rate = leverage_rate(symbol, entry.initial_leverage)?;
            initial.push(Tier { up_to, rate });
            maintenance.push(Tier { up_to, rate: ratio });
        }
        let rule = ChargeRule {
            initial_basis: Basis::Flat,
            initial,
            maintenance_basis: Basis::Marginal,
            maintenance,
            maintenance_fraction: Fraction::ONE,
        };
        self.check_cum(symbol, &rule)?;
        Ok(rule)
    }

    /// Compares each `cum` with the deduction of the risk table's rows.
    fn check_cum(&self, symbol: &Symbol, rule: &ChargeRule) -> Result<(), ImportError> {
        let denominator = common_denominator(rates(rule))?;
        let quotation = Quotation {
            decimals: QUOTE_DECIMALS,
            denominator: Denominator::new(denominator).map_err(|_| ImportError::Denominator)?,
        };
        let path = format!("instruments.{symbol}");
        let rows = perpetual(Decimal::ONE, rule.clone()).rows(&path, quotation, None)?;
        for (entry, row) in self.brackets.iter().zip(&rows) {
            // 80 and 32 bits; exact where the venue's own figure is.
            let product = row.lower.get() * u128::from(row.maintenance.rate.get());
            let deduction =
                (product / u128::from(denominator)).saturating_sub(row.maintenance.base.get());
            let computed = i128::try_from(deduction)
                .ok()
                .and_then(|units| Decimal::try_from_i128_with_scale(units, QUOTE_DECIMALS).ok())
                .map_or(Decimal::MAX, canonical);
            if computed != entry.cum.0 {
                return Err(ImportError::Cum {
                    symbol: symbol.clone(),
                    bracket: entry.bracket,
                    stated: entry.cum.0,
                    computed,
                });
            }
        }
        Ok(())
    }
}

/// All rates of a rule.
fn rates(rule: &ChargeRule) -> impl Iterator<Item = Fraction> + '_ {
    rule.initial.iter().chain(&rule.maintenance).map(|tier| tier.rate)
}

fn perpetual(lot_size: Decimal, rule: ChargeRule) -> InstrumentRule {
    InstrumentRule {
        kind: Kind::Perpetual,
        lot_size,
        margin: Some(rule),
        collateral: None,
        liability: None,
        open_interest_caps: None,
    }
}
