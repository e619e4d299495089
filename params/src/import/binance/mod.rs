//! Binance USD-margined futures: leverage brackets, the premium index, accounts.

mod account;
mod premium;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use zkmargin_margin::units::Denominator;

pub use account::account;
pub use premium::premium_index;

use crate::decimal::canonical;
use crate::fraction::Fraction;
use crate::import::number::{Number, whole};
use crate::import::{
    ImportError, Imported, SkipReason, Skipped, common_denominator, forms, leverage_rate,
};
use crate::model::{
    Basis, ChargeRule, InstrumentRule, Kind, ModelSpec, Quotation, StandardModel, Tier,
};
use crate::symbol::Symbol;

const WHAT: &str = "Binance leverage brackets";
/// Decimals of the quote units in which `cum` is checked and models are made.
const QUOTE_DECIMALS: u32 = 8;
/// A last cap from here on is the venue's "no bound": it writes 2^63 - 1, and
/// clients that pass it through floating point what is near.
const NO_BOUND: u64 = 9_000_000_000_000_000_000;

/// Reads `leverageBracket` of one symbol or of all, or the same with keys in
/// words: charge rules by symbol. A symbol that cannot be read is left out.
///
/// The initial rate is `1 / initial leverage` on the whole notional;
/// maintenance is the ratio on the part inside each bracket. Every stated
/// `cum` is compared, exactly, with `lower * ratio - base` of our own rows.
///
/// # Errors
/// When the file is no such answer, a symbol stands twice, or none can be read:
/// brackets that do not follow on each other, a `cum` that differs, brackets in
/// contracts (coin-margined futures).
pub fn leverage_brackets(
    json: &str,
) -> Result<Imported<BTreeMap<Symbol, ChargeRule>>, ImportError> {
    let (mut value, mut skipped) = (BTreeMap::new(), Vec::new());
    let rows = forms::rows(json, WHAT, |row| row.contains_key("symbol"))?;
    for (index, row) in rows.iter().enumerate() {
        let name = forms::name(row, "symbol", index);
        match table(row, &name) {
            Ok((symbol, rule)) => {
                if value.insert(symbol.clone(), rule).is_some() {
                    return Err(ImportError::Duplicate { symbol });
                }
            }
            Err(reason) => skipped.push(Skipped { symbol: forms::cut(&name), reason }),
        }
    }
    match value.is_empty() {
        true => Err(ImportError::NothingLeft(skipped.as_slice().into())),
        false => Ok(Imported { value, skipped }),
    }
}

/// Makes a model of bracket rules; lot sizes come from the venue's exchange
/// information. Symbols without one are left out.
///
/// # Errors
/// When no rule has a lot size, or the model is refused.
pub fn brackets_model(
    name: &str,
    quote: &Symbol,
    rules: BTreeMap<Symbol, ChargeRule>,
    lot_sizes: &BTreeMap<Symbol, Decimal>,
) -> Result<Imported<StandardModel>, ImportError> {
    let first = rules.keys().next().cloned();
    let (rules, without): (BTreeMap<_, _>, BTreeMap<_, _>) =
        rules.into_iter().partition(|(symbol, _)| lot_sizes.contains_key(symbol));
    if let (true, Some(symbol)) = (rules.is_empty(), first) {
        return Err(ImportError::NoLotSize { symbol });
    }
    let skipped = without
        .into_keys()
        .map(|symbol| Skipped { symbol: symbol.to_string(), reason: SkipReason::NoLotSize });
    let skipped = skipped.collect();
    let denominator = common_denominator(rules.values().flat_map(rates))?;
    let instruments = rules.into_iter().filter_map(|(symbol, rule)| {
        let lot_size = *lot_sizes.get(&symbol)?;
        Some((symbol, perpetual(lot_size, rule)))
    });
    let value = StandardModel::new(ModelSpec {
        name: name.to_owned(),
        quote: quote.clone(),
        quote_decimals: QUOTE_DECIMALS,
        denominator,
        minimum_confidence: None,
        calibration: None,
        instruments: instruments.collect(),
        options: BTreeMap::new(),
    })?;
    Ok(Imported { value, skipped })
}

/// The rule of a symbol, or why it has none.
fn table(row: &Value, name: &str) -> Result<(Symbol, ChargeRule), SkipReason> {
    let odd = |error| SkipReason::Odd(Box::new(error));
    let symbol = Symbol::new(name).map_err(|_| SkipReason::NotASymbol)?;
    let brackets = row.get("brackets").and_then(Value::as_array);
    let in_contracts =
        |bracket: &Value| ["qtyCap", "qtyFloor"].iter().any(|key| bracket.get(key).is_some());
    if brackets.is_some_and(|brackets| brackets.iter().any(in_contracts)) {
        let what = "a bracket in contracts (qtyCap, qtyFloor: coin-margined futures)";
        return Err(odd(ImportError::Unsupported { name: forms::cut(name), what }));
    }
    let table: BracketTable = forms::row(row, name).map_err(odd)?;
    let rule = table.rule(&symbol).map_err(odd)?;
    Ok((symbol, rule))
}

#[derive(Deserialize)]
struct BracketTable {
    brackets: Vec<Bracket>,
}

#[derive(Deserialize)]
struct Bracket {
    #[serde(deserialize_with = "whole")]
    bracket: u64,
    #[serde(rename = "initialLeverage", alias = "initial_leverage", deserialize_with = "whole")]
    initial_leverage: u64,
    #[serde(rename = "notionalFloor", alias = "notional_floor")]
    notional_floor: Number,
    #[serde(rename = "notionalCap", alias = "notional_cap")]
    notional_cap: Number,
    #[serde(rename = "maintMarginRatio", alias = "maint_margin_ratio")]
    maint_margin_ratio: Number,
    cum: Number,
}

impl BracketTable {
    fn rule(mut self, symbol: &Symbol) -> Result<ChargeRule, ImportError> {
        self.brackets.sort_by_key(|bracket| bracket.bracket);
        let (mut initial, mut maintenance) = (Vec::new(), Vec::new());
        let mut floor = Decimal::ZERO;
        let last = self.brackets.last().map_or(0, |bracket| bracket.bracket);
        for entry in &self.brackets {
            let at = || (symbol.clone(), entry.bracket);
            if entry.notional_floor.0 != floor {
                let (symbol, bracket) = at();
                return Err(ImportError::BracketGap { symbol, bracket });
            }
            floor = entry.notional_cap.0;
            let is_last = entry.bracket == last;
            let up_to = Some(floor).filter(|cap| !is_last || *cap < Decimal::from(NO_BOUND));
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
        calibrated: None,
        leverages: Vec::new(),
    }
}
