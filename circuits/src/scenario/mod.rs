//! The scenario family's circuit.
//!
//! It proves [`zkmargin_margin::scenario::Scenario`]'s relation. The slots are
//! the positions in canonical order, then padding: zero lots, zero cash and a
//! row of the prover's choice, in no expiry and left out of the commitment.
//! Beside them stand the expiries, by ascending key; those that no position is
//! in have free keys, and with them nothing but zeros are multiplied.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | M1, M2 | the used slots open the commitment, it the state root | `statement/state.rs` |
//! | M3 | every slot's row opens to one tree root; the header over it and the terms is `MARKET_ROOT` | `slot.rs`, `terms.rs`, `statement/market.rs` |
//! | M3 | a slot is in exactly the expiry whose packed terms its row holds | `expiry.rs` |
//! | M4 | ranges of every witness and of every sum; slots strictly ascending | `slot.rs`, `order.rs`, `sums.rs` |
//! | M5 | netting, sums, signs, minima, charges | `order.rs`, `expiry.rs`, `loss.rs`, `account.rs` |
//! | M6, M7 | claim and disclosure against the exact shortfall | `account.rs`, `statement/claim.rs` |
//!
//! **Rows are not unpacked.** An element holds three values 84 bits apart, each
//! below `2^45`. Quantities are at most `2^32` and slots at most 64, so a sum of
//! products is below `2^83` in each limb (two charges below `2^44` are added in
//! one), and has one form as three limbs below `2^72`, which is what the circuit
//! asks for: two forms would differ by a multiple of `2^84` in the lowest limb,
//! and by less. All limbs together stay below `2^252`, so nothing wraps.
//!
//! **Everything is exact.** Signs, minima and maxima are witnessed and pinned
//! from both sides: *below* proofs are made against an account, so no figure
//! may be only bounded.
//!
//! **Nothing wraps.** Sums are below `2^72`, factors below `2^48`. Profits and
//! losses of 12 expiries are so below `24 * 2^120 + 2^112 < 2^125`, as are the
//! basis loss and the minimum charge (naked lots are below `2^38` and the fee on
//! them below `2^45`, times `2^40`). Times a loss factor that is below `2^165`;
//! marks, cash and charges are below `2^88`, times `2^40 * 10^9` below `2^158`.
//! A deficit is below `2^166` and a shortfall below `2^97`; a balance that is
//! not negative has no losses in it and is below `2^160`.

mod account;
mod expiry;
mod hints;
mod loss;
mod order;
mod slot;
mod sums;
mod terms;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::relation::MarginFamily as _;
use zkmargin_margin::scenario::{FACTOR_ONE, Scenario, ScenarioWitness};
use zkmargin_margin::shape::Shape;

use crate::family::{FamilyCircuit, TooManyExpiries, TooManyPositions, Unprovable};
use crate::gadgets::layout::ColumnLayout;
use crate::gadgets::{GadgetConfig, Synthesizer};
pub use crate::statement::ClaimHints;
use crate::statement::{assign_public, claim, market, state};
use account::Account;
pub use hints::{Assignment, ExpiryHints, Signed, SlotHints, TermsHints, TotalsHints};

/// The circuit of a shape, with a witness or without.
#[derive(Clone, Debug)]
pub struct ScenarioCircuit<F: MarginField> {
    shape: Shape,
    assignment: Option<Assignment<F>>,
}

impl<F: MarginField> ScenarioCircuit<F> {
    /// The circuit with a witness. The witness is not checked: a false one
    /// gives a circuit that is not satisfied.
    ///
    /// # Errors
    /// When the positions exceed the shape's slots, or their expiries its
    /// expiries.
    pub fn new(
        shape: Shape,
        instance: MarginInstance<F>,
        witness: ScenarioWitness<F>,
    ) -> Result<Self, Unprovable> {
        let (positions, slots) = (witness.account.slots.len(), shape.scenario_positions());
        if positions > slots {
            return Err(TooManyPositions { positions, shape, slots }.into());
        }
        let (expiries, slots) = (hints::expiries_of(&witness).len(), shape.scenario_expiries());
        if expiries > slots {
            return Err(TooManyExpiries { expiries, shape, slots }.into());
        }
        Ok(Self { shape, assignment: Some(Assignment::new(shape, &instance, witness)) })
    }

