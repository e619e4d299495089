//! Rows that are the same in every epoch, their prices aside.

use zkmargin_margin::standard::TierRow;
use zkmargin_margin::units::Price;

use crate::market::{MarketError, tier_row};
use crate::model::StandardModel;

/// The price of rows of no market.
const ONE: Price = match Price::new(1, 1) {
    Ok(price) => price,
    Err(_) => panic!("the unit is not zero"),
};

/// The rows of a model whose rates follow from no snapshot, each at a price of one, by
/// symbol: every row of its markets is one of them but for the price. Of a model that states
/// numbers every row that has none beside it.
///
/// # Errors
/// When rates are calibrated and not stated, or scaled by open interest, or of options; or a
/// rule makes no rows.
///
/// ```
/// use zkmargin_params::{market::fixed_rows, presets};
/// let rows = |name| fixed_rows(&presets::by_name(name).unwrap().model().unwrap());
/// assert!(!rows("hyperliquid").unwrap().is_empty());
/// assert!(rows("dynamic").unwrap_err().to_string().contains("follow from the snapshot"));
/// ```
pub fn fixed_rows(model: &StandardModel) -> Result<Vec<TierRow>, MarketError> {
    if let Some(symbol) = model.options().keys().next() {
        return Err(MarketError::NotFixed { symbol: symbol.clone() });
    }
    let mut rows = Vec::new();
    for (symbol, rule) in model.instruments() {
        let is_stated = model.calibration().is_some_and(|rule| rule.states_numbers);
        if (rule.calibrated.is_some() && !is_stated) || rule.open_interest_caps.is_some() {
            return Err(MarketError::NotFixed { symbol: symbol.clone() });
        }
        let path = format!("instruments.{symbol}");
        for listed in rule.listed(symbol, &path, model.quotation(), None)? {
            let id = listed.symbol.instrument_id();
            rows.extend(listed.rows.iter().map(|spec| tier_row(id, ONE, spec)));
        }
    }
    Ok(rows)
}
