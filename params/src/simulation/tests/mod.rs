//! Figures are those of `reference.py` beside this file: other code, in another
//! language.

mod backtest;
mod draws;
mod estimates;
mod markets;
mod sets;

use crate::simulation::history::{Column, History};

/// Closes of BTC and ETH from March 2019 to June 2021.
fn closes() -> History {
    let columns = ["BTC=btc_close_usd", "ETH=eth_close_usd"];
    let columns = columns.map(|text| Column::parse(text).unwrap());
    let csv = include_str!("../../../fixtures/closes_btc_eth.csv");
    let (history, odd) = History::from_csv(csv, &columns).unwrap();
    assert_eq!((history.days().len(), odd.len()), (853, 0));
    history
}

/// Compares a text with the stored one.
fn assert_golden(name: &str, found: &str) {
    let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    assert_eq!(found, std::fs::read_to_string(path).unwrap(), "{name}");
}

fn assert_close(found: f64, expected: f64, what: &str) {
    let allowed = 1e-12 * expected.abs().max(1.0);
    assert!((found - expected).abs() <= allowed, "{what}: {found:?}, expected {expected:?}");
}
