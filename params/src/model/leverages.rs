//! Leverages that accounts may choose: each is listed with rows of its own.
//!
//! A commitment says how many lots of which instrument an account holds, and has no place
//! for a leverage. So what is held at another leverage is another instrument: `BTC@10x` has
//! the price and the maintenance rows of `BTC`, and initial rates of one over the leverage
//! where the rule's own are less. A model says at which leverages it lists an instrument:
//!
//! ```json
//! { "kind": "perpetual", "lot_size": "0.00001", "leverages": [5, 10, 20], "margin": {} }
//! ```

use std::collections::{BTreeMap, BTreeSet};

use zkmargin_margin::units::Denominator;

use crate::fraction::Fraction;
use crate::leverage::ChosenLeverage;
use crate::model::{
    FieldProblem, InstrumentRule, Kind, ModelError, Quotation, RowSpec, StandardModel,
};
use crate::symbol::Symbol;

/// Most leverages that an instrument is listed at beside the largest.
pub const MAX_LEVERAGES: usize = 128;

/// What a market lists of an instrument: it, or it at a leverage.
#[derive(Clone, Debug)]
pub(crate) struct ListedRule {
    pub(crate) symbol: Symbol,
    pub(crate) leverage: Option<ChosenLeverage>,
    pub(crate) rows: Vec<RowSpec>,
}

impl InstrumentRule {
    /// All that a market lists of an instrument, with its rows: first at the largest
    /// leverage, then at those that may be chosen, ascending.
    pub(crate) fn listed(
        &self,
        symbol: &Symbol,
        path: &str,
        quotation: Quotation,
        open_interest: Option<u128>,
    ) -> Result<Vec<ListedRule>, ModelError> {
        let rows = self.rows(path, quotation, open_interest)?;
        let mut all = vec![ListedRule { symbol: symbol.clone(), leverage: None, rows }];
        for (index, leverage) in self.leverages.iter().enumerate() {
            let field = format!("{path}.leverages[{index}]");
            let rows = self.rows_at(path, quotation, open_interest, Some((&field, *leverage)))?;
            let symbol = symbol.at_leverage(*leverage);
            all.push(ListedRule { symbol, leverage: Some(*leverage), rows });
        }
        Ok(all)
    }

    /// Leverages ascend, and there are not too many of them.
    pub(super) fn check_leverages(&self, path: &str) -> Result<(), ModelError> {
        let count = self.leverages.len();
        let problem = match self.leverages.windows(2).all(|pair| pair[0] < pair[1]) {
            true if count <= MAX_LEVERAGES => return Ok(()),
            true => FieldProblem::TooManyLeverages { count },
            false => FieldProblem::LeveragesNotAscending,
        };
        Err(ModelError::at(format!("{path}.leverages"), problem))
    }

    /// Whether what an account holds at a leverage needs rows of its own: not where every
    /// initial rate is as much already. Rates that move count as less.
    fn needs_rows(&self, leverage: ChosenLeverage) -> bool {
        let least = leverage.rate();
        let covers = |rate: Fraction| {
            let of =
                |a: Fraction, b: Fraction| u128::from(a.numerator()) * u128::from(b.denominator());
            of(rate, least) >= of(least, rate)
        };
        let margin = self.margin.as_ref();
        !margin.is_some_and(|margin| margin.initial.iter().all(|tier| covers(tier.rate)))
    }
}

impl StandardModel {
    /// The model with instruments listed at further leverages, those that need no rows of
    /// their own left out. Where one over a leverage is not exact over the denominator, the
    /// denominator becomes the least that both are exact over: rates stay the same.
    ///
    /// # Errors
    /// When an instrument is not the model's, is no perpetual or future, has too many
    /// leverages, or the denominator would have more than 32 bits.
    ///
    /// ```
    /// use zkmargin_params::{presets, symbol::Symbol};
    /// let model = presets::by_name("hyperliquid").unwrap().model()?;
    /// let ten = "10".parse()?;
    /// let offering = model.offering(&[(Symbol::new("BTC")?, [ten].into())].into())?;
    /// assert_eq!(offering.instruments()[&Symbol::new("BTC")?].leverages, [ten]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn offering(
        &self,
        wanted: &BTreeMap<Symbol, BTreeSet<ChosenLeverage>>,
    ) -> Result<Self, ModelError> {
        let mut spec = self.spec().clone();
        for (symbol, leverages) in wanted {
            let path = format!("instruments.{symbol}");
            let Some(rule) = spec.instruments.get_mut(symbol) else {
                return Err(ModelError::at(path, FieldProblem::Missing("it is not the model's")));
            };
            if !matches!(rule.kind, Kind::Perpetual | Kind::Future) {
                let problem = "only perpetuals and futures have a leverage";
                let path = format!("{path}.leverages");
                return Err(ModelError::at(path, FieldProblem::NotAllowed(problem)));
            }
            let needed = leverages.iter().copied().filter(|chosen| rule.needs_rows(*chosen));
            let all: BTreeSet<_> = rule.leverages.iter().copied().chain(needed).collect();
            rule.leverages = all.into_iter().collect();
            for chosen in &rule.leverages {
                spec.denominator = common(spec.denominator, *chosen)
                    .ok_or_else(|| ModelError::at(&path, FieldProblem::NoDenominator(*chosen)))?;
            }
        }
        Self::new(spec)
    }
}

/// The least denominator that rates over another one and one over a leverage are exact over.
fn common(denominator: u32, leverage: ChosenLeverage) -> Option<u32> {
    let exact = Denominator::new(denominator).ok()?;
    if leverage.rate().over(exact).is_some() {
        return Some(denominator);
    }
    // In lowest terms `denominator / leverage` is `a / b`: the least multiple of both is
    // `denominator * b`.
    let reduced = Fraction::new(denominator.into(), leverage.get().into())?;
    u64::from(denominator)
        .checked_mul(reduced.denominator())
        .and_then(|common| u32::try_from(common).ok())
}

#[cfg(test)]
mod tests;