    /// The prover's choices, to be changed at will: how a test lies.
    pub fn assignment_mut(&mut self) -> Option<&mut Assignment<F>> {
        self.assignment.as_mut()
    }

    /// A part of the assignment, when there is one.
    fn value<'a, T>(&'a self, part: impl FnOnce(&'a Assignment<F>) -> T) -> Value<T> {
        self.assignment.as_ref().map_or_else(Value::unknown, |known| Value::known(part(known)))
    }
}

impl<F: MarginField> FamilyCircuit<F> for ScenarioCircuit<F> {
    type Family = Scenario<F>;

    const VERSION: u16 = 2;

    fn k(shape: Shape) -> u32 {
        match (ColumnLayout::of::<F>(), shape) {
            (ColumnLayout::Wide, Shape::Small) => 12,
            (ColumnLayout::Wide, Shape::Medium) => 13,
            (ColumnLayout::Tall, Shape::Small) => 14,
            (ColumnLayout::Wide, Shape::Large) | (ColumnLayout::Tall, Shape::Medium) => 15,
            (ColumnLayout::Tall, Shape::Large) => 17,
        }
    }

    fn positions(shape: Shape) -> usize {
        shape.scenario_positions()
    }

    fn blank(shape: Shape) -> Self {
        Self { shape, assignment: None }
    }

    fn checked(
        shape: Shape,
        instance: &MarginInstance<F>,
        witness: &ScenarioWitness<F>,
    ) -> Result<Self, Unprovable> {
        Scenario::check(instance, witness)?;
        let circuit = Self::new(shape, *instance, witness.clone())?;
        let has_unused = witness.account.slots.len() < shape.scenario_positions();
        if has_unused && !witness.has_padding() {
            return Err(Unprovable::Padding);
        }
        Ok(circuit)
    }
}

impl<F: MarginField> Circuit<F> for ScenarioCircuit<F> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter)?;
        let inputs = assign_public(s)?;
        let header = market::assign_header(s, &inputs, self.value(|a| a.witness.account.header))?;
        let one = s.constant("M3 denominator", F::from(u64::from(FACTOR_ONE)))?;
        s.equal(header.denominator.cell(), &one)?;
        let claim = claim::assign(s, &inputs, self.value(|a| &a.claim))?;
        let terms = terms::assign(s, self.value(|a| &a.terms))?;

        let mut expiries = Vec::new();
        for index in 0..self.shape.scenario_expiries() {
            s.scope(format!("expiry {index}"));
            let hints = self.value(|a| &a.expiries[index]);
            expiries.push(expiry::Expiry::new(s, expiries.last(), hints)?);
        }
        let mut account = Account::new(s, self.value(|a| &a.totals))?;
        let mut slots: Vec<slot::SlotCells<F>> = Vec::new();
        for index in 0..self.shape.scenario_positions() {
            s.scope(format!("slot {index}"));
            let hints = self.value(|a| &a.slots[index]);
            let slot = slot::assign(s, hints)?;
            expiry::assign_membership(s, &mut expiries, &slot, hints)?;
            account.add(s, &slot, slots.last(), hints)?;
            slots.push(slot);
        }
        account.finish(s, &inputs, (&terms, &claim), &expiries, self.value(|a| a))?;

        let roots = slots.iter().map(|slot| &slot.row.tree_root);
        market::constrain_root(s, &inputs, &header, &terms.digest, roots)?;
        let committed: Vec<_> = slots.iter().map(|slot| &slot.committed).collect();
        state::assign(s, &inputs, &committed, self.value(|a| &a.witness.account))
    }
}
