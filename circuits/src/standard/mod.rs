//! The standard family's figures in a circuit.
//!
//! They are specified by [`zkmargin_margin::standard`]. The slots are the
//! positions in canonical order, then padding; a padding slot runs every
//! constraint of a position with zero lots, zero cash and a row of the
//! prover's choice, and is left out of the commitment.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | M1 | a slot's word, zero for padding | `slot.rs` |
//! | M3 | every slot's row opens to a tree root | `slot.rs` |
//! | M4 | ranges of every witness; slots strictly ascending by bucket and instrument | `slot.rs`, `order.rs` |
//! | M5 | notional, tier, charges with witnessed quotients; bucket sums | `slot.rs`, `account.rs` |
//! | M6 | the claim's side against the summed shortfall; the bound on leverage | `account.rs` |
//!
//! The other clauses are the statement's: [`crate::statement`].
//!
//! No sum can wrap: a slot's equity and requirement are below 2^82, the
//! requirement times the multiplier below 2^107; a bucket sums at most 128 of
//! them and is range-checked to 112 bits where it is compared, and the shortfall
//! sums at most 129 such gaps. A bound on leverage multiplies equities and
//! notionals of 89 bits by 2^48 at most.

mod account;
mod hints;
mod order;
mod slot;

use crate::gadgets::layout::Usual;
use crate::statement::margin;
pub use account::StandardFigures;
pub use hints::{Division, Hints, SlotHints};

/// The margin circuit of the family.
pub type StandardCircuit<F, L = Usual> = margin::MarginCircuit<F, StandardFigures<F>, L>;
/// Everything its prover chooses.
pub type Assignment<F> = margin::Assignment<F, StandardFigures<F>>;
