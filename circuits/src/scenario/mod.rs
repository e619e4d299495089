//! The scenario family's figures in a circuit.
//!
//! They are specified by [`zkmargin_margin::scenario`]. The slots are
//! the positions in canonical order, then padding: zero lots, zero cash and a
//! row of the prover's choice, in no expiry and left out of the commitment.
//! Beside them stand the expiries, by ascending key; those that no position is
//! in have free keys, and with them nothing but zeros are multiplied.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | M1 | a slot's word, zero for padding | `../position.rs` |
//! | M3 | every slot's row opens to a tree root; the terms, and their digest | `slot.rs`, `terms.rs` |
//! | M3 | a slot is in exactly the expiry whose packed terms its row holds | `expiry.rs` |
//! | M3 | over two underlyings: a slot's underlying is its row's, an expiry's that of every slot in it, and a strike has one | `slot.rs`, `expiry.rs`, `order.rs` |
//! | M4 | ranges of every witness and of every sum; slots strictly ascending | `../position.rs`, `slot.rs`, `order.rs`, `sums.rs` |
//! | M5 | netting, sums, signs, minima, charges | `order.rs`, `expiry.rs`, `loss.rs`, `account.rs`, `outcome.rs` |
//! | M6 | the claim's side against the exact balance | `outcome.rs`, `../side.rs` |
//!
//! The other clauses are the statement's: [`crate::statement`].
//!
//! **Rows are not unpacked.** An element holds three values 84 bits apart, each
//! below `2^45`. Quantities are at most `2^32`, and of 64 slots together at most
//! `2^38`, which a shape of more slots asks for (`M4 gross lots`); so a sum of
//! products is below `2^83` in each limb (two charges below `2^44` are added in
//! one), and has one form as three limbs below `2^72`, which is what the circuit
//! asks for: two forms would differ by a multiple of `2^84` in the lowest limb,
//! and by less. All limbs together stay below `2^252`, so nothing wraps.
//!
//! **Two underlyings.** The shapes `multi` and `multi-large` are for markets of two, all
//! others for markets of one; the headers' terms are digests of different domains, so no
//! shape proves anything about a market of the other kind. Each underlying has terms,
//! sums, a worst loss and a loss factor of its own, and what is lost is the sum; cash,
//! marks, charges and what is reserved are the account's. The place of an underlying is
//! that of its terms in the header, and a bit of the row's leaf: nothing to choose. An
//! expiry has a bit that the prover writes, and every slot in it must have the same; as
//! keys ascend over both, no expiry stands in two places. Sums are taken over all slots
//! and over those of the second underlying, and those of the first are the difference.
//!
//! **Tiers of the minimum charge** stand in the last regular scenarios, which have a relief
//! each: a candidate for the worst loss is then so many times the charge less the relief,
//! and a set with tiers has nothing else in these scenarios. How often is four bits. So they
//! take no range checks, of which the smallest circuits have none to spare. Where the charge
//! is of all that is lost, what is added to the worst loss is taken off these candidates.
//!
//! **Everything is exact.** Signs, minima and maxima are witnessed and pinned
//! from both sides: *below* proofs are made against an account, so no figure
//! may be only bounded.
//!
//! **Nothing wraps.** Sums are below `2^72`, factors below `2^48`, reliefs and
//! thresholds of tiers below `2^60`. Profits and losses of 12 expiries are so below
//! `24 * 2^120 + 2^112 < 2^125`, as are the basis loss and the minimum charge (naked
//! lots are below `2^38` and the fee on them below `2^45`, times `2^40`); with what
//! is added, the basis loss and two tiers below `2^120` each, a loss is below
//! `2^126`; at most 15 times a minimum charge that is below `2^123` is below `2^127`.
//! Times a loss factor that is below `2^167`; marks, cash, charges and what
//! is reserved are below `2^88`, times `2^40 * 10^9` below `2^158`. What is required
//! is so below `2^168`, and what a multiplier adds to it below `2^192`. Balances are
//! in ten-thousandths beside: a deficit is below `2^193` and a shortfall below
//! `2^110`, which is asked to be below `2^104`; a
//! balance that is not negative has no losses in it and is below `2^173`. Over two
//! underlyings losses are two such sums of which the expiries are no more: a deficit is
//! below `2^194` and a shortfall below `2^111`.

mod account;
mod expiry;
mod figures;
mod hints;
mod loss;
mod order;
mod outcome;
mod slot;
pub(crate) mod sums;
mod terms;

use crate::gadgets::layout::Usual;
use crate::statement::margin;
pub use figures::ScenarioFigures;
pub use hints::{ExpiryHints, Hints, Signed, SlotHints, TermsHints, TotalsHints, UnderlyingHints};
pub(crate) use hints::{from_integer, to_integer};

/// The margin circuit of the family.
pub type ScenarioCircuit<F, L = Usual> = margin::MarginCircuit<F, ScenarioFigures<F>, L>;
/// Everything its prover chooses.
pub type Assignment<F> = margin::Assignment<F, ScenarioFigures<F>>;
