//! Rows that a market's root contains, as `MarginPriceCheck` and `MarginRowChallenge` read
//! them.

use alloy_sol_types::SolValue as _;
use alloy_sol_types::private::{B256, U256, keccak256};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader};
use zkmargin_margin::merkle::{ARITY, Path};
use zkmargin_margin::scenario::ScenarioRow;
use zkmargin_margin::standard::{Direction, ROW_E0, TierRow};
use zkmargin_margin::units::Denominator;

use crate::contracts::MarginPriceCheck::MarketRow;
use crate::contracts::MarginRowChallenge;

/// What a row says beside its price: the digest of its elements without price and unit,
/// and of the denominator of the market's header. The same in every epoch of a model
/// whose rates are its own.
pub fn row_terms(row: &TierRow, denominator: Denominator) -> B256 {
    let [first, second, third, fourth] = row.elements::<Bn254Fr>().map(|element| word(&element));
    let price = U256::from(u128::MAX) << ROW_E0.bits[3];
    keccak256((first & !price, second, third, fourth, denominator.get()).abi_encode())
}

fn word(element: &Bn254Fr) -> U256 {
    U256::from_be_bytes(element.to_be_bytes())
}

/// A row of a standard market with its path, lowest level first, and the denominator of
/// the market's header; `None` when the path is not as deep as a market's.
pub fn market_row(
    row: &TierRow,
    path: &Path<Bn254Fr>,
    denominator: Denominator,
) -> Option<MarketRow> {
    let levels: &[[Bn254Fr; ARITY]; MARKET_DEPTH] = path.children().try_into().ok()?;
    Some(MarketRow {
        elements: row.elements::<Bn254Fr>().map(|element| word(&element)),
        path: levels.map(|children| children.map(|child| word(&child))),
        denominator: denominator.get(),
    })
}

/// A row of a scenario market with its path, lowest level first, and the market's header;
/// `None` when the path is not as deep as a market's.
pub fn scenario_row(
    row: &ScenarioRow,
    path: &Path<Bn254Fr>,
    header: &MarketHeader<Bn254Fr>,
) -> Option<MarginRowChallenge::ScenarioRow> {
    let levels: &[[Bn254Fr; ARITY]; MARKET_DEPTH] = path.children().try_into().ok()?;
    Some(MarginRowChallenge::ScenarioRow {
        elements: row.elements::<Bn254Fr>().map(|element| word(&element)),
        path: levels.map(|children| children.map(|child| word(&child))),
        terms: word(&header.terms),
        denominator: header.denominator.get(),
    })
}

/// The digest of what a model says of a value of its rows, of its words.
pub fn scenario_terms(words: &[u8]) -> B256 {
    keccak256([b"zkmargin scenario 1\n".as_slice(), words].concat())
}

/// The digest of a calibrated instrument's rule, of its words.
pub fn number_terms(words: &[u8]) -> B256 {
    keccak256([b"zkmargin rule 1\n".as_slice(), words].concat())
}

/// The digest that says that an instrument's rows of a direction are calibrated, so that they
/// are shown with their numbers.
pub fn calibrated_terms(instrument: InstrumentId, direction: Direction) -> B256 {
    let tag = b"zkmargin calibrated 1\n".as_slice();
    let direction = u64::from(direction as u8);
    keccak256([tag, &instrument.get().to_be_bytes(), &direction.to_be_bytes()].concat())
}
