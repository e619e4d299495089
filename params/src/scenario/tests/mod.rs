//! Tests of the native scenario family.

mod deribit;
mod golden;
mod properties;
mod rules;
mod stress;
mod venues;

use super::*;
use crate::import::deribit::option_chain;
use crate::symbol::Symbol;

const CHAIN: &str = zkmargin_examples::CHAIN_BTC;

pub(super) fn sym(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

const ETH_CHAIN: &str = zkmargin_examples::CHAIN_ETH;

/// The real chain on BTC, with a perpetual and a future.
pub(super) fn chain_market() -> ScenarioMarket {
    market_of(CHAIN, ["BTC-PERPETUAL", "BTC-27MAR26"])
}

/// The one on ETH.
pub(super) fn eth_market() -> ScenarioMarket {
    market_of(ETH_CHAIN, ["ETH-PERPETUAL", "ETH-28JUN24"])
}

fn market_of(chain: &str, [perpetual, future]: [&str; 2]) -> ScenarioMarket {
    let mut spec = option_chain(chain).unwrap().market().unwrap().spec().clone();
    let terms = Instrument::Perpetual { price: spec.spot + 12.5, confidence: 1.0 };
    spec.instruments.insert(sym(perpetual), terms);
    let terms = Instrument::Future { expiry_seconds: spec.feeds[2].expiry_seconds };
    spec.instruments.insert(sym(future), terms);
    ScenarioMarket::new(spec).unwrap()
}

pub(super) fn preset(name: &str) -> ScenarioModel {
    parameters::by_name(name).unwrap().model().unwrap()
}

/// The shipped sets that the chain on BTC can be valued with, in USD: no rules.
pub(super) fn of_btc() -> impl Iterator<Item = &'static parameters::ScenarioPreset> {
    parameters::all().iter().filter(|preset| {
        let model = preset.model().unwrap();
        let of = model.spec().underlying.as_ref();
        of.is_none_or(|underlying| underlying.as_str() == "BTC")
            && !model.spec().in_coins
            && model.second().is_none()
            && model.calibration().is_none()
            && !model.spec().imported_arrays
    })
}

/// A market as a set takes it: without collateral where margin is in coins.
pub(super) fn market_for(model: &ScenarioModel, market: &ScenarioMarket) -> ScenarioMarket {
    let mut spec = market.spec().clone();
    if model.spec().in_coins {
        spec.instruments.retain(|_, terms| !matches!(terms, Instrument::Collateral { .. }));
    }
    ScenarioMarket::new(spec).unwrap()
}

fn portfolio(cash: f64, positions: &[(&str, f64)]) -> ScenarioPortfolio {
    let position = |&(name, quantity): &(&str, f64)| Position {
        instrument: sym(name),
        quantity,
        unrealised: 0.0,
    };
    ScenarioPortfolio { cash, positions: positions.iter().map(position).collect(), reserved: 0.0 }
}

/// A linear congruential generator: reproducible books.
pub(super) struct Books(pub(super) u64);

impl Books {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// So many distinct positions of a table.
    pub(super) fn book(&mut self, table: &RiskTable, size: usize) -> ScenarioPortfolio {
        let mut positions = std::collections::BTreeMap::new();
        while positions.len() < size {
            let row = &table.rows[usize::try_from(self.next()).unwrap() % table.rows.len()];
            let tenths = i32::try_from(self.next() % 201).unwrap() - 100;
            let quantity = f64::from(tenths) / 8.0;
            let owed = row.kind == RowKind::Collateral;
            positions.insert(row.symbol.clone(), if owed { quantity.abs() } else { quantity });
        }
        let position = |(instrument, quantity)| Position { instrument, quantity, unrealised: 0.0 };
        let positions = positions.into_iter().map(position).collect();
        ScenarioPortfolio { cash: 1234.5, positions, reserved: 0.0 }
    }
}
