//! Circuits, in both layouts, against their statements written a second time
//! (`zkmargin_testkit::equations`): given the same choices of a prover, both accept
//! and refuse the same.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

#[path = "../../circuits/tests/common/mod.rs"]
mod fixtures;
#[path = "statement/scenario.rs"]
mod scenario;
#[path = "statement/standard.rs"]
mod standard;

use halo2_proofs::plonk::Circuit;
use rayon::prelude::*;
use zkmargin_margin::field::MarginField;
use zkmargin_testkit::check::{Changes, Checker};
use zkmargin_testkit::equations::{Statement, Wires, broken};
use zkmargin_testkit::record::{Recording, advice};

fn is_long() -> bool {
    std::env::var("ZKMARGIN_HARNESS").is_ok_and(|mode| mode == "long")
}

/// A circuit's size, its public inputs, and the second statement of it.
struct Both<F> {
    k: u32,
    rows: Vec<F>,
    list: Vec<Statement<F>>,
}

impl<F: MarginField> Both<F> {
    /// Compares the verdicts on a circuit and on its wires; returns them.
    #[track_caller]
    fn agree<C: Circuit<F>>(&self, circuit: &C, wires: Wires<F>) -> bool {
        let recording = Recording::new(self.k, circuit, &self.rows);
        let circuits = Checker::new(&recording).check_all();
        let own = broken(&self.list, wires);
        assert_eq!(circuits.is_empty(), own.is_empty(), "{own:?}, {circuits:?}");
        own.is_empty()
    }

    /// Compares the verdicts on lies about an honest circuit; returns how many were
    /// told, and how many both accept.
    fn agree_on_lies<C: Circuit<F>, L: Sync>(
        &self,
        honest: &C,
        lies: &[(String, L)],
        told: impl Fn(&L) -> (C, Wires<F>) + Sync,
    ) -> (usize, usize) {
        let honest = Recording::new(self.k, honest, &self.rows);
        let checker = Checker::new(&honest);
        let accepted = lies.par_iter().filter(|(name, lie)| {
            let (circuit, wires) = told(lie);
            let cells = Recording::advice(self.k, &circuit, &self.rows);
            let mut changes = Changes::new();
            for (column, (told, honest)) in cells.iter().zip(&honest.advice).enumerate() {
                let differ = told.iter().zip(honest).enumerate().filter(|(_, (a, b))| a != b);
                changes.extend(differ.map(|(row, (a, _))| (advice(column, row), a.unwrap())));
            }
            let circuits = checker.check(&changes);
            let own = broken(&self.list, wires);
            let names: Vec<_> = circuits.iter().take(4).map(|c| checker.name(c)).collect();
            assert_eq!(circuits.is_empty(), own.is_empty(), "{name}: {own:?}, {names:?}");
            own.is_empty()
        });
        (lies.len(), accepted.count())
    }
}
