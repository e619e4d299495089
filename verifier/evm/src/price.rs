//! A price that a market's root contains, as `MarginPriceCheck` reads it.

use alloy_sol_types::private::U256;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::market::MARKET_DEPTH;
use zkmargin_margin::merkle::{ARITY, Path};
use zkmargin_margin::standard::TierRow;
use zkmargin_margin::units::Denominator;

use crate::contracts::MarginPriceCheck::MarketRow;

/// A row of a standard market with its path, lowest level first, and the denominator of
/// the market's header; `None` when the path is not as deep as a market's.
pub fn market_row(
    row: &TierRow,
    path: &Path<Bn254Fr>,
    denominator: Denominator,
) -> Option<MarketRow> {
    let word = |element: &Bn254Fr| U256::from_be_bytes(element.to_be_bytes());
    let levels: &[[Bn254Fr; ARITY]; MARKET_DEPTH] = path.children().try_into().ok()?;
    Some(MarketRow {
        elements: row.elements::<Bn254Fr>().map(|element| word(&element)),
        path: levels.map(|children| children.map(|child| word(&child))),
        denominator: denominator.get(),
    })
}
