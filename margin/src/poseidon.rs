//! Poseidon over `T = 5`, rate 4: one permutation absorbs four elements.
//!
//! Parameters: S-box `x^5`, 8 full and 60 partial rounds, the round numbers of
//! the Poseidon paper (ePrint 2019/458, with its security margin) for 128 bits
//! over a 255-bit field at this width; constants and MDS from the paper's
//! Grain LFSR as [`halo2_poseidon::generate_constants`] implements it.
//!
//! `tests/poseidon_matrix.rs` checks the matrices against subspace trails.
//!
//! Every use has its own [`Domain`] in the capacity element, so a digest of
//! one kind is never a digest of another.

use alloc::vec::Vec;
use halo2_poseidon::{Spec, generate_constants};

use crate::field::MarginField;

/// Width of the permutation.
pub const WIDTH: usize = 5;
/// Elements absorbed by one permutation.
pub const RATE: usize = 4;
/// Full rounds, half of them before the partial ones.
pub const FULL_ROUNDS: usize = 8;
/// Partial rounds.
pub const PARTIAL_ROUNDS: usize = 60;

/// The parameters as a [`Spec`], so that the constants come from the reference
/// implementation, and the permutation can be tested against it. Generates the
/// constants anew at every call: [`MarginField::poseidon`] has them cached.
#[derive(Clone, Copy, Debug)]
pub struct P128Pow5T5;

impl<F: MarginField> Spec<F, WIDTH, RATE> for P128Pow5T5 {
    fn full_rounds() -> usize {
        FULL_ROUNDS
    }

    fn partial_rounds() -> usize {
        PARTIAL_ROUNDS
    }

    fn sbox(val: F) -> F {
        pow5(val)
    }

    fn secure_mds() -> usize {
        0
    }

    fn constants() -> (Vec<[F; WIDTH]>, [[F; WIDTH]; WIDTH], [[F; WIDTH]; WIDTH]) {
        generate_constants::<F, Self, WIDTH, RATE>()
    }
}

/// Round constants and matrices of the permutation over one field.
#[derive(Clone, Debug)]
pub struct Constants<F> {
    /// One row of additive constants per round, `FULL_ROUNDS + PARTIAL_ROUNDS` rows.
    pub round: Vec<[F; WIDTH]>,
    /// The MDS matrix: the next state is `mds * sbox(state + round)`.
    pub mds: [[F; WIDTH]; WIDTH],
    /// Its inverse.
    pub mds_inverse: [[F; WIDTH]; WIDTH],
}

impl<F: MarginField> Constants<F> {
    /// Runs the Grain generator. [`MarginField::poseidon`] caches the result.
    pub fn generate() -> Self {
        let (round, mds, mds_inverse) = <P128Pow5T5 as Spec<F, WIDTH, RATE>>::constants();
        Self { round, mds, mds_inverse }
    }
}

/// What a digest stands for; the capacity element of the sponge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Domain {
    /// A row of the market table.
    MarketRow = 1,
    /// An inner node of the market tree.
    MarketNode = 2,
    /// The market header over the tree: `MARKET_ROOT`.
    MarketHeader = 3,
    /// An account's leaf.
    StateLeaf = 4,
    /// An inner node of the state tree: `STATE_ROOT` at the top.
    StateNode = 5,
    /// A link of the position chain.
    Positions = 6,
    /// The portfolio commitment.
    Portfolio = 7,
    /// The first four elements of a row of the scenario table.
    ScenarioRow = 8,
    /// The digest so far and three more elements of such a row.
    ScenarioRowNext = 9,
    /// The first four elements of a scenario market's terms.
    ScenarioTerms = 10,
    /// The digest so far and three more elements of such terms.
    ScenarioTermsNext = 11,
    /// The digests of the terms of a scenario market's underlyings.
    ScenarioUnderlyings = 12,
    /// A link of the chain over the entries of a change.
    ChangeEntries = 16,
    /// The change of a transition, with its salt.
    Change = 17,
    /// A link of the chain over the accounts that a venue's proof flags.
    Flagged = 18,
    /// The first four elements of a row of the simulation table.
    SimulationRow = 20,
    /// The digest so far and three more elements of such a row.
    SimulationRowNext = 21,
    /// The first four elements of a simulation market's terms.
    SimulationTerms = 22,
    /// The digest so far and three more elements of such terms.
    SimulationTermsNext = 23,
    /// The first four elements of what the key of an escrow's stream is made from.
    EscrowKey = 24,
    /// The digest so far and the rest of them.
    EscrowKeyNext = 25,
    /// An element of an escrow's stream.
    EscrowStream = 26,
    /// The first four elements of an escrow: key and nonce point.
    Escrow = 27,
    /// The digest so far and three more elements: their number, and the ciphertext.
    EscrowNext = 28,
    /// The leaf of the market tree that holds the digest of the snapshot.
    MarketSnapshot = 32,
    /// The first four elements of the list of venues that a proof nets over.
    Venues = 40,
    /// The digest so far and three more elements of such a list.
    VenuesNext = 41,
    /// A row of the settlement table.
    SettlementRow = 42,
    /// What headers of settlement markets state as their terms.
    SettlementTerms = 43,
}

