//! A margin statement with an escrow, ready to prove.

use std::fmt;

use rand::TryRng as _;
use zeroize::Zeroizing;
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::Usual;
use zkmargin_margin::claim::Side;
use zkmargin_margin::escrow::{Binding, Ciphertext, Nonce, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::escrow::{EscrowInstance, EscrowWitness};
use zkmargin_verifier::proof::EscrowFile;

use crate::backend::Backend;
use crate::family::{FamilyMarket, MarketFamily};
use crate::proving::{Prepared, Prover, ProvingError};

/// Why there is no statement with an escrow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EscrowError {
    /// The system has no randomness to give.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    /// The statement is false, or its shape too small.
    #[error(transparent)]
    Proving(#[from] ProvingError),
}

/// A nonce from the operating system's randomness: for one proof.
///
/// # Errors
/// When it gives none.
pub fn draw_nonce() -> Result<Nonce, EscrowError> {
    let mut bytes = Zeroizing::new([0; 32]);
    let filled = rand::rngs::SysRng.try_fill_bytes(bytes.as_mut_slice());
    filled.map_err(|_| EscrowError::NoRandomness)?;
    Ok(Nonce::from_random(*bytes))
}

/// A true statement with its escrow and its witness.
pub struct PreparedEscrow<F: MarginField, M: FamilyMarket<F>> {
    instance: EscrowInstance<F>,
    witness: EscrowWitness<MarketFamily<F, M>>,
    shape: Shape,
}

/// Secret: shows the shape alone.
impl<F: MarginField, M: FamilyMarket<F>> fmt::Debug for PreparedEscrow<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedEscrow").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<F: MarginField, M: FamilyMarket<F>> PreparedEscrow<F, M> {
    /// Encrypts the portfolio of a statement to a key, under a nonce that is drawn.
    ///
    /// # Errors
    /// When there is no randomness, or a clause fails.
    pub fn new(
        prepared: &Prepared<F, Witness<F, M::Circuit>>,
        key: Point<F>,
    ) -> Result<Self, EscrowError> {
        let (account, witness) = prepared.parts();
        let shape = prepared.shape();
        let slots = M::EscrowIn::<Usual>::positions(shape);
        let (binding, sealed) = (Binding::from(account), (key, draw_nonce()?));
        let failed = |violation| ProvingError::False { violation, side: Side::AtLeast, gap: None };
        let witness = EscrowWitness::seal(witness.clone(), sealed, &binding, slots)
            .ok_or(failed(zkmargin_margin::relation::Violation::Ciphertext))?;
        let instance = EscrowInstance { account: *account, escrow: witness.digest() };
        M::EscrowIn::<Usual>::check(&instance, &witness).map_err(failed)?;
        Ok(Self { instance, witness, shape })
    }

    /// The public inputs.
    pub fn instance(&self) -> &EscrowInstance<F> {
        &self.instance
    }

    /// The shape it will be proved under.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What is published for the key's holder.
    pub fn ciphertext(&self) -> &Ciphertext<F> {
        &self.witness.ciphertext
    }

    /// The viewing key: it opens this ciphertext and no other.
    pub fn nonce(&self) -> &Nonce {
        &self.witness.nonce
    }
}

impl<B, C> Prover<B, C>
where
    B: Backend,
    C: FamilyCircuit<B::Field, Instance = EscrowInstance<B::Field>> + 'static,
{
    /// Proves a statement with an escrow.
    ///
    /// # Errors
    /// When it was prepared for a shape that this one does not hold, or the proof
    /// system fails.
    pub fn prove_escrow<M>(
        &self,
        prepared: &PreparedEscrow<B::Field, M>,
    ) -> Result<EscrowFile<B::Field>, ProvingError>
    where
        M: FamilyMarket<B::Field>,
        C: FamilyCircuit<B::Field, Witness = EscrowWitness<MarketFamily<B::Field, M>>>,
    {
        let PreparedEscrow { instance, witness, .. } = prepared;
        let (params, key) = self.parts();
        B::prove_escrow::<C>(params, key, instance, witness).map_err(ProvingError::Prove)
    }
}
