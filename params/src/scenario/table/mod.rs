//! The risk table: one row per instrument, one per expiry.
//!
//! All valuation happens here, per unit of each instrument and independent of
//! any account. What is left for an account, in
//! [`account`](crate::scenario::account), is sums of quantities times these
//! values, and minima.

mod make;

use serde::Serialize;

use crate::scenario::black76::Greeks;
use crate::scenario::error::{Problem, ScenarioError};
use crate::scenario::market::ScenarioMarket;
use crate::scenario::parameters::{DeltaTier, MinimumCharge, MinimumTier, Scenario, ScenarioModel};
use crate::symbol::Symbol;

/// What a row's values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum RowKind {
    /// An option: `scenarios` are values, which its group sums up, discounts
    /// by sign, compares with the mark and dampens.
    Option {
        /// Its expiry group.
        group: usize,
        /// Options of one key net against each other before naked shorts are
        /// charged: one number for each expiry and strike.
        strike_key: usize,
    },
    /// A perpetual: `scenarios` are dampened profit and loss.
    Perpetual {
        /// Its expiry group, where the model takes perpetuals for one.
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<usize>,
    },
    /// A dated future: `scenarios` are dampened profit and loss.
    Future {
        /// Its expiry group, where it counts for the basis contingency.
        group: usize,
    },
    /// Collateral: `scenarios` are dampened profit and loss.
    Collateral,
}

/// An instrument under every scenario, per unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RiskRow {
    /// The instrument.
    pub symbol: Symbol,
    /// What the values mean.
    pub kind: RowKind,
    /// What a unit adds to mark-to-market: an option's or collateral's value;
    /// 0 for perpetuals and futures, whose profit is in the account.
    pub mark: f64,
    /// The value, or the profit and loss, under each scenario.
    pub scenarios: Vec<f64>,
    /// Change of the mark when the forward is at the basis factor up and down.
    pub basis: [f64; 2],
    /// Charge per unit held or short, for both margins.
    pub mm_charge: f64,
    /// Added for initial margin.
    pub im_charge: f64,
    /// Added for initial margin where confidence is low. An option's is in its
    /// group.
    pub confidence_charge: f64,
    /// Of a perpetual: its confidence, to which those of options fall while it
    /// is held.
    pub perpetual_confidence: Option<f64>,
    /// Sensitivities.
    pub greeks: Greeks,
    /// The delta that charges count, in units of the underlying: that of the greeks,
    /// and in coins less the value.
    #[serde(skip)]
    pub charged_delta: f64,
}

/// An expiry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRow {
    /// Seconds to expiry.
    pub expiry_seconds: u64,
    /// The forward.
    pub forward: f64,
    /// Factor on a positive sum of option values.
    pub long_discount: f64,
    /// Factor on a negative sum of option values.
    pub short_discount: f64,
    /// Weight of the basis loss, or of the net delta.
    pub basis_weight: f64,
    /// Charge per option, long or short, where confidence is low and no
    /// perpetual is held.
    pub confidence_charge: f64,
    /// The least confidence of spot and the expiry's feeds: a perpetual that is
    /// held can lower it.
    pub confidence: f64,
}

/// What counts for a whole account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Terms {
    /// The scenarios, in the order of the rows' values.
    pub scenarios: Vec<Scenario>,
    /// Factor on the worst loss for maintenance margin.
    pub mm_loss_factor: f64,
    /// Factor on the worst loss for initial margin, a lost peg included.
    pub im_loss_factor: f64,
    /// Charge per naked short option, for both margins.
    pub naked_mm_charge: f64,
    /// Added for initial margin.
    pub naked_im_charge: f64,
    /// The minimum charge, as fractions of spot.
    pub minimum_charge: Option<MinimumCharge>,
    /// What of it counts more often.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub minimum_tiers: Vec<MinimumTier>,
    /// Whether the basis loss is added to the worst loss.
    pub basis_is_added: bool,
    /// Charges on large net deltas, added to the worst loss; where expiries that stand
    /// against each other are charged, less half of that on the net delta.
    pub delta_tiers: Vec<DeltaTier>,
    /// Whether margins are in coins of the underlying.
    pub in_coins: bool,
    /// Whether the values are published risk arrays.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub imported_arrays: bool,
    /// Price of the underlying in the currency of margins: 1 where that is coins, or deltas
    /// are in what spreads of them are charged.
    pub spot: f64,
    /// Confidence below which options are charged.
    pub conf_threshold: f64,
    /// Charge per notional and missing confidence.
    pub conf_margin: f64,
}

