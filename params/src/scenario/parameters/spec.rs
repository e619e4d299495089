//! The fields of a parameter set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calibration::set::SetCalibration;
use crate::symbol::{Symbol, unique_map};

/// The fields of a parameter set's JSON, not yet checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterSpec {
    /// The set's name: 1 to 64 printable ASCII characters.
    pub name: String,
    /// Where the numbers are from. Not part of the digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// What is approximated, in words. Not part of the digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The underlying that the numbers are for: a market of another is refused.
    /// Absent, they are for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlying: Option<Symbol>,
    /// Whether contracts are *inverse*, settled in coins: an option in USD is its
    /// value in coins times the index (the discount of an expiry is `e^(-rate T)`
    /// whatever the rate's sign), and perpetuals and futures gain `coins * index *
    /// move`, whatever their price.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inverse: bool,
    /// Whether margin is in coins of the underlying, as are cash and quote units: a
    /// coin's worth of a perpetual or future gains `1 - price / moved price`, and an
    /// option is worth Black's undiscounted value over the forward. Needs `inverse`; a
    /// market then has no collateral, as coins are cash.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_coins: bool,
    /// How the numbers follow from the snapshot: such a set is a rule, and its digest does
    /// not change when the market does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<SetCalibration>,
    /// Whether a market states what each row is made of in a leaf beside it, so that a row
    /// that is not made of it can be shown on chain. Not where margin is in coins.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub states_marks: bool,
    /// Whether the values under scenarios are published: a market lists risk arrays and
    /// nothing else, and `scenarios`, 16 of weight 1, only say in reports what was moved.
    /// Such a set has loss factors and no charges.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported_arrays: bool,
    /// 1 to 40 scenarios, at most one `linear` and one `abs` among them.
    pub scenarios: Vec<Scenario>,
    /// How far volatilities move.
    pub vol_shock: VolShock,
    /// How skew moves; needed by `linear` and `abs` scenarios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_shock: Option<SkewShock>,
    /// Loss factors and static discounts.
    pub margin: MarginFactors,
    /// Charge for forwards that move against each other; absent, there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis_contingency: Option<BasisContingency>,
    /// Charges by notional, for low confidence and for a lost peg.
    pub other_contingency: OtherContingency,
    /// A floor under the loss; absent, there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_charge: Option<MinimumCharge>,
    /// Tiers of the minimum charge: at most 8, ascending. A set with them has no relief
    /// and at most 32 scenarios without a skew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minimum_tiers: Vec<MinimumTier>,
    /// Charge for the roll from one expiry to another; absent, there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll_shock: Option<RollShock>,
    /// Charge on the net delta of every expiry, added to the worst loss; absent, there
    /// is none. It takes the place of a basis contingency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_roll: Option<ExpiryRoll>,
    /// Charge for expiries that stand against each other, added to the worst loss; absent,
    /// there is none. It takes the place of a basis contingency, and of one of the tiers
    /// below; a set with it has no collateral that cancels risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_spread: Option<ExpirySpread>,
    /// Charges on large net deltas of the account, added to the worst loss: at most 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delta_tiers: Vec<DeltaTier>,
    /// How the market's underlying counts as collateral; absent, as its symbol does
    /// below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlying_collateral: Option<CollateralTerms>,
    /// How collateral counts, by symbol.
    #[serde(default, deserialize_with = "unique_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub collaterals: BTreeMap<Symbol, CollateralTerms>,
    /// The set of a second underlying: an account is then asked for the sum of what both
    /// ask for. Both name their underlying, and each may be a rule; neither states marks, has
    /// margin in coins or a third.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Box<ParameterSpec>>,
}

/// A scenario of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Factor on spot and forwards: 1.18 is 18 % up.
    pub spot_shock: f64,
    /// What volatilities do.
    pub vol_shock_direction: VolShockDirection,
    /// The fraction of the profit or loss that counts.
    pub dampening_factor: f64,
    /// What is taken off the account's loss, in the currency of prices: at most down
    /// to no loss. At most 8 scenarios, none of them a skew, have one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub relief: f64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the attribute's form")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// What volatilities do in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VolShockDirection {
    /// `max(min_vol, sigma (1 + range_up g))`.
    Up,
    /// `sigma max(0, 1 - range_down g)`.
    Down,
    /// They stay.
    None,
    /// Skew: up on one side of the forward, down on the other.
    Linear,
    /// Skew: up, or down, on both sides of the forward.
    Abs,
}

