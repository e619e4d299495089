//! What a proof system asks of the circuit of a statement over a family.

use std::fmt::Debug;

use halo2_proofs::plonk::Circuit;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::PublicInputs;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::transition::Aim;

/// The circuit of a statement over a family of margin models and a field.
///
/// Keys, proofs and costs are made from this alone: what implements it for every
/// [`MarginField`] has both proof systems.
pub trait FamilyCircuit<F: MarginField>: Circuit<F> + Sized + Debug {
    /// The family.
    type Family: MarginFamily<Field = F>;
    /// The public inputs of the statement.
    type Instance: PublicInputs<F>;
    /// Its private inputs.
    type Witness: Clone;

    /// What is laid out, and given to a proof system: one type for all circuits that
    /// differ in a size alone, so that a prover is compiled once for them.
    type Laid: Circuit<F> + Debug;

    /// The statement.
    const STATEMENT: Statement;

    /// Version of the circuit. A key or proof of one version says nothing to
    /// another; it changes with any change of constraints or layout.
    const VERSION: u16;

    /// How its gates are laid out in columns.
    fn layout() -> ColumnLayout;

    /// `log2` of the rows of a shape.
    fn k(shape: Shape) -> u32;

    /// Positions that a shape holds.
    fn positions(shape: Shape) -> usize;

    /// The circuit without a witness, for key generation.
    fn blank(shape: Shape) -> Self;

    /// The circuit as a proof system takes it.
    fn laid(&self) -> &Self::Laid;

    /// The native check of the statement, which specifies the circuit.
    ///
    /// # Errors
    /// The first clause that fails.
    fn check(instance: &Self::Instance, witness: &Self::Witness) -> Result<(), Violation>;

    /// The circuit with a witness that satisfies it. The native check costs
    /// nothing next to a proof, and its error names the clause; the proving
    /// libraries check nothing.
    ///
    /// # Errors
    /// When the statement is false, or the shape too small.
    fn checked(
        shape: Shape,
        instance: &Self::Instance,
        witness: &Self::Witness,
    ) -> Result<Self, Unprovable>;
}

/// The private inputs of a circuit.
pub type Witness<F, C> = <C as FamilyCircuit<F>>::Witness;

/// The family a circuit is of.
pub const fn family_of<F: MarginField, C: FamilyCircuit<F>>() -> Family {
    <C::Family as MarginFamily>::FAMILY
}

/// The names of a family's shapes, for errors.
pub(crate) fn names_of(family: Family) -> String {
    let names: Vec<String> = family.shapes().iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// The portfolio has more positions than the shape has slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{positions} positions do not fit the {shape} shape, which holds {slots}")]
pub struct TooManyPositions {
    /// Positions of the portfolio.
    pub positions: usize,
    /// The shape.
    pub shape: Shape,
    /// Positions it holds.
    pub slots: usize,
}

/// The portfolio has more expiries than the shape has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expiries} expiries do not fit the {shape} shape, which holds {slots}")]
pub struct TooManyExpiries {
    /// Expiries of the portfolio.
    pub expiries: usize,
    /// The shape.
    pub shape: Shape,
    /// Expiries it holds.
    pub slots: usize,
}

/// The market has another number of underlyings than the shape is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {shape} shape is for markets of {allowed} underlyings, and this one has {underlyings}"
)]
pub struct OtherUnderlyings {
    /// Underlyings of the market.
    pub underlyings: usize,
    /// The shape.
    pub shape: Shape,
    /// Underlyings that it is for.
    pub allowed: usize,
}

/// The change has more entries than the shape has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{changes} changes do not fit the {shape} shape, which holds {slots} in a transition")]
pub struct TooManyChanges {
    /// Positions that are changed, opened or closed, whichever are most.
    pub changes: usize,
    /// The shape.
    pub shape: Shape,
    /// Changes it holds.
    pub slots: usize,
}

/// The ciphertext is of a circuit of another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ciphertext of {found} slots does not fit the {shape} shape, which has {slots}")]
pub struct CiphertextSlots {
    /// Slots of the ciphertext.
    pub found: usize,
    /// The shape.
    pub shape: Shape,
    /// Slots that it has.
    pub slots: usize,
}

/// Why a witness must not be proved: the proof would be false, or not be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unprovable {
    /// The statement is not true of the witness.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// The portfolio needs a larger shape.
    #[error(transparent)]
    TooManyPositions(#[from] TooManyPositions),
    /// The portfolio has more expiries than the shape holds.
    #[error(transparent)]
    TooManyExpiries(#[from] TooManyExpiries),
    /// The market needs another shape.
    #[error(transparent)]
    OtherUnderlyings(#[from] OtherUnderlyings),
    /// The change needs a larger shape.
    #[error(transparent)]
    TooManyChanges(#[from] TooManyChanges),
    /// The ciphertext is for another shape.
    #[error(transparent)]
    CiphertextSlots(#[from] CiphertextSlots),
    /// The circuit is not the one of this aim, or its family has none.
    #[error(
        "{0} has no circuit here: changes of portfolio margin and of margin by simulation are proved for meets:LEVEL alone"
    )]
    Aim(Aim),
    /// The padding row does not fill unused slots.
    #[error("the padding row is not in the market or does not apply to zero lots")]
    Padding,
}
