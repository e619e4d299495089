//! The circuit of the margin statement, for every family.
//!
//! It proves [`zkmargin_margin::statement::margin`]. The slots are the positions
//! in canonical order, then padding.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | M1 | chain over the used slots, from what is reserved, closed with the blinding, equals the commitment | `statement/state.rs` |
//! | M2 | leaf of account, commitment and context opens to `STATE_ROOT` | `statement/state.rs` |
//! | M3 | every slot's row opens to one tree root; the header over it and the terms is `MARKET_ROOT` with `EPOCH` and `MODEL` | the family, `statement/market.rs` |
//! | M4, M5 | ranges, order, figures | the family |
//! | M6 | the claim is decoded with its dials; its side against the figures | `statement/claim.rs`, the family |
//! | M7 | disclosure against the shortfall | `statement/claim.rs` |
//!
//! `MEMO` is a public input that nothing is constrained with: the transcript of
//! the proof binds it.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::{self, MarginInstance};
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::{Statement, margin};

use super::claim::{self, ClaimHints};
use super::state::OpeningCells;
use super::{PublicInputs, assign_public, assign_slots, market, state};
use crate::family::{FamilyCircuit, Unprovable};
use crate::figures::{FamilyFigures, Witness};
use crate::gadgets::layout::{ColumnLayout, Columns, Copies, Usual};
use crate::gadgets::{GadgetConfig, Synthesizer};

/// The circuit of a shape in a layout, with a witness or without.
pub struct MarginCircuit<F: MarginField, G: FamilyFigures<F>, L = Usual> {
    shape: Shape,
    assignment: Option<Assignment<F, G>>,
    layout: PhantomData<fn() -> L>,
}

/// Everything the prover chooses: what a satisfied circuit is quantified over.
/// The family's part is reached through it as its own.
pub struct Assignment<F: MarginField, G: FamilyFigures<F>> {
    /// Blinding, commitment, header and account path; the rest is below.
    pub witness: Witness<F, G>,
    /// The claim's parts.
    pub claim: ClaimHints<F>,
    /// What is reserved for open orders.
    pub reserved: F,
    /// What the family assigns.
    pub figures: G::Hints,
}