impl VolShockDirection {
    /// Whether this is a skew scenario: it counts as minus its absolute change.
    pub fn is_skew(self) -> bool {
        matches!(self, Self::Linear | Self::Abs)
    }
}

/// Which of the groups a scenario, or another source of the worst loss, is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossGroup {
    /// A spot shock of at most 25 % that counts in full.
    Regular,
    /// A larger shock, or one that counts with another weight than 1.
    Tail,
    /// A skew scenario.
    Skew,
    /// The basis contingency.
    FwdContingency,
    /// The minimum charge.
    MinimumCharge,
}

impl ParameterSpec {
    /// Whether the net delta of each expiry is charged, whichever way it goes.
    pub(crate) fn nets_expiries(&self) -> bool {
        self.expiry_roll.is_some() || self.expiry_spread.is_some()
    }
}

impl Scenario {
    /// Largest spot shock of a regular scenario.
    pub const REGULAR_SHOCK: f64 = 0.25;

    /// The scenario's group. It labels reports; margins do not depend on it.
    pub fn group(&self) -> LossGroup {
        let regular = (self.spot_shock - 1.0).abs() <= Self::REGULAR_SHOCK;
        match self.vol_shock_direction.is_skew() {
            true => LossGroup::Skew,
            false if regular && self.dampening_factor == 1.0 => LossGroup::Regular,
            false => LossGroup::Tail,
        }
    }
}

/// Volatility shocks by tenor: `g = (30 days / max(t, dte_floor))^power`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolShock {
    /// Relative move up at 30 days: 0.5 is 50 %.
    pub vol_range_up: f64,
    /// Relative move down at 30 days.
    pub vol_range_down: f64,
    /// Least volatility of an `up` scenario.
    pub min_vol_eval_shocked: f64,
    /// The power up to 30 days to expiry.
    pub short_term_power: f64,
    /// The power beyond 30 days.
    pub long_term_power: f64,
    /// Least days to expiry in `g`.
    pub dte_floor_days: f64,
}

/// Skew shocks. With `k = ln(K / F)` (`|k|` for `abs`), `cap = cbase sqrt T +
/// scale_cap` and `k* = max(min_k_star, sqrt T min_width_scale (vol_param_static +
/// sqrt T vol_param_scale))`, the volatility is `sigma max(0, 1 + z)` where `z = k
/// cap / k*` is at most `cap` for `k > 0` and at least `-cap` otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkewShock {
    /// Cap of the linear shock at expiry.
    pub linear_scale_cap: f64,
    /// Its change per square root of a year.
    pub linear_cbase: f64,
    /// Cap of the absolute shock at expiry.
    pub abs_scale_cap: f64,
    /// Its change per square root of a year.
    pub abs_cbase: f64,
    /// Least log-moneyness at which the cap is reached.
    pub min_k_star: f64,
    /// Width, in standard deviations.
    pub min_width_scale: f64,
    /// Volatility of the width at expiry.
    pub vol_param_static: f64,
    /// Its change per square root of a year.
    pub vol_param_scale: f64,
}

/// Loss factors, and the static discounts of option values. With `r = max(rate,
/// 0)` and `D = e^(-r T)`: a positive value of an expiry counts `base e^(-T (r
/// long_mult + long_add))`, a negative one `min(1 / D, base_neg e^(T (r short_mult
/// + short_add)))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginFactors {
    /// Factor on the worst loss for maintenance margin.
    pub mm_loss_factor: f64,
    /// Factor on the worst loss for initial margin.
    pub im_loss_factor: f64,
    /// `short_mult`: factor on the rate for negative values.
    pub short_rate_mult_scale: f64,
    /// `long_mult`: factor on the rate for positive values.
    pub long_rate_mult_scale: f64,
    /// `short_add`: rate per year added for negative values.
    pub short_rate_add_scale: f64,
    /// `long_add`: rate per year added for positive values.
    pub long_rate_add_scale: f64,
    /// `base`: factor on positive values.
    pub base_static_discount: f64,
    /// `base_neg`: factor on negative values.
    pub base_static_discount_neg: f64,
}