impl Terms {
    /// Charge per unit of notional `notional` at a confidence.
    pub(crate) fn confidence_charge(&self, confidence: f64, threshold: f64, notional: f64) -> f64 {
        if confidence < threshold { (1.0 - confidence) * self.conf_margin * notional } else { 0.0 }
    }
}

/// A model applied to a market: everything an account's margin is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RiskTable {
    /// The account's terms.
    pub terms: Terms,
    /// One row for each expiry, by time; then one for the perpetuals, where the model
    /// takes them for an expiry.
    pub groups: Vec<GroupRow>,
    /// One row for each instrument, by symbol.
    pub rows: Vec<RiskRow>,
}

impl RiskTable {
    /// Values every instrument of a market under every scenario of a model.
    ///
    /// # Errors
    /// When a collateral has no rule in the model, a value overflows, or the model is a
    /// rule whose numbers are not known.
    pub fn new(model: &ScenarioModel, market: &ScenarioMarket) -> Result<Self, ScenarioError> {
        // Its scenarios are those of a unit range, which is nobody's.
        if model.calibration().is_some() {
            return Err(ScenarioError::at("calibration", Problem::Uncalibrated));
        }
        let table = make::table(model, market)?;
        table.check_finite()?;
        Ok(table)
    }

    /// The row of an instrument.
    pub fn row_of(&self, symbol: &Symbol) -> Option<usize> {
        self.rows.binary_search_by(|row| row.symbol.cmp(symbol)).ok()
    }

    /// Whether margin is a concave function of the quantities while the same
    /// perpetuals are held: no expiry discounts positive values less than
    /// negative ones, no charge is negative, and where there is a skew scenario
    /// both signs are discounted alike.
    ///
    /// The last because `-|x|` of a concave `x` need not be concave: with `pmrm2` a
    /// mix of two books can have less margin than the mix of their margins, where
    /// the value of an expiry changes sign in a skew scenario that is the worst.
    pub fn is_concave(&self) -> bool {
        let terms = &self.terms;
        let skew = terms.scenarios.iter().any(|s| s.vol_shock_direction.is_skew());
        let discounts = self.groups.iter().all(|group| match skew {
            true => group.short_discount == group.long_discount,
            false => group.short_discount >= group.long_discount,
        });
        let charges = |mm: f64, im: f64| mm >= 0.0 && mm + im >= 0.0;
        // The smaller side of spreads is no convex charge.
        let spreads = terms.delta_tiers.iter().any(|tier| tier.rate < 0.0);
        discounts
            && !spreads
            && charges(terms.naked_mm_charge, terms.naked_im_charge)
            && self.rows.iter().all(|row| charges(row.mm_charge, row.im_charge))
    }

    fn check_finite(&self) -> Result<(), ScenarioError> {
        let overflow = |path: String| Err(ScenarioError::at(path, Problem::Overflow));
        for (index, group) in self.groups.iter().enumerate() {
            let values = [group.long_discount, group.short_discount, group.basis_weight];
            if !values.iter().all(|value| value.is_finite()) {
                return overflow(format!("feeds[{index}]"));
            }
        }
        for row in &self.rows {
            let values = [row.mark, row.mm_charge, row.im_charge, row.confidence_charge];
            let mut all = values.iter().chain(&row.scenarios).chain(&row.basis);
            if !all.all(|value| value.is_finite()) {
                return overflow(format!("instruments.{}", row.symbol));
            }
        }
        Ok(())
    }
}
