//! The family as a statement sees it: terms, slots, the account.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::{DEEP, Shape};
use zkmargin_margin::simulation::{Simulation, SimulationWitness};

use super::account::Account;
use super::hints::Hints;
use super::slot::{self, SimulationSlot};
use super::terms::{self, TermsCells};
use crate::family::{TooManyPositions, Unprovable};
use crate::figures::{Boundary, FamilyFigures, Outcome};
use crate::gadgets::layout::ColumnLayout;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::{ClaimCells, ClaimHints};
use crate::statement::market::HeaderCells;

/// The market's terms, and the sums so far.
#[derive(Debug)]
pub struct SimulationFigures<F: MarginField, const N: usize> {
    claim: ClaimCells<F>,
    /// What is reserved for open orders.
    reserved: Cell<F>,
    terms: TermsCells<F>,
    account: Account<F>,
    scenarios: usize,
}

/// The scenarios of a shape, of which the others have `n`.
const fn scenarios(shape: Shape, n: usize) -> usize {
    match shape {
        Shape::Small | Shape::Medium | Shape::Large => n,
        Shape::Deep => DEEP * n,
        // Of the scenario family alone: no key is made of one.
        Shape::Huge | Shape::Multi | Shape::MultiLarge => 0,
    }
}

impl<F: MarginField, const N: usize> FamilyFigures<F> for SimulationFigures<F, N> {
    type Family = Simulation<F>;
    type Hints = Hints<F>;
    type Terms = TermsCells<F>;
    type Slot = SimulationSlot<F>;

    const VERSION: u16 = 1;
    const HAS_NOTIONAL: bool = false;

    /// A slot takes `7 + 1 + (columns / 4 - 3) / 3` permutations, of 28 rows each in
    /// the wide layout and 56 in the tall one.
    fn k(layout: ColumnLayout, shape: Shape) -> u32 {
        let ks = match (layout, scenarios(shape, N)) {
            (ColumnLayout::Wide, 0..=64) => [12, 13, 15],
            (ColumnLayout::Tall, 0..=64) => [13, 14, 16],
            (ColumnLayout::Wide, 65..=250) => [13, 14, 16],
            (ColumnLayout::Tall, 65..=250) => [15, 16, 17],
            (ColumnLayout::Wide, _) => [14, 15, 17],
            (ColumnLayout::Tall, _) => [16, 16, 18],
        };
        match shape {
            Shape::Small => ks[0],
            Shape::Medium | Shape::Deep | Shape::Multi => ks[1],
            Shape::Large | Shape::Huge | Shape::MultiLarge => ks[2],
        }
    }

    /// Lists and digests of a transition are beside the slots: of the 250 or 500 scenarios
    /// that have keys, they fit what is left of the margin circuit's rows in all but
    /// one shape.
    fn transition_k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape, N) {
            (ColumnLayout::Tall, Shape::Large | Shape::Deep, 65..=250) => {
                Self::k(layout, shape) + 1
            }
            (_, _, 65..=250) => Self::k(layout, shape),
            _ => Self::k(layout, shape) + 1,
        }
    }

    /// Of the 250 or 500 scenarios that have keys, an escrow fits what is left of the margin
    /// circuit's rows in every shape.
    fn escrow_k(layout: ColumnLayout, shape: Shape) -> u32 {
        match N {
            65..=250 => Self::k(layout, shape),
            _ => Self::k(layout, shape) + 1,
        }
    }

    fn netting_k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape, N) {
            (ColumnLayout::Tall, Shape::Small | Shape::Medium, 65..=250)
            | (ColumnLayout::Wide, Shape::Large | Shape::Deep, 65..=250) => Self::k(layout, shape),
            _ => Self::k(layout, shape) + 1,
        }
    }

    fn positions(shape: Shape) -> usize {
        shape.simulation_positions()
    }

    fn fits(shape: Shape, witness: &SimulationWitness<F>) -> Result<(), Unprovable> {
        if witness.terms.scenarios() != scenarios(shape, N) {
            return Err(Violation::Terms.into());
        }
        let (positions, slots) = (witness.account.slots.len(), shape.simulation_positions());
        match positions > slots {
            true => Err(TooManyPositions { positions, shape, slots }.into()),
            false => Ok(()),
        }
    }

    fn hints(shape: Shape, of: (&ClaimHints<F>, F), witness: &SimulationWitness<F>) -> Hints<F> {
        Hints::new(shape, of, witness)
    }

    fn close(hints: &mut Hints<F>, index: usize) {
        hints.slots[index].padding = F::ONE;
    }

    fn constrain_header<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        header: &HeaderCells<F>,
    ) -> Result<(), Error> {
        let one = s.one();
        s.equal(header.denominator.cell(), &one)
    }

    fn terms<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        shape: Shape,
        hints: Value<&Hints<F>>,
    ) -> Result<TermsCells<F>, Error> {
        terms::assign(s, scenarios(shape, N), hints.map(|h| &h.terms))
    }

    fn begin<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        shape: Shape,
        (_, terms, claim, reserved): (&HeaderCells<F>, &TermsCells<F>, ClaimCells<F>, &Cell<F>),
        _: Value<&Hints<F>>,
    ) -> Result<Self, Error> {
        let scenarios = scenarios(shape, N);
        let account = Account::new(s, scenarios);
        Ok(Self { claim, reserved: reserved.clone(), terms: terms.clone(), account, scenarios })
    }

    fn slot<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        hints: Value<&Hints<F>>,
    ) -> Result<SimulationSlot<F>, Error> {
        slot::assign(s, self.scenarios, hints.map(|h| &h.slots[index]))
    }

    fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        previous: Option<&SimulationSlot<F>>,
        slot: &SimulationSlot<F>,
        _: (usize, Value<&Hints<F>>),
    ) -> Result<Option<Boundary<F>>, Error> {
        if let Some(previous) = previous {
            slot::order(s, previous, slot)?;
        }
        self.account.add(s, slot)?;
        Ok(None)
    }

    fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        hints: Value<&Hints<F>>,
    ) -> Result<Outcome<F>, Error> {
        let Self { claim, reserved, terms, account, scenarios } = self;
        let of = (&terms, &claim, &reserved);
        let (shortfall, equity) = account.finish(s, scenarios, of, hints.map(|h| &h.totals))?;
        Ok(Outcome { shortfall, equity, terms: terms.digest })
    }
}