/// Per expiry `min(0, up - mark, down - mark) (add + mult T)`, undiscounted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasisContingency {
    /// Factor on the forward, up.
    pub scenario_spot_up: f64,
    /// Factor on the forward, down.
    pub scenario_spot_down: f64,
    /// Weight at expiry.
    pub basis_cont_add_factor: f64,
    /// Weight per year to expiry.
    pub basis_cont_mult_factor: f64,
}

/// Charges by notional, for low confidence and for a lost peg. What begins
/// with `im_` comes on top of its `mm_` for initial margin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherContingency {
    /// Price of the quote stablecoin below which its peg counts as lost.
    pub peg_loss_threshold: f64,
    /// What `threshold - price` adds to the initial loss factor, times this.
    pub peg_loss_factor: f64,
    /// Confidence below which a feed is charged, for initial margin.
    pub conf_threshold: f64,
    /// Charge per notional and missing confidence.
    pub conf_margin: f64,
    /// Charge per notional of perpetuals and futures.
    pub mm_perp_percent: f64,
    /// Added for initial margin.
    pub im_perp_percent: f64,
    /// Charge per notional of naked shorts.
    pub mm_option_percent: f64,
    /// Added for initial margin.
    pub im_option_percent: f64,
}

/// A floor under the loss: with `L` and `H` the sums of positive and negative
/// deltas and `S` spot, `S (net |L - H| + hedged min(L, H) + short naked)`,
/// `naked` being the options short after netting by expiry and strike.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinimumCharge {
    /// Fraction of the net delta's notional.
    pub net_delta_percent: f64,
    /// Fraction of the hedged delta's notional, at most twice the former.
    pub hedged_delta_percent: f64,
    /// Fraction of spot per naked short option.
    pub short_option_percent: f64,
    /// Whether it is a floor under all that is lost, with what is added to the worst loss:
    /// `max(worst + added, minimum)`. Otherwise it is one under the worst loss alone:
    /// `max(worst, minimum) + added`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_all: bool,
}

/// A tier of the minimum charge: what of it is beyond `from` counts so many times. OKX's
/// MR7 is so tiered by the size of the charge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinimumTier {
    /// The charge from which on it counts more, in the currency of prices.
    pub from: f64,
    /// How often it counts: 2 to 15.
    pub times: u8,
}

/// How a collateral counts: `value = amount price / stable_price`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralTerms {
    /// Whether its value moves with spot in the scenarios.
    pub is_risk_cancelling: bool,
    /// Fraction of its value charged.
    pub mm_haircut: f64,
    /// Fraction added for initial margin.
    pub im_haircut: f64,
    /// Confidence below which it is charged; absent, `conf_threshold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence_factor: Option<f64>,
}

/// A charge for forwards that move against each other, on every position by
/// itself: `|delta in coins| * max(minimum_move, e^(annual_rate T) - 1) * index`
/// times a weight. `T` is in years, and 0 of a perpetual; the delta in coins of an
/// option is that of Black's formula less its value in coins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollShock {
    /// The least move.
    pub minimum_move: f64,
    /// How the move grows with time to expiry, per year.
    pub annual_rate: f64,
    /// The part that maintenance margin is charged.
    pub mm_weight: f64,
    /// What initial margin is charged on top.
    pub im_weight: f64,
}

/// A charge for expiries that move against each other, on the net delta of each:
/// `max(minimum_move, e^(annual_rate T) - 1) * |net delta|`, added to the worst loss
/// before its factors. `T` is in years; the perpetuals are an expiry with a `T` of 0.
/// The delta of an option in coins is that of Black's formula less its value in coins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpiryRoll {
    /// The least move.
    pub minimum_move: f64,
    /// How the move grows with time to expiry, per year.
    pub annual_rate: f64,
}

/// A charge on deltas of expiries that stand against each other, added to the worst loss
/// before its factors: `rate * min(L, H)`, `L` and `H` being the sums of the net deltas
/// above and below zero of expiries. The perpetuals are an expiry. SPAN's charge between
/// months and a venue's delta spread have this form.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpirySpread {
    /// Fraction of the notional of a spread's one side.
    pub rate: f64,
}

/// A charge on the account's net delta beyond a threshold: `rate * max(0, |net delta| -
/// from)`, added to the worst loss before its factors. Those of several tiers add up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeltaTier {
    /// The notional from which on it is charged, in the currency of prices.
    pub from: f64,
    /// The fraction of what is beyond.
    pub rate: f64,
}
