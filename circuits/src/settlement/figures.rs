//! The family as a statement sees it: slots, sums, the account (M5).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::settlement::{self, Settlement, SettlementWitness};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::SubtreeDepth;

use super::expiry::{self, Point};
use super::hints::Hints;
use super::slot::{self, SettlementSlot};
use super::{order, outcome};
use crate::family::{TooManyPositions, Unprovable};
use crate::figures::{Boundary, FamilyFigures, Outcome};
use crate::gadgets::layout::ColumnLayout;
use crate::gadgets::{Cell, Synthesizer};
use crate::standard::StandardFigures;
use crate::statement::claim::{ClaimCells, ClaimHints};
use crate::statement::market::HeaderCells;

/// The claim's parts and the sums so far.
#[derive(Debug)]
pub struct SettlementFigures<F: MarginField> {
    claim: ClaimCells<F>,
    /// What is reserved for open orders.
    reserved: Cell<F>,
    cash: Cell<F>,
    /// Lots times marks: of all, and of options.
    value: Cell<F>,
    options: Cell<F>,
    /// The level's charges on all but options.
    linear: Cell<F>,
    /// What initial margin has on top for short options.
    extra: Cell<F>,
    points: Vec<Point<F>>,
}

impl<F: MarginField> FamilyFigures<F> for SettlementFigures<F> {
    type Family = Settlement<F>;
    type Hints = Hints<F>;
    type Terms = ();
    type Slot = SettlementSlot<F>;

    const VERSION: u16 = 1;
    const HAS_NOTIONAL: bool = false;

    // Rows of every statement fit where the standard family's do.
    fn k(layout: ColumnLayout, shape: Shape) -> u32 {
        StandardFigures::<F>::k(layout, shape)
    }

    fn transition_k(layout: ColumnLayout, shape: Shape) -> u32 {
        StandardFigures::<F>::transition_k(layout, shape)
    }

    fn venue_k(layout: ColumnLayout, shape: Shape, depth: SubtreeDepth) -> u32 {
        StandardFigures::<F>::venue_k(layout, shape, depth)
    }

    fn haircut_k(layout: ColumnLayout, shape: Shape, depth: SubtreeDepth) -> u32 {
        StandardFigures::<F>::haircut_k(layout, shape, depth)
    }

    fn escrow_k(layout: ColumnLayout, shape: Shape) -> u32 {
        StandardFigures::<F>::escrow_k(layout, shape)
    }

    fn positions(shape: Shape) -> usize {
        shape.settlement_positions()
    }

    fn fits(shape: Shape, witness: &SettlementWitness<F>) -> Result<(), Unprovable> {
        let (positions, slots) = (witness.slots.len(), shape.settlement_positions());
        match positions > slots {
            true => Err(TooManyPositions { positions, shape, slots }.into()),
            false => Ok(()),
        }
    }

    fn hints(shape: Shape, _: (&ClaimHints<F>, F), witness: &SettlementWitness<F>) -> Hints<F> {
        Hints::new(shape, witness)
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

    /// The family has none: see [`settlement::terms`].
    fn terms<L: Layouter<F>>(
        _: &mut Synthesizer<'_, F, L>,
        _: Shape,
        _: Value<&Hints<F>>,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn begin<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        _: Shape,
        (_, (), claim, reserved): (&HeaderCells<F>, &(), ClaimCells<F>, &Cell<F>),
        _: Value<&Hints<F>>,
    ) -> Result<Self, Error> {
        let zero = s.zero();
        Ok(Self {
            claim,
            reserved: reserved.clone(),
            cash: zero.clone(),
            value: zero.clone(),
            options: zero.clone(),
            linear: zero.clone(),
            extra: zero,
            points: Vec::new(),
        })
    }

    fn slot<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        hints: Value<&Hints<F>>,
    ) -> Result<SettlementSlot<F>, Error> {
        slot::assign(s, hints.map(|h| &h.slots[index]))
    }

    fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        previous: Option<&SettlementSlot<F>>,
        slot: &SettlementSlot<F>,
        (index, hints): (usize, Value<&Hints<F>>),
    ) -> Result<Option<Boundary<F>>, Error> {
        let same = match previous {
            Some(previous) => order::assign(s, previous, slot, hints.map(|h| &h.slots[index]))?,
            None => s.zero(),
        };
        let is_option = &slot.instrument.is_option;
        self.cash = s.add("M5 cash", &self.cash, &slot.cash)?;
        let value = s.mul("M5 value", &slot.lots, &slot.row.mark)?;
        self.value = s.add("M5 values", &self.value, &value)?;
        let product = (is_option, &value);
        self.options = s.mul_add("M5 options", product, (F::ONE, &self.options), F::ZERO)?;

        let charge = self.of_level(s, "charge", &slot.row.charges)?;
        let lots = s.mul("M5 option lots", is_option, &slot.lots)?;
        // A short option's size is what its lots are below zero.
        let short = s.mul("M5 short option lots", &slot.short, &lots)?;
        let short = s.scale("short option size", -F::ONE, &short, F::ZERO)?;
        let alone = s.mul("M5 charged alone", &short, &charge)?;
        let options = s.mul("option size", is_option, &slot.size)?;
        let other = s.sub("M5 size of no option", &slot.size, &options)?;
        let product = (&other, &charge);
        self.linear = s.mul_add("M5 linear charges", product, (F::ONE, &self.linear), F::ZERO)?;
        let product = (&short, &slot.row.extra);
        self.extra = s.mul_add("M5 extra charges", product, (F::ONE, &self.extra), F::ZERO)?;

        let calls = s.mul("M5 call lots", &slot.row.is_call, &lots)?;
        let puts = s.sub("M5 put lots", &lots, &calls)?;
        let unpaired = self.of_level(s, "unpaired charge", &slot.row.unpaired)?;
        let unpaired = s.mul("M5 unpaired", &calls, &unpaired)?;
        let hint = hints.map(|h| h.slots[index].is_held);
        let held = expiry::held(s, &options, hint)?;
        let strike = slot.row.strike.clone();
        self.points.push(Point { same, held, strike, lots, puts, alone, unpaired });
        Ok(None)
    }

    fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        hints: Value<&Hints<F>>,
    ) -> Result<Outcome<F>, Error> {
        let charged = expiry::charge(s, &self.points, hints)?;
        s.scope("account");
        let claim = &self.claim;
        let equity = s.add("M5 equity", &self.value, &self.cash)?;
        let either = s.add("maintenance or initial", &claim.is_maintenance, &claim.is_initial)?;
        let options = s.mul("options worth nothing", &either, &self.options)?;
        let counts = s.sub("M5 what counts", &equity, &options)?;

        let required = s.add("M5 charges", &charged, &self.linear)?;
        let initial = s.add("M5 extra charges and reserved", &self.extra, &self.reserved)?;
        let product = (&claim.is_initial, &initial);
        let required = s.mul_add("M5 requirement", product, (F::ONE, &required), F::ZERO)?;
        let balance = outcome::balance(s, claim, &counts, &required)?;
        let shortfall = outcome::outcome(s, claim, &balance, hints)?;
        let terms = s.constant("M3 terms", settlement::terms())?;
        Ok(Outcome { shortfall, equity, terms })
    }
}

impl<F: MarginField> SettlementFigures<F> {
    /// The figure of the claim's level, of those of maintenance and initial margin:
    /// zero for a margin call.
    fn of_level<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        name: &str,
        [maintenance, initial]: &[Cell<F>; 2],
    ) -> Result<Cell<F>, Error> {
        let of_maintenance =
            s.mul(&format!("maintenance {name}"), &self.claim.is_maintenance, maintenance)?;
        let product = (&self.claim.is_initial, initial);
        s.mul_add(&format!("M5 {name}"), product, (F::ONE, &of_maintenance), F::ZERO)
    }
}
