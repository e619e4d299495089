//! The family as a statement sees it: terms, expiries, slots, the account.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::{FACTOR_ONE, Scenario, ScenarioWitness};
use zkmargin_margin::shape::Shape;

use super::account::Account;
use super::expiry::{self, Expiry};
use super::hints::{self, Hints};
use super::slot::{self, ScenarioSlot};
use super::terms::{self, MarketTermsCells};
use crate::family::{OtherUnderlyings, TooManyExpiries, TooManyPositions, Unprovable};
use crate::figures::{Boundary, FamilyFigures, Outcome};
use crate::gadgets::layout::ColumnLayout;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::{ClaimCells, ClaimHints};
use crate::statement::market::HeaderCells;

/// The market's terms, the expiries, and the sums so far.
#[derive(Debug)]
pub struct ScenarioFigures<F: MarginField> {
    claim: ClaimCells<F>,
    /// What is reserved for open orders.
    reserved: Cell<F>,
    terms: MarketTermsCells<F>,
    expiries: Vec<Expiry<F>>,
    account: Account<F>,
}

impl<F: MarginField> FamilyFigures<F> for ScenarioFigures<F> {
    type Family = Scenario<F>;
    type Hints = Hints<F>;
    type Terms = MarketTermsCells<F>;
    type Slot = ScenarioSlot<F>;

    const VERSION: u16 = 5;
    const HAS_NOTIONAL: bool = false;

    /// There is no deep shape: no key is made of one.
    fn k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape) {
            (ColumnLayout::Wide, Shape::Small) => 12,
            (ColumnLayout::Wide, Shape::Medium | Shape::Deep | Shape::Multi) => 13,
            (ColumnLayout::Tall, Shape::Small) => 14,
            (ColumnLayout::Wide, Shape::Large | Shape::MultiLarge)
            | (ColumnLayout::Tall, Shape::Medium | Shape::Deep | Shape::Multi) => 15,
            (ColumnLayout::Wide, Shape::Huge) => 16,
            (ColumnLayout::Tall, Shape::Large | Shape::MultiLarge) => 17,
            (ColumnLayout::Tall, Shape::Huge) => 18,
        }
    }

    fn transition_k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape) {
            (ColumnLayout::Wide, _) | (ColumnLayout::Tall, Shape::Multi) => {
                Self::k(layout, shape) + 1
            }
            (ColumnLayout::Tall, _) => Self::k(layout, shape),
        }
    }

    fn escrow_k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape) {
            (_, Shape::Small)
            | (ColumnLayout::Wide, Shape::Medium | Shape::Multi | Shape::MultiLarge) => {
                Self::k(layout, shape) + 1
            }
            _ => Self::k(layout, shape),
        }
    }

    fn netting_k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape) {
            (ColumnLayout::Tall, Shape::Large) => Self::k(layout, shape),
            _ => Self::k(layout, shape) + 1,
        }
    }

    fn positions(shape: Shape) -> usize {
        shape.scenario_positions()
    }

    fn fits(shape: Shape, witness: &ScenarioWitness<F>) -> Result<(), Unprovable> {
        let (positions, slots) = (witness.account.slots.len(), shape.scenario_positions());
        if positions > slots {
            return Err(TooManyPositions { positions, shape, slots }.into());
        }
        let (underlyings, allowed) = (witness.terms.underlyings(), shape.scenario_underlyings());
        if underlyings != allowed {
            return Err(OtherUnderlyings { underlyings, shape, allowed }.into());
        }
        let (expiries, slots) = (hints::expiries_of(witness).len(), shape.scenario_expiries());
        if expiries > slots {
            return Err(TooManyExpiries { expiries, shape, slots }.into());
        }
        Ok(())
    }

    fn hints(shape: Shape, of: (&ClaimHints<F>, F), witness: &ScenarioWitness<F>) -> Hints<F> {
        Hints::new(shape, of, witness)
    }

    fn close(hints: &mut Hints<F>, index: usize) {
        let slot = &mut hints.slots[index];
        slot.padding = F::ONE;
        // It is in no expiry: it has nothing to add to one.
        slot.members.fill(F::ZERO);
    }

    fn constrain_header<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        header: &HeaderCells<F>,
    ) -> Result<(), Error> {
        let one = s.constant("M3 denominator", F::from(u64::from(FACTOR_ONE)))?;
        s.equal(header.denominator.cell(), &one)
    }

    fn terms<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        shape: Shape,
        hints: Value<&Hints<F>>,
    ) -> Result<MarketTermsCells<F>, Error> {
        terms::assign_each(s, shape.scenario_underlyings(), hints)
    }

    fn begin<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        shape: Shape,
        (_, terms, claim, reserved): (
            &HeaderCells<F>,
            &MarketTermsCells<F>,
            ClaimCells<F>,
            &Cell<F>,
        ),
        hints: Value<&Hints<F>>,
    ) -> Result<Self, Error> {
        let underlyings = shape.scenario_underlyings();
        let mut expiries = Vec::new();
        for index in 0..shape.scenario_expiries() {
            s.scope(format!("expiry {index}"));
            let hints = hints.map(|h| &h.expiries[index]);
            expiries.push(Expiry::new(s, underlyings, expiries.last(), hints)?);
        }
        let account = Account::new(s, shape, hints)?;
        Ok(Self { claim, reserved: reserved.clone(), terms: terms.clone(), expiries, account })
    }

    fn slot<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        hints: Value<&Hints<F>>,
    ) -> Result<ScenarioSlot<F>, Error> {
        slot::assign(s, self.terms.each.len(), hints.map(|h| &h.slots[index]))
    }

    fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        previous: Option<&ScenarioSlot<F>>,
        slot: &ScenarioSlot<F>,
        (index, hints): (usize, Value<&Hints<F>>),
    ) -> Result<Option<Boundary<F>>, Error> {
        let hints = hints.map(|h| &h.slots[index]);
        expiry::assign_membership(s, &mut self.expiries, slot, hints)?;
        self.account.add(s, slot, previous, hints)?;
        Ok(None)
    }

    fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        hints: Value<&Hints<F>>,
    ) -> Result<Outcome<F>, Error> {
        let Self { claim, reserved, terms, expiries, account } = self;
        let rules = (terms.each.as_slice(), &claim, &reserved);
        let (shortfall, equity) = account.finish(s, rules, &expiries, hints)?;
        Ok(Outcome { shortfall, equity, terms: terms.digest })
    }
}
