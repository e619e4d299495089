//! The settlement family's figures in a circuit.
//!
//! They are specified by [`zkmargin_margin::settlement`]. The slots are the positions
//! in canonical order, then padding: zero lots, zero cash and a row of the prover's
//! choice, left out of the commitment.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | M1 | a slot's word, zero for padding | `../position.rs` |
//! | M3 | every slot's row opens to a tree root; strikes of an expiry ascend | `slot.rs`, `order.rs` |
//! | M4 | ranges of every witness; slots strictly ascending, where an expiry ends | `../position.rs`, `slot.rs`, `order.rs` |
//! | M5 | charges, what an expiry loses at each strike, the lesser of both | `figures.rs`, `expiry.rs` |
//! | M6 | the claim's side against the exact balance | `outcome.rs`, `../side.rs` |
//!
//! The other clauses are the statement's: [`crate::statement`].
//!
//! **Where an expiry is.** An instrument's number begins with a bit that options alone
//! have and the expiry, and slots ascend by it: options of an expiry are neighbours. A
//! bit of the prover's says whether a slot continues the expiry before it; it must
//! where the expiries are equal, and must not where they differ or the slot stands
//! behind all positions.
//!
//! **What an expiry loses.** With `N` and `M` the sums of lots and of lots times
//! strikes up to an option of strike `K`, and `P`, `Q` those of all puts of the expiry,
//! `V(K) = Q - M + K (N - P)`, for strikes ascend: calls beyond `K` and puts below it pay
//! nothing. `V(0) = Q`. The sums over the whole expiry come from a second pass, from
//! the last slot to the first, and are no witnesses. The largest loss so far is one
//! too: `max(a, b)` is `a` and the positive part of `b - a`, whose sign is the only
//! freedom. Where there are no lots is no point of the loss: a bit says whether there are,
//! and is what it must be by an inverse.
//!
//! **Nothing wraps.** Figures of a row are below `2^48`, lots at most `2^32` and slots
//! at most 128, so sums are below `2^87`; what options pay is a sum of lots times at
//! most a strike and so below it too. A loss and what a naked call is charged are below
//! `2^88` together. A requirement is below `2^90`, times a multiplier below `2^115`,
//! equity below `2^88` times `2^14`: a balance that is not negative is below `2^102`, and
//! a shortfall below `2^102`.

mod expiry;
mod figures;
mod hints;
mod order;
mod outcome;
mod slot;

use crate::gadgets::layout::Usual;
use crate::statement::margin;
pub use figures::SettlementFigures;
pub use hints::{Hints, SlotHints};

/// The margin circuit of the family.
pub type SettlementCircuit<F, L = Usual> = margin::MarginCircuit<F, SettlementFigures<F>, L>;
/// Everything its prover chooses.
pub type Assignment<F> = margin::Assignment<F, SettlementFigures<F>>;
