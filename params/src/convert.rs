//! Between decimals and the statement's integers.

use rust_decimal::Decimal;
use zkmargin_margin::units::{Amount, Lots, Price};

use crate::decimal::{canonical, format_units, parse_decimal, pow10, to_units};

/// Why a decimal is not a number of lots or an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionError {
    /// Not a decimal at all.
    #[error(transparent)]
    Decimal(#[from] crate::decimal::ParseDecimalError),
    /// A quantity that is no whole number of lots.
    #[error("the quantity is not a whole number of lots: one lot is {lot_size}")]
    NotWholeLots {
        /// Coins per lot.
        lot_size: Decimal,
    },
    /// A quantity of 2^63 lots or more.
    #[error("the quantity is too large: allowed are less than 2^63 lots of {lot_size} either way")]
    TooManyLots {
        /// Coins per lot.
        lot_size: Decimal,
    },
    /// An amount with more decimals than a quote unit.
    #[error("the amount has too many decimals: a quote unit has {decimals}")]
    AmountPrecision {
        /// Decimals of a quote unit.
        decimals: u32,
    },
    /// An amount of 2^79 quote units or more.
    #[error("the amount is too large: allowed are less than 2^79 quote units either way")]
    AmountRange,
}

/// A quantity of coins in whole lots.
///
/// # Errors
/// When the text is not a decimal, the quantity not a whole number of lots, or
/// too large.
pub fn lots_from_decimal(text: &str, lot_size: Decimal) -> Result<Lots, ConversionError> {
    let quantity = parse_decimal(text)?;
    let lot = canonical(lot_size);
    let too_many = ConversionError::TooManyLots { lot_size };
    let not_whole = ConversionError::NotWholeLots { lot_size };
    let scale = quantity.scale().max(lot.scale());
    let (Some(quantity), Some(lot)) = (to_units(quantity, scale), to_units(lot, scale)) else {
        return Err(too_many);
    };
    match quantity.checked_rem(lot) {
        Some(0) => i64::try_from(quantity / lot).map(Lots::new).map_err(|_| too_many),
        _ => Err(not_whole),
    }
}

/// The quantity of coins in so many lots, as text.
pub fn format_lots(lots: Lots, lot_size: Decimal) -> String {
    let lot = canonical(lot_size);
    // 64 bits times at most 30 digits: only an absurd lot size overflows.
    let units = i128::from(lots.get()).checked_mul(lot.mantissa());
    match units {
        Some(units) => format_units(units, lot.scale()),
        None => format!("{} x {lot}", lots.get()),
    }
}

/// An amount of the quote currency in quote units of `10^-decimals`.
///
/// # Errors
/// When the text is not a decimal, has more decimals than a quote unit, or is
/// out of range.
pub fn amount_from_decimal(text: &str, decimals: u32) -> Result<Amount, ConversionError> {
    let amount = parse_decimal(text)?;
    if amount.scale() > decimals {
        return Err(ConversionError::AmountPrecision { decimals });
    }
    let units = to_units(amount, decimals).ok_or(ConversionError::AmountRange)?;
    Amount::new(units).map_err(|_| ConversionError::AmountRange)
}

/// Quote units of `10^-decimals` as a decimal text of the quote currency.
pub fn format_amount(units: i128, decimals: u32) -> String {
    format_units(units, decimals)
}

/// Quote units per lot; `None` when they are not exact in 64 bits over a power
/// of ten of 64 bits.
pub(crate) fn price_per_lot(price: Decimal, lot_size: Decimal, decimals: u32) -> Option<Price> {
    let (price, lot) = (canonical(price), canonical(lot_size));
    let mantissa = |d: Decimal| u128::try_from(d.mantissa()).ok();
    let mut product = mantissa(price)?.checked_mul(mantissa(lot)?)?;
    let mut scale = price.scale() + lot.scale();
    while scale > 0 && product.is_multiple_of(10) && product != 0 {
        product /= 10;
        scale -= 1;
    }
    let (product, scale) = match decimals.checked_sub(scale) {
        Some(shift) => (product.checked_mul(pow10(shift)?)?, 0),
        None => (product, scale - decimals),
    };
    let unit = u64::try_from(pow10(scale)?).ok()?;
    Price::new(u64::try_from(product).ok()?, unit).ok()
}

/// The value of an open interest in quote units, rounded down like a
/// position's notional; saturating.
pub(crate) fn open_interest_units(coins: Decimal, lot_size: Decimal, price: Price) -> u128 {
    let (coins, lot) = (canonical(coins), canonical(lot_size));
    let scale = coins.scale().max(lot.scale());
    let lots = match (to_units(coins, scale), to_units(lot, scale)) {
        (Some(coins), Some(lot)) if lot > 0 => coins.max(0).unsigned_abs() / lot.unsigned_abs(),
        _ => u128::MAX,
    };
    lots.saturating_mul(price.mantissa().into()) / u128::from(price.unit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        parse_decimal(text).unwrap()
    }

    #[test]
    fn quantities_are_whole_lots() {
        let lot = decimal("0.00001");
        let lots = lots_from_decimal("-0.00785", lot).unwrap();
        assert_eq!(lots.get(), -785);
        assert_eq!(format_lots(lots, lot), "-0.00785");
        let error = lots_from_decimal("0.000001", lot).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the quantity is not a whole number of lots: one lot is 0.00001"
        );
        let error = lots_from_decimal("9999999999999999", lot).unwrap_err();
        assert_eq!(error, ConversionError::TooManyLots { lot_size: lot });
        assert_eq!(lots_from_decimal("30", decimal("10")).unwrap().get(), 3);
        assert!(lots_from_decimal("35", decimal("10")).is_err());
        assert!(lots_from_decimal("NaN", lot).is_err());
    }

    #[test]
    fn amounts_are_whole_quote_units() {
        assert_eq!(amount_from_decimal("86.549602", 8).unwrap().get(), 8_654_960_200);
        assert_eq!(
            amount_from_decimal("0.0000001", 6),
            Err(ConversionError::AmountPrecision { decimals: 6 })
        );
        assert_eq!(amount_from_decimal("9e9", 8).unwrap_err().to_string().get(..3), Some("not"));
        assert_eq!(
            amount_from_decimal("99999999999999999999", 8),
            Err(ConversionError::AmountRange)
        );
        assert_eq!(format_amount(-8_654_960_200, 8), "-86.549602");
    }

    #[test]
    fn prices_take_the_smallest_unit() {
        let price = |p: &str, lot: &str, d| {
            price_per_lot(decimal(p), decimal(lot), d).map(|p| (p.mantissa(), p.unit()))
        };
        assert_eq!(price("26961.2", "0.00001", 8), Some((26_961_200, 1)));
        // dYdX: 1e-10 BTC at five decimals, in 1e-6 USDC.
        assert_eq!(price("28688.19524", "0.0000000001", 6), Some((2_868_819_524, 1_000_000_000)));
        assert_eq!(price("100", "0.0000000001", 6), Some((1, 100)));
        assert_eq!(price("1000000000000", "1000000000000", 8), None);
    }
}
