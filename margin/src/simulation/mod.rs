//! Margin by simulation: value at risk and expected shortfall over joint
//! scenarios of all underlyings of a market.
//!
//! Every instrument has one [`SimulationRow`] in the public table: what a lot
//! gains in each of `N` scenarios, in a few stress scenarios beside them, and
//! what it is worth. An account's profit or loss in a scenario is a sum over its
//! positions, so that positions in different underlyings offset each other as the
//! scenarios say, and nothing else is netted. [`SimulationMargin::assess`] does it
//! in exact integers.
//!
//! With `a` the lots, `g` the gains of the rows, and everything in whole quote
//! units:
//!
//! ```text
//! P(s)   = sum of a g(s)
//! S      = sum of the m largest losses -P(s) of the N scenarios
//! v      = the m-th largest of them
//! T      = the largest loss of the stress scenarios
//! risk   = es max(0, S) + var max(0, v) + stress max(0, T)      per level
//! equity = sum of a mark + cash
//! needed = risk + sum of |a| charge                             per level,
//!          and of initial margin what is reserved for open orders
//! ```
//!
//! The expected shortfall is `S / m`, whose `1 / m` is in the weight `es`; weights
//! are over [`WEIGHT_ONE`]. Nothing is rounded but the shortfall, up. Losses below
//! zero count as zero: a market that can only gain earns no margin. Weights of
//! initial margin are at least those of maintenance margin, so levels are in order.
//!
//! An element of a row holds four signed gains, [`LIMB_BITS`] apart. A circuit
//! multiplies and sums whole elements and unpacks the *sums*: gains are below
//! `2^`[`GAIN_BITS`], lots at most `2^`[`LOT_BITS`] and positions at most 64, so a
//! sum of products is below `2^62` in each limb, and has one form as limbs below
//! `2^`[`SUM_BITS`], which is asked for.

mod account;
mod relation;
mod row;
mod terms;

pub use account::{MAX_LOTS, MIN_LOTS, SimulationMargin};
pub use relation::{Simulation, SimulationSlot, SimulationWitness};
pub use row::{Charges, GainOutOfRange, ROW_E0, SimulationRow, pack_gains};
pub use terms::{InvalidTerms, SimulationTerms, TERMS_ELEMENTS, Weights};

/// Bits between the gains of an element.
pub const LIMB_BITS: u32 = 63;
/// Gains in an element.
pub const LIMBS: usize = 4;
/// A gain per lot is below two to this, either way; so is a charge.
pub const GAIN_BITS: u32 = 32;
/// Lots are at most two to this, either way.
pub const LOT_BITS: u32 = 24;
/// Sums of an account are below two to this, either way.
pub const SUM_BITS: u32 = 55;
/// The scale of weights: `2^40` is one.
pub const WEIGHT_ONE: u64 = 1 << 40;
/// A weight is below two to this.
pub const WEIGHT_BITS: u32 = 48;

/// Columns of a row beside its scenarios and the mark: stress scenarios, as many
/// as fill the last element.
pub const fn stress_columns(scenarios: usize) -> usize {
    // At least three, so that there is room for some.
    let least = scenarios + 3 + 1;
    least.next_multiple_of(LIMBS) - scenarios - 1
}

/// Columns of a row: scenarios, stress scenarios, the mark.
pub const fn columns(scenarios: usize) -> usize {
    scenarios + stress_columns(scenarios) + 1
}
