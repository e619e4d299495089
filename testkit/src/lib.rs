//! The soundness harness: what would have caught the bugs that positive tests
//! and golden keys let through.
//!
//! A circuit is recorded once, cell by cell, through the public `Assignment`
//! trait; everything else works on the recording. It is generic over field and
//! circuit: each family runs under it in both column layouts.
//!
//! | module | holds |
//! |---|---|
//! | [`record`] | what a synthesis assigned: cells, fixed columns, selectors, copies, by name |
//! | [`check`] | a checker of our own, also of single changed cells; validated against the mock prover |
//! | [`tamper`] | every advice cell changed alone, and together with its copies |
//! | [`graph`] | the copy graph: nothing unconstrained, nothing unused, what each public input depends on |
//! | [`lie`] | every value of the prover changed, and all that follows computed from it again |
//! | [`rigidity`] | every gate linearised at an honest witness: no direction is left in which it can move |
//! | [`coverage`] | a lie for every named constraint, and which constraints a lie breaks alone |
//! | [`fault`] | seeded faults, and which part of the harness finds each |
//!
//! A family comes under the harness by one [`Subject`].

pub mod bounds;
pub mod check;
pub mod classes;
pub mod coverage;
pub mod equations;
mod expression;
pub mod fault;
pub mod graph;
pub mod lie;
pub mod linear;
pub mod record;
pub mod rigidity;
pub mod tamper;

pub use zkmargin_circuits::gadgets::hook::{Change, Plan};

use halo2_proofs::plonk::Circuit;
use zkmargin_margin::field::MarginField;

/// A satisfied circuit with its public inputs.
#[derive(Clone, Debug)]
pub struct Subject<F, C> {
    /// `log2` of the rows.
    pub k: u32,
    /// The circuit with its witness.
    pub circuit: C,
    /// The public inputs.
    pub rows: Vec<F>,
}

impl<F: MarginField, C: Circuit<F>> Subject<F, C> {
    /// Records the circuit under a plan.
    ///
    /// # Panics
    /// When it cannot be laid out: nothing can be tested then.
    pub fn record(&self, plan: &Plan) -> record::Recording<F> {
        plan.run(|| record::Recording::new(self.k, &self.circuit, &self.rows))
    }
}

/// A name without numbers: slots, levels and lanes of one kind are one class.
pub fn class(name: &str) -> String {
    let mut class = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !class.ends_with('#') {
            class.push(c);
        }
    }
    class
}
