//! The simulation family's figures in a circuit.
//!
//! They are specified by [`zkmargin_margin::simulation`]. The slots are the
//! positions in canonical order, then padding: zero lots, zero cash and a row of
//! the prover's choice, left out of the commitment. `N` is the number of scenarios,
//! of which the deep shape has twice as many.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | M1 | a slot's word, zero for padding | `../position.rs` |
//! | M3 | every slot's row opens to a tree root; the terms, of `N` scenarios, and their digest | `slot.rs`, `terms.rs` |
//! | M4 | ranges of every witness and of every sum; slots strictly ascending | `../position.rs`, `slot.rs`, `account.rs` |
//! | M5 | sums, the tail and its least loss, the largest stress loss, charges | `account.rs`, `tail.rs`, `outcome.rs` |
//! | M6 | the claim's side against the exact balance | `outcome.rs`, `../side.rs` |
//!
//! The other clauses are the statement's: [`crate::statement`].
//!
//! **Rows are not unpacked.** An element holds four gains 63 bits apart, each below
//! `2^32` either way. Lots are at most `2^24` and slots at most 64, so a sum of
//! products is below `2^62` in each limb, and has one form as limbs from `-2^55` to
//! below `2^55`, which is what the circuit asks for: two forms would differ by a
//! multiple of `2^63` in the lowest limb, and by less. All limbs together stay below
//! `2^252` either way, so nothing wraps.
//!
//! **No sort.** The `m` worst scenarios are marked by bits. With a threshold `t`, a
//! marked profit or loss is at most `t` and every other at least `t`; `m` are marked;
//! and `t` is one of the marked. So the marked sum is that of the `m` worst and `t` is
//! the `m`-th, whichever of equal ones are marked: both are exact in both
//! directions, as *below* proofs are made against an account.
//!
//! **Nothing wraps.** The tail's sum is below `2^64`, other losses below `2^56`,
//! weights below `2^48`, so a risk is below `2^113`. Charges and what is reserved are
//! below `2^81`, times `2^40`, so a requirement is below `2^122` and below `2^147`
//! times a multiplier. Equity is below `2^87`, times `2^40 * 10^4` below `2^141`; a
//! balance that is not negative is no larger. A shortfall is below `2^95`.

mod account;
mod figures;
mod hints;
mod outcome;
mod slot;
mod tail;
mod terms;

use crate::gadgets::layout::Usual;
use crate::statement::margin;
pub use figures::SimulationFigures;
pub use hints::{Hints, SlotHints, TermsHints, TotalsHints};

pub use zkmargin_margin::shape::SCENARIOS;

/// The margin circuit of the family over `N` scenarios.
pub type SimulationCircuit<F, const N: usize = SCENARIOS, L = Usual> =
    margin::MarginCircuit<F, SimulationFigures<F, N>, L>;
/// Everything its prover chooses.
pub type Assignment<F, const N: usize = SCENARIOS> = margin::Assignment<F, SimulationFigures<F, N>>;
