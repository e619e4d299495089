//! Bybit's margin of a short option in cross margin, by the venue's own formula. It is
//! proved at the mark: a public row does not know what an option was sold for.
//!
//! ```text
//! maintenance  max(rate S, rate mark) + mark + fee S
//! initial      max(max(itm S - otm, least S) + max(entry, mark), maintenance)
//! ```
//!
//! of one coin, `S` the index and `otm` how far the strike is out of the money. Source:
//! the venue's help centre, "Comparison of Spread Strategies in Cross Margin and Portfolio
//! Margin", read November 2026, whose example comes out.

use crate::scenario::black76::OptionType;

/// The venue's rates of a coin: fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charges {
    /// Initial margin at or in the money, of the index.
    pub itm: f64,
    /// Below this it does not fall.
    pub least: f64,
    /// Maintenance margin, of the index or of the mark.
    pub maintenance: f64,
    /// Fee of a liquidation, of the index.
    pub liquidation_fee: f64,
}

/// Options on BTC.
pub const BTC: Charges =
    Charges { itm: 0.15, least: 0.1, maintenance: 0.03, liquidation_fee: 0.002 };

/// A short option; prices in the quote currency per coin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShortOption {
    /// Call or put.
    pub option_type: OptionType,
    /// The strike.
    pub strike: f64,
    /// What it was sold for.
    pub entry: f64,
    /// Its mark.
    pub mark: f64,
    /// Coins, above 0.
    pub coins: f64,
}

/// What the venue asks for, in the quote currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requirement {
    /// Initial margin.
    pub initial: f64,
    /// Maintenance margin.
    pub maintenance: f64,
}

impl ShortOption {
    /// The requirement at an index price.
    pub fn requirement(&self, charges: &Charges, index: f64) -> Requirement {
        let out_of_the_money = match self.option_type {
            OptionType::Call => self.strike - index,
            OptionType::Put => index - self.strike,
        };
        let rate = charges.maintenance;
        let maintenance =
            (rate * index).max(rate * self.mark) + self.mark + charges.liquidation_fee * index;
        let risk = (charges.itm * index - out_of_the_money.max(0.0)).max(charges.least * index);
        let initial = (risk + self.entry.max(self.mark)).max(maintenance);
        Requirement { initial: initial * self.coins, maintenance: maintenance * self.coins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BTC-22JUL22-18500-P at an index of 20,250.
    const PUT: ShortOption = ShortOption {
        option_type: OptionType::Put,
        strike: 18_500.0,
        entry: 280.0,
        mark: 290.0,
        coins: 1.0,
    };

    #[test]
    fn the_venues_own_example_comes_out() {
        let got = PUT.requirement(&BTC, 20_250.0);
        assert!((got.maintenance - 938.0).abs() < 1e-9, "{got:?}");
        assert!((got.initial - 2_315.0).abs() < 1e-9, "{got:?}");
    }

    #[test]
    fn what_it_was_sold_for_counts_where_it_is_more_and_size_scales() {
        let dear = ShortOption { entry: 400.0, coins: 2.0, ..PUT }.requirement(&BTC, 20_250.0);
        assert!((dear.initial - 2.0 * 2_425.0).abs() < 1e-9, "{dear:?}");
        assert!((dear.maintenance - 2.0 * 938.0).abs() < 1e-9, "{dear:?}");
        // In the money nothing is taken off, and the mark is the larger base of a rate.
        let deep = ShortOption { strike: 60_000.0, mark: 39_000.0, ..PUT };
        let deep = deep.requirement(&BTC, 20_250.0);
        assert!((deep.maintenance - (1_170.0 + 39_000.0 + 40.5)).abs() < 1e-9, "{deep:?}");
        assert!((deep.initial - (3_037.5 + 39_000.0)).abs() < 1e-9, "{deep:?}");
    }
}