impl<F: MarginField, G: FamilyFigures<F>> Assignment<F, G> {
    /// The prover's choices for a witness, which is not checked.
    pub(super) fn new(
        shape: Shape,
        instance: &MarginInstance<F>,
        witness: Witness<F, G>,
    ) -> Result<Self, Unprovable> {
        G::fits(shape, &witness)?;
        let claim = ClaimHints::new(instance.claim);
        let reserved = F::from_u128(G::Family::account(&witness).reserved.get());
        let figures = G::hints(shape, (&claim, reserved), &witness);
        Ok(Self { witness, claim, reserved, figures })
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Deref for Assignment<F, G> {
    type Target = G::Hints;

    fn deref(&self) -> &G::Hints {
        &self.figures
    }
}

impl<F: MarginField, G: FamilyFigures<F>> DerefMut for Assignment<F, G> {
    fn deref_mut(&mut self) -> &mut G::Hints {
        &mut self.figures
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for Assignment<F, G> {
    fn clone(&self) -> Self {
        let Self { witness, claim, reserved, figures } = self;
        let (witness, figures) = (witness.clone(), figures.clone());
        Self { witness, claim: *claim, reserved: *reserved, figures }
    }
}

/// Secret: shows nothing.
impl<F: MarginField, G: FamilyFigures<F>> fmt::Debug for Assignment<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assignment(..)")
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> Clone for MarginCircuit<F, G, L> {
    fn clone(&self) -> Self {
        Self { shape: self.shape, assignment: self.assignment.clone(), layout: PhantomData }
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> fmt::Debug for MarginCircuit<F, G, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MarginCircuit").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> MarginCircuit<F, G, L> {
    /// The circuit with a witness. The witness is not checked: a false one
    /// gives a circuit that is not satisfied.
    ///
    /// # Errors
    /// When the positions do not fit the shape.
    pub fn new(
        shape: Shape,
        instance: MarginInstance<F>,
        witness: Witness<F, G>,
    ) -> Result<Self, Unprovable> {
        let assignment = Some(Assignment::new(shape, &instance, witness)?);
        Ok(Self { shape, assignment, layout: PhantomData })
    }

    /// The prover's choices, to be changed at will: how a test lies.
    pub fn assignment_mut(&mut self) -> Option<&mut Assignment<F, G>> {
        self.assignment.as_mut()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> FamilyCircuit<F> for MarginCircuit<F, G, L> {
    type Family = G::Family;
    type Instance = MarginInstance<F>;
    type Witness = Witness<F, G>;
    type Laid = Self;

    const STATEMENT: Statement = Statement::Margin;

    const VERSION: u16 = G::VERSION;

    fn layout() -> ColumnLayout {
        L::of::<F>()
    }

    fn k(shape: Shape) -> u32 {
        G::k(L::of::<F>(), shape)
    }

    fn positions(shape: Shape) -> usize {
        G::positions(shape)
    }

    fn blank(shape: Shape) -> Self {
        Self { shape, assignment: None, layout: PhantomData }
    }

    fn laid(&self) -> &Self {
        self
    }

    fn check(instance: &MarginInstance<F>, witness: &Witness<F, G>) -> Result<(), Violation> {
        margin::check::<G::Family>(instance, witness)
    }

    fn checked(
        shape: Shape,
        instance: &MarginInstance<F>,
        witness: &Witness<F, G>,
    ) -> Result<Self, Unprovable> {
        Self::check(instance, witness)?;
        let circuit = Self::new(shape, *instance, witness.clone())?;
        check_padding::<F, G>(shape, witness)?;
        Ok(circuit)
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> Circuit<F> for MarginCircuit<F, G, L> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, L::of::<F>(), Copies::Three)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter, instance::NAMES.len())?;
        let inputs = assign_public(s, &instance::NAMES)?;
        assign(s, &inputs, self.shape, self.assignment.as_ref()).map(|_| ())
    }
}

/// Assigns the statement, for every circuit whose public inputs begin with its own;
/// returns what opens the commitment.
pub(super) fn assign<F: MarginField, G: FamilyFigures<F>, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    shape: Shape,
    assignment: Option<&Assignment<F, G>>,
) -> Result<OpeningCells<F>, Error> {
    let known = || assignment.map_or_else(Value::unknown, Value::known);
    let account = known().map(|a| G::Family::account(&a.witness));
    let header = market::assign_header(s, inputs, account.map(|account| account.header))?;
    G::constrain_header(s, &header)?;
    let claim = claim::assign(s, inputs, G::HAS_NOTIONAL, known().map(|a| &a.claim))?;
    let reserved = state::assign_reserved(s, known().map(|a| a.reserved))?;

    let hints = known().map(|a| &a.figures);
    let terms = G::terms(s, shape, hints)?;
    let mut figures = G::begin(s, shape, (&header, &terms, claim, &reserved), hints)?;
    let slots = assign_slots(s, shape, &mut figures, hints)?;
    let outcome = figures.finish(s, hints)?;
    claim::constrain_disclosed(s, inputs, &outcome.shortfall)?;

    let roots = slots.iter().map(|slot| &slot.as_ref().tree_root);
    market::constrain_root(s, inputs, &header, &outcome.terms, roots)?;
    let committed: Vec<_> = slots.iter().map(|slot| slot.as_ref().committed()).collect();
    let blinding = state::assign(s, inputs, (&reserved, &committed), account)?;
    let words = slots.iter().map(|slot| slot.as_ref().word.clone()).collect();
    Ok(OpeningCells { reserved, words, blinding })
}

/// Whether every unused slot of a shape can be filled with an account's padding row.
pub(super) fn is_filled<F: MarginField, G: FamilyFigures<F>>(
    shape: Shape,
    witness: &Witness<F, G>,
) -> bool {
    let account = G::Family::account(witness);
    let (row, path) = &account.padding;
    account.slots.len() == G::positions(shape) || G::Family::is_padding(witness, row, path)
}

/// The same, as an error.
pub(super) fn check_padding<F: MarginField, G: FamilyFigures<F>>(
    shape: Shape,
    witness: &Witness<F, G>,
) -> Result<(), Unprovable> {
    match is_filled::<F, G>(shape, witness) {
        true => Ok(()),
        false => Err(Unprovable::Padding),
    }
}
