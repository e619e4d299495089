//! Every statement about accounts of every shape, the deep one with twice the scenarios
//! included: on the mock prover, over few scenarios at each run, over all when asked for.

use std::time::Instant;

use ff::Field;
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::simulation::{SimulationRow, SimulationTerms};
use zkmargin_margin::statement::transition::Aim;
use zkmargin_margin::units::Lots;

use super::*;
use crate::common::claim;
use crate::common::escrow::{EscrowCase, key, nonce};
use crate::common::transition::TransitionCase;
use crate::common::venue::VenueCase;

/// A market of a shape's scenarios, an account that meets its initial margin in it and one
/// that meets nothing.
struct World {
    market: SimulationMarket,
    shape: Shape,
    rich: Vec<Position>,
    poor: Vec<Position>,
}

impl World {
    fn new(shape: Shape, (rows, terms): (Vec<SimulationRow>, SimulationTerms)) -> Self {
        let market = SimulationMarket::<Fp>::of(rows, terms);
        Self { market, shape, rich: whole_book(), poor: whole_poor() }
    }

    /// An escrow is of the ciphertext that its digest says, and of no other.
    fn escrow<const M: usize>(&self) {
        let case = self.market.case(&self.rich, at_least(Level::Initial), 0);
        let case = EscrowCase::<Fp, SimulationFigures<Fp, M>>::of(
            (case.instance, case.witness),
            (key(), nonce()),
            self.shape,
        );
        assert_eq!(case.check(), Ok(()));
        let k = EscrowCircuit::<Fp, SimulationFigures<Fp, M>>::k(self.shape);
        let mut rows = case.public_rows();
        assert_eq!(failures(k, &case.circuit(), rows.clone()), BTreeSet::new());
        *rows.last_mut().unwrap() += Fp::ONE;
        assert_ne!(failures(k, &case.circuit(), rows), BTreeSet::new());
    }

    /// A venue flags who is below, and a flag left out is caught.
    fn venue<const M: usize>(&self) {
        type Case<const M: usize> = VenueCase<Fp, SimulationFigures<Fp, M>>;
        let text = "at-least:maintenance";
        let witness = |held: &[_]| self.market.case(held, claim(text), 0).witness;
        let (rich, poor) = (Some(witness(&self.rich)), Some(witness(&self.poor)));
        let leaves = vec![rich.clone(), poor, None, rich];
        let case = Case::<M>::new(claim(text), witness(&[]), leaves);
        let case = VenueCase { shape: self.shape, ..case };
        assert_eq!(case.check(), Ok(()));
        let counts = case.instance.counts;
        assert_eq!((counts.accounts, counts.flagged), (3, 1));
        let k = VenueCircuit::<Fp, SimulationFigures<Fp, M>, 1>::k(self.shape);
        assert_eq!(failures(k, &case.circuit(), case.public_rows()), BTreeSet::new());
        let spared = case.lie(|all| all.leaves[1].flagged = Fp::ZERO);
        let failing = failures(k, &spared, case.public_rows());
        let label = "leaf 1 account: M6 at least";
        assert!(failing.iter().any(|name| name.contains(label)), "{failing:?}");
    }

    /// A change leads to an account that meets its initial margin, and to no other.
    fn transition<const M: usize>(&self) {
        let mut after = self.rich.clone();
        after[0].quantity = Lots::new(after[0].quantity.get() - 1);
        let before = self.market.case(&self.rich, at_least(Level::Initial), 0);
        let slot = |position: &Position| self.market.slot(position);
        let case = TransitionCase::<Fp, SimulationFigures<Fp, M>>::new(
            (before.instance, before.witness),
            &after,
            Aim::Meets(Level::Initial),
            slot,
        );
        let case = TransitionCase { shape: self.shape, ..case };
        assert_eq!(case.check(), Ok(()));
        let k = TransitionCircuit::<Fp, SimulationFigures<Fp, M>>::k(self.shape);
        let mut rows = case.public_rows();
        assert_eq!(failures(k, &case.circuit(), rows.clone()), BTreeSet::new());
        *rows.last_mut().unwrap() += Fp::ONE;
        assert_ne!(failures(k, &case.circuit(), rows), BTreeSet::new());
    }

    #[allow(clippy::print_stdout, reason = "seconds are what the long run is for")]
    fn all<const M: usize>(&self) {
        type Check<T> = fn(&T);
        let parts: [(&str, Check<Self>); 3] = [
            ("transition", Self::transition::<M>),
            ("escrow", Self::escrow::<M>),
            ("venue", Self::venue::<M>),
        ];
        for (name, run) in parts {
            let start = Instant::now();
            run(self);
            println!("{name}, {} of {M}: {:.1?}", self.shape, start.elapsed());
        }
    }
}

#[test]
fn every_statement_is_of_twice_the_scenarios_too() {
    World::new(Shape::Deep, (deep_rows(), deep_terms())).all::<N>();
}

/// In the circuits that have keys: `cargo test -p zkmargin-circuits --test all simulation::
/// every_statement -- --ignored --nocapture`.
#[test]
#[ignore = "mock proofs of up to 2^18 rows: minutes"]
fn every_statement_is_of_every_shape() {
    for shape in [Shape::Small, Shape::Medium, Shape::Deep, Shape::Large] {
        World::new(shape, (whole_rows(shape), whole_terms(shape))).all::<SCENARIOS>();
    }
}
