//! Figures are those of `reference.py` beside this file: other code, in another
//! language.

mod limits;
mod markets;
mod properties;
mod rates;
mod replays;
mod rules;
mod sets;
mod sets_of_both;

use serde_json::{Value, json};

use crate::model::{ModelError, StandardModel};
use crate::presets;
use crate::simulation::history::{Column, History};
use crate::snapshot::Snapshot;
use crate::symbol::Symbol;

/// The shipped rule after an edit of its JSON.
fn rule(edit: impl FnOnce(&mut Value)) -> Result<StandardModel, ModelError> {
    let mut value = serde_json::from_str(presets::by_name("dynamic").unwrap().json).unwrap();
    edit(&mut value);
    StandardModel::from_json(&value.to_string())
}

/// Closes of a fixture.
fn closes(csv: &str, columns: &[&str]) -> History {
    let columns: Vec<_> = columns.iter().map(|text| Column::parse(text).unwrap()).collect();
    let (history, odd) = History::from_csv(csv, &columns).unwrap();
    assert!(odd.is_empty());
    history
}

/// Closes of BTC and ETH from March 2019 to June 2021.
fn both() -> History {
    let csv = include_str!("../../../fixtures/closes_btc_eth.csv");
    closes(csv, &["BTC=btc_close_usd", "ETH=eth_close_usd"])
}

/// The day after the last close of [`both`], at noon.
const NOON: u64 = 1_625_140_800;

/// A snapshot of BTC and ETH on 1 July 2021 after an edit of its JSON.
fn snapshot(edit: impl FnOnce(&mut Value)) -> Snapshot {
    let history = serde_json::to_value(both().last(251)).unwrap();
    let seen = json!({
        "implied_volatility": "0.6", "spread": "0.0004", "depth": "8000000",
        "daily_volume": "9000000000",
    });
    let mut value = json!({
        "timestamp": NOON, "source": "test", "quote": "USDC",
        "prices": { "BTC": { "price": "35040" }, "ETH": { "price": "2274.5" } },
        "calibration": { "history": history, "observations": { "BTC": seen, "ETH": seen } },
    });
    edit(&mut value);
    Snapshot::from_json(&value.to_string()).unwrap()
}

fn named(symbol: &str) -> Symbol {
    Symbol::new(symbol).unwrap()
}
