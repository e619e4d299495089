//! Scenario (portfolio) margin, with options.
//!
//! Every instrument has one [`ScenarioRow`] in the public table: its value per
//! lot under 40 regular and 2 skew scenarios, its mark, the basis moves and the
//! charges. What an account owes is sums of quantities times these values, sign
//! selections, minima and netting: [`ScenarioMargin::assess`], all in exact
//! integers.
//!
//! Three scales: values and charges are whole quote units per lot; factors that
//! multiply sums of values (discounts, dampening, weights) are over
//! [`FINE_ONE`]; the loss factors are over [`FACTOR_ONE`]. Profits and losses
//! are in quote units times `FINE_ONE`, balances in quote units times
//! `FINE_ONE * FACTOR_ONE`. Nothing is rounded but the shortfall, up.
//!
//! An element of a row holds three signed values, [`LIMB_BITS`] apart. A
//! circuit multiplies and sums whole elements and unpacks the *sums*, which are
//! below `2^`[`SUM_BITS`] either way; it never unpacks a row.
//!
//! A market has one underlying or two, each with terms of its own. A row names its
//! underlying, and an account has sums, a worst loss and charges for each; what it is
//! asked for is their sum: [`AccountMargin`]. Nothing offsets between underlyings.

mod account;
mod levels;
mod relation;
mod row;
mod terms;
mod underlyings;
mod units;

pub use account::{ChargeSums, ExpirySums, MAX_GROSS_LOTS, MAX_LOTS, MIN_LOTS, ScenarioMargin};
pub use ethnum::I256;
pub use relation::{Scenario, ScenarioSlot, ScenarioWitness};
pub use row::{
    Charges, GROUP, GroupTerms, LIMB_BITS, ROW_E0, ROW_ELEMENTS, RowKind, ScenarioRow,
    VALUE_ELEMENTS, pack_limbs,
};
pub use terms::{
    DeltaTier, MarketTerms, MinimumCharge, OF_ALL_AT, ScenarioTerms, TERMS_ELEMENTS, TIMES_AT,
    TIMES_BITS,
};
pub use underlyings::AccountMargin;
pub use units::{
    AccountUnits, ExpiryKey, Fine, LossFactor, LotCharge, LotFee, LotValue, Rate, Times, Underlying,
};

/// Most underlyings of a market.
pub const MAX_UNDERLYINGS: usize = 2;
/// Regular scenarios; what a model does not use is zero.
pub const REGULAR_SCENARIOS: usize = 40;
/// All scenarios: the regular ones, the linear skew, the absolute skew.
pub const SCENARIOS: usize = REGULAR_SCENARIOS + 2;
/// The last so many of the regular scenarios can have a relief, or be a tier of the
/// minimum charge.
pub const RELIEFS: usize = 8;
/// The first scenario that can have a relief or be a tier.
pub const RELIEVED_FROM: usize = REGULAR_SCENARIOS - RELIEFS;
/// Tiers of the charge on the net delta.
pub const DELTA_TIERS: usize = 2;
/// Values of a row: the scenarios, the mark, the basis up and down.
pub const VALUES: usize = SCENARIOS + 3;
/// Place of the mark among a row's values.
pub const MARK: usize = SCENARIOS;
/// Places of the basis moves among a row's values, up and down.
pub const BASIS: [usize; 2] = [MARK + 1, MARK + 2];
/// One, on the scale of discounts, dampening and basis weights.
pub const FINE_ONE: u64 = 1 << 40;
/// One, on the scale of the loss factors; the header's denominator.
pub const FACTOR_ONE: u32 = 1_000_000_000;
/// Bits of a sum of an account, either way: 47 million million of the currency
/// at 8 decimals.
pub const SUM_BITS: u32 = 72;
