//! Circuits, in both layouts, against their statements written a second time
//! (`zkmargin_testkit::equations`): given the same choices of a prover, both accept
//! and refuse the same.

mod deleveraging;
mod escrow;
mod haircut;
mod netting;
mod scenario;
mod settlement;
mod simulation;
mod standard;
mod transition;
mod venue;

use halo2_proofs::plonk::Circuit;
use rayon::prelude::*;
use zkmargin_circuits::lowering::shape::CellRef;
use zkmargin_margin::field::MarginField;
use zkmargin_testkit::check::{Changes, Checker, Constraint};
use zkmargin_testkit::equations::{Statement, Wires, broken};
use zkmargin_testkit::record::{Recording, advice};

fn is_long() -> bool {
    std::env::var("ZKMARGIN_HARNESS").is_ok_and(|mode| mode == "long")
}

/// A lie about what a prover chooses, with its name.
type Named<A> = (String, Box<dyn Fn(&mut A) + Sync>);

/// A choice of fields, as the type that [`lies_about`] takes.
fn fields<A, F, P: Fn(&mut A) -> Vec<&mut F>>(of: P) -> P {
    of
}

/// One field changed at a time, in a way that differs from field to field, by request
/// in five. What follows from it is worked out by `solve`, so that the lie itself is all
/// there is to catch.
fn lies_about<A: 'static, F: MarginField>(
    name: &str,
    honest: &mut A,
    solve: fn(&mut A),
    of: impl Fn(&mut A) -> Vec<&mut F> + Copy + Sync + 'static,
) -> Vec<Named<A>> {
    let changes: [fn(F, F) -> F; 5] =
        [|x, _| x + F::ONE, |x, _| x - F::ONE, |x, _| -x, |x, by| x + by, |x, _| F::ONE - x];
    let mut lies: Vec<Named<A>> = Vec::new();
    for field in 0..of(honest).len() {
        for (i, change) in changes.into_iter().enumerate() {
            if !is_long() && i != field % changes.len() {
                continue;
            }
            let by = F::from(2).pow_vartime([[16, 32, 72, 84, 128][field % 5]]);
            let lie = move |a: &mut A| {
                let field = of(a).swap_remove(field);
                *field = change(*field, by);
                solve(a);
            };
            lies.push((format!("{name}: field {field}, change {i}"), Box::new(lie)));
        }
    }
    lies
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
        told: impl Fn(&L) -> C + Sync,
        wires: impl Fn(&[F], &mut C) -> Wires<F> + Sync,
    ) -> (usize, usize) {
        self.agree_on_published_lies(honest, lies, &[], told, wires)
    }

    /// The same with these public inputs as each lie's circuit computes them: what a liar
    /// publishes.
    fn agree_on_published_lies<C: Circuit<F>, L: Sync>(
        &self,
        honest: &C,
        lies: &[(String, L)],
        published: &[(usize, &str)],
        told: impl Fn(&L) -> C + Sync,
        wires: impl Fn(&[F], &mut C) -> Wires<F> + Sync,
    ) -> (usize, usize) {
        let honest = Recording::new(self.k, honest, &self.rows);
        let checker = Checker::new(&honest);
        let published: Vec<Published> =
            published.iter().map(|input| Published::find(&honest, *input)).collect();
        let accepted = lies.par_iter().filter(|(name, lie)| {
            let (mut circuit, mut rows) = (told(lie), self.rows.clone());
            let cells = Recording::advice(self.k, &circuit, &self.rows);
            let mut changes = Changes::new();
            for (column, (told, honest)) in cells.iter().zip(&honest.advice).enumerate() {
                let differ = told.iter().zip(honest).enumerate().filter(|(_, (a, b))| a != b);
                changes.extend(differ.map(|(row, (a, _))| (advice(column, row), a.unwrap())));
            }
            for Published { row, computed, .. } in &published {
                rows[*row] = changes.get(computed).copied().unwrap_or(rows[*row]);
            }
            let mut circuits = checker.check(&changes);
            circuits.retain(|c| published.iter().all(|of| *c != Constraint::Copy(of.equality)));
            let own = broken(&self.list, wires(&rows, &mut circuit));
            let names: Vec<_> = circuits.iter().take(4).map(|c| checker.name(c)).collect();
            assert_eq!(circuits.is_empty(), own.is_empty(), "{name}: {own:?}, {names:?}");
            own.is_empty()
        });
        (lies.len(), accepted.count())
    }
}

/// A public input that one equality alone is about: whoever chooses the input keeps the
/// equality.
struct Published {
    row: usize,
    /// The copy that is the equality.
    equality: usize,
    /// The cell that the circuit computes.
    computed: CellRef,
}

impl Published {
    fn find<F: MarginField>(honest: &Recording<F>, (row, name): (usize, &str)) -> Self {
        let region = format!("public: {name}");
        let cell = honest.cell(&region, "public input").unwrap().at;
        let copies = honest.copies.iter().enumerate().filter(|(_, copy)| {
            [copy.left, copy.right].contains(&cell) && honest.regions[copy.region] != region
        });
        let copies: Vec<_> = copies.collect();
        assert_eq!(copies.len(), 1, "{name} is in an equality alone");
        let (equality, copy) = copies[0];
        let computed = if copy.left == cell { copy.right } else { copy.left };
        Self { row, equality, computed }
    }
}
