//! Accounts of the small markets with an escrow, for circuit tests.

use zkmargin_circuits::figures::{FamilyFigures, Witness};
use zkmargin_circuits::gadgets::layout::Columns;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::escrow::{Assignment, EscrowCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::escrow::{Binding, Nonce, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::escrow::{EscrowInstance, EscrowWitness, check};

use super::{Case, Market, at_least, healthy};

/// An instance with a witness.
pub struct EscrowCase<F: MarginField, G: FamilyFigures<F>> {
    pub shape: Shape,
    pub instance: EscrowInstance<F>,
    pub witness: EscrowWitness<G::Family>,
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for EscrowCase<F, G> {
    fn clone(&self) -> Self {
        Self { shape: self.shape, instance: self.instance, witness: self.witness.clone() }
    }
}

/// A holder's secret: a nonce is a scalar too.
pub fn secret() -> Nonce {
    Nonce::from_random([0x3b; 32])
}

/// Its key.
pub fn key<F: MarginField>() -> Point<F> {
    F::curve().generator.times(&secret())
}

pub fn nonce() -> Nonce {
    Nonce::from_random(std::array::from_fn(|i| u8::try_from(37 * i % 251).unwrap()))
}

impl<F: MarginField, G: FamilyFigures<F>> EscrowCase<F, G> {
    pub fn new(instance: MarginInstance<F>, account: Witness<F, G>) -> Self {
        Self::of((instance, account), (key(), nonce()), Shape::Small)
    }

    pub fn of(
        (account, witness): (MarginInstance<F>, Witness<F, G>),
        sealed: (Point<F>, Nonce),
        shape: Shape,
    ) -> Self {
        let binding = Binding::from(&account);
        let slots = G::positions(shape);
        let witness = EscrowWitness::seal(witness, sealed, &binding, slots).unwrap();
        let instance = EscrowInstance { account, escrow: witness.digest() };
        Self { shape, instance, witness }
    }

    pub fn check(&self) -> Result<(), Violation> {
        check(&self.instance, &self.witness)
    }

    pub fn circuit(&self) -> EscrowCircuit<F, G> {
        self.circuit_in()
    }

    /// The circuit in a layout.
    pub fn circuit_in<L: Columns>(&self) -> EscrowCircuit<F, G, L> {
        EscrowCircuit::new(self.shape, &self.instance, self.witness.clone()).unwrap()
    }

    /// The circuit after a lie: the prover's choices changed at will.
    pub fn lie(&self, lie: impl FnOnce(&mut Assignment<F, G>)) -> EscrowCircuit<F, G> {
        let mut circuit = self.circuit();
        lie(circuit.assignment_mut().unwrap());
        circuit
    }

    pub fn public_rows(&self) -> Vec<F> {
        self.instance.to_field_elements().to_vec()
    }
}

pub type StandardEscrow<F> = EscrowCase<F, StandardFigures<F>>;

/// The healthy account of the small market.
pub fn standard<F: MarginField>() -> StandardEscrow<F> {
    let Case { instance, witness, .. } =
        Market::over_field().case(&healthy(), at_least(Level::Initial), 0).reserving(1_000);
    EscrowCase::new(instance, witness)
}