impl Domain {
    /// The initial capacity element: message length times 2^64, as in the
    /// Poseidon paper's constant-length mode, plus the domain's number.
    pub fn capacity<F: MarginField>(self) -> F {
        F::from_u128(((RATE as u128) << 64) + self as u128)
    }
}

/// `x^5`.
pub fn pow5<F: MarginField>(x: F) -> F {
    x.square().square() * x
}

/// `matrix * vector`.
pub fn mat_mul<F: MarginField>(matrix: &[[F; WIDTH]; WIDTH], v: [F; WIDTH]) -> [F; WIDTH] {
    core::array::from_fn(|i| (0..WIDTH).fold(F::ZERO, |acc, j| acc + matrix[i][j] * v[j]))
}

/// The permutation.
pub fn permute<F: MarginField>(mut state: [F; WIDTH]) -> [F; WIDTH] {
    let constants = F::poseidon();
    let half = FULL_ROUNDS / 2;
    for (i, round) in constants.round.iter().enumerate() {
        for (word, constant) in state.iter_mut().zip(round) {
            *word += constant;
        }
        if i < half || i >= half + PARTIAL_ROUNDS {
            state = state.map(pow5);
        } else {
            state[0] = pow5(state[0]);
        }
        state = mat_mul(&constants.mds, state);
    }
    state
}

/// The digest of four elements in a domain; shorter messages are padded with
/// zeros by the caller, each domain having one fixed length.
pub fn hash<F: MarginField>(domain: Domain, message: [F; RATE]) -> F {
    let [a, b, c, d] = message;
    permute([a, b, c, d, domain.capacity()])[0]
}

/// The digest of more than four elements: the first four in the domain
/// `first`, then the digest so far and three more at a time in the domain
/// `next`, the last padded with zeros. Each pair of domains has one length.
pub fn hash_chain<F: MarginField>((first, next): (Domain, Domain), elements: &[F]) -> F {
    let at = |i: usize| elements.get(i).copied().unwrap_or(F::ZERO);
    let mut digest = hash(first, [at(0), at(1), at(2), at(3)]);
    for i in (RATE..elements.len()).step_by(RATE - 1) {
        digest = hash(next, [digest, at(i), at(i + 1), at(i + 2)]);
    }
    digest
}

#[cfg(test)]
mod tests {
    use ff::{Field, PrimeField};
    use halo2_poseidon::{ConstantLength, Hash};
    use pasta_curves::Fp;

    use super::*;

    #[test]
    fn permutation_matches_the_reference_implementation() {
        let message = [Fp::from(1), Fp::from(2), Fp::from(3), -Fp::from(4)];
        let expected = Hash::<_, P128Pow5T5, ConstantLength<4>, WIDTH, RATE>::init().hash(message);
        let [a, b, c, d] = message;
        assert_eq!(permute([a, b, c, d, Fp::from_u128(4 << 64)])[0], expected);
    }

    #[test]
    fn domains_separate() {
        let message = [Fp::ONE; RATE];
        assert_ne!(hash(Domain::MarketRow, message), hash(Domain::MarketNode, message));
    }

    /// Four elements, then three at a time after the digest so far.
    #[test]
    fn chains_take_three_more_elements_at_a_time() {
        let domains = (Domain::ScenarioRow, Domain::ScenarioRowNext);
        let elements: Vec<_> = (1..=9).map(Fp::from).collect();
        let [a, b, c, d, e, f, g, h, i] = core::array::from_fn(|i| elements[i]);
        let first = hash(domains.0, [a, b, c, d]);
        assert_eq!(hash_chain(domains, &elements[..4]), first);
        let second = hash(domains.1, [first, e, f, g]);
        assert_eq!(hash_chain(domains, &elements[..7]), second);
        assert_eq!(hash_chain(domains, &elements), hash(domains.1, [second, h, i, Fp::ZERO]));
    }

    #[test]
    fn constants_are_pinned() {
        // The first and last round constants, and one digest, as generated by
        // Grain: a change of the generator is a change of the statement.
        let digest = hash::<Fp>(Domain::Portfolio, [Fp::ZERO; RATE]);
        assert_eq!(
            hex::encode(digest.to_be_bytes()),
            include_str!("../golden/poseidon-fp.txt").trim()
        );
    }
}
