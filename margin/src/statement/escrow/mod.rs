//! The margin statement with an escrow: an account meets a level, or is below it,
//! and the holder of a key can open its portfolio.
//!
//! | clause | says |
//! |---|---|
//! | M1 to M7 | what the [margin statement](super::margin) says |
//! | E1 | the ciphertext's `R` is `r G`, for a nonce `r` that the prover knows |
//! | E2 | the ciphertext is of exactly what opens the account's commitment, under the stream of `r K`, `R`, `CONTEXT`, `EPOCH` and `ACCOUNT` |
//! | E3 | `ESCROW` is the digest of `K`, `R` and the ciphertext |
//!
//! It does not say whose key `K` is: who verifies compares `ESCROW` with the digest of
//! the ciphertext under the key they ask for. Nor does it say that `R` was not used
//! before; see [`crate::escrow`].

mod instance;

pub use instance::{BYTES, ESCROW, EscrowInstance, InvalidEscrow, LEN, NAMES};

use core::fmt;

use super::margin;
use crate::escrow::{Binding, Ciphertext, Nonce, Point, Words, encrypt};
use crate::relation::{MarginFamily, Violation};

/// What the prover knows of an account and its escrow.
pub struct EscrowWitness<M: MarginFamily> {
    /// The account.
    pub account: M::Witness,
    /// The key.
    pub key: Point<M::Field>,
    /// What `R` is made from.
    pub nonce: Nonce,
    /// What is published.
    pub ciphertext: Ciphertext<M::Field>,
}

impl<M: MarginFamily> Clone for EscrowWitness<M> {
    fn clone(&self) -> Self {
        let Self { account, key, nonce, ciphertext } = self;
        let (account, nonce, ciphertext) = (account.clone(), nonce.clone(), ciphertext.clone());
        Self { account, key: *key, nonce, ciphertext }
    }
}

/// Secret: shows nothing.
impl<M: MarginFamily> fmt::Debug for EscrowWitness<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EscrowWitness(..)")
    }
}

impl<M: MarginFamily> EscrowWitness<M> {
    /// Encrypts an account's opening to a key, for a circuit of so many slots; `None`
    /// when it has more positions.
    pub fn seal(
        account: M::Witness,
        (key, nonce): (Point<M::Field>, Nonce),
        binding: &Binding,
        slots: usize,
    ) -> Option<Self> {
        let words = words_of::<M>(&account, slots)?;
        let ciphertext = encrypt(&key, &nonce, binding, &words);
        Some(Self { account, key, nonce, ciphertext })
    }

    /// The digest of the ciphertext under the key.
    pub fn digest(&self) -> M::Field {
        self.ciphertext.digest(&self.key)
    }
}

/// What opens an account's commitment.
fn words_of<M: MarginFamily>(witness: &M::Witness, slots: usize) -> Option<Words<M::Field>> {
    let account = M::account(witness);
    let positions: alloc::vec::Vec<_> =
        account.slots.iter().map(|slot| slot.position.clone()).collect();
    Words::new(&positions, (&account.reserved, &account.blinding), slots)
}

/// Whether the witness satisfies the statement for this instance.
///
/// # Errors
/// The first clause that fails.
pub fn check<M: MarginFamily>(
    instance: &EscrowInstance<M::Field>,
    witness: &EscrowWitness<M>,
) -> Result<(), Violation> {
    margin::check::<M>(&instance.account, &witness.account)?;
    let EscrowWitness { key, nonce, ciphertext, .. } = witness;
    let words = words_of::<M>(&witness.account, ciphertext.slots());
    let words = words.ok_or(Violation::Ciphertext)?;
    let sealed = encrypt(key, nonce, &Binding::from(&instance.account), &words);
    if sealed.nonce_point() != ciphertext.nonce_point() {
        return Err(Violation::NoncePoint);
    }
    if sealed != *ciphertext {
        return Err(Violation::Ciphertext);
    }
    match witness.digest() == instance.escrow {
        true => Ok(()),
        false => Err(Violation::EscrowDigest),
    }
}
