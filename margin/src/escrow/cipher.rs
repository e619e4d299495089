//! The stream, the ciphertext and its digest, see the [module](super).

use alloc::vec::Vec;

use super::curve::{Nonce, Point};
use crate::field::MarginField;
use crate::ids::{AccountId, ContextId, Epoch};
use crate::instance::MarginInstance;
use crate::portfolio::{Blinding, POSITIONS_PER_LINK, Position, Reserved};
use crate::poseidon::{Domain, hash, hash_chain};
use crate::units::OutOfRange;

/// What a stream is for: one epoch of one account of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The deployment.
    pub context: ContextId,
    /// The epoch.
    pub epoch: Epoch,
    /// The account.
    pub account: AccountId,
}

impl<F> From<&MarginInstance<F>> for Binding {
    fn from(instance: &MarginInstance<F>) -> Self {
        Self { context: instance.context, epoch: instance.epoch, account: instance.account }
    }
}

impl Binding {
    /// The key of the stream that `shared` and `R` give.
    pub fn stream_key<F: MarginField>(&self, shared: &Point<F>, nonce_point: &Point<F>) -> F {
        let message = [
            shared.x(),
            shared.y(),
            nonce_point.x(),
            nonce_point.y(),
            self.context.to_field(),
            F::from(self.epoch.get()),
            self.account.to_field(),
        ];
        hash_chain((Domain::EscrowKey, Domain::EscrowKeyNext), &message)
    }
}

/// Element `index` of the stream of a key.
fn stream<F: MarginField>(key: F, index: u64) -> F {
    hash(Domain::EscrowStream, [key, F::from(index), F::ZERO, F::ZERO])
}

/// What opens a portfolio's commitment, element by element: what is encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct Words<F> {
    /// What is reserved for open orders.
    pub reserved: F,
    /// The word of every slot, zero for one without a position.
    pub slots: Vec<F>,
    /// The blinding.
    pub blinding: F,
}

/// Secret: shows nothing.
impl<F> core::fmt::Debug for Words<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Words(..)")
    }
}

/// Why words are no portfolio. A verified proof is of none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordsError {
    /// An element that is no position's word, or follows a slot without one.
    #[error("slot {0} of the opening holds no position")]
    NotAPosition(usize),
    /// More than can be reserved.
    #[error(transparent)]
    Reserved(#[from] OutOfRange),
}

/// What was opened: positions in canonical order, and what is reserved. The blinding
/// is no part of it, as it can be any element: a prover with one of more than 248 bits
/// would hide from the holder otherwise.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedPortfolio {
    /// The positions.
    pub positions: Vec<Position>,
    /// What is reserved for open orders.
    pub reserved: Reserved,
}

/// Secret: shows nothing.
impl core::fmt::Debug for OpenedPortfolio {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("OpenedPortfolio(..)")
    }
}

impl<F: MarginField> Words<F> {
    /// The words of positions in canonical order, as a circuit of so many slots has
    /// them; `None` when there are more positions than slots.
    pub fn new(
        positions: &[Position],
        (reserved, blinding): (&Reserved, &Blinding),
        slots: usize,
    ) -> Option<Self> {
        let mut words: Vec<F> = positions.iter().map(Position::word).collect();
        if words.len() > slots {
            return None;
        }
        words.resize(slots, F::ZERO);
        let reserved = F::from_u128(reserved.get());
        Some(Self { reserved, slots: words, blinding: blinding.to_field() })
    }

    /// The commitment that they open: a link of two slots without a position leaves
    /// the chain as it is.
    pub fn commitment(&self) -> F {
        let chain = self.slots.chunks(POSITIONS_PER_LINK).fold(self.reserved, |chain, pair| {
            let word = |i: usize| pair.get(i).copied().unwrap_or(F::ZERO);
            match word(0) == F::ZERO {
                true => chain,
                false => hash(Domain::Positions, [chain, word(0), word(1), F::ZERO]),
            }
        });
        hash(Domain::Portfolio, [chain, self.blinding, F::ZERO, F::ZERO])
    }

    /// The portfolio that they are of.
    ///
    /// # Errors
    /// When they are none's.
    pub fn portfolio(&self) -> Result<OpenedPortfolio, WordsError> {
        let used = self.slots.iter().take_while(|word| **word != F::ZERO).count();
        let (words, rest) = self.slots.split_at(used);
        if let Some(gap) = rest.iter().position(|word| *word != F::ZERO) {
            return Err(WordsError::NotAPosition(used + gap));
        }
        let position = |(index, word): (usize, &F)| {
            Position::of_word(word).ok_or(WordsError::NotAPosition(index))
        };
        let positions = words.iter().enumerate().map(position).collect::<Result<Vec<_>, _>>()?;
        let reserved = self.reserved.to_be_bytes();
        let units = reserved[16..].iter().fold(0, |units, byte| units << 8 | u128::from(*byte));
        let is_short = reserved[..16].iter().all(|byte| *byte == 0);
        let reserved = Reserved::new(if is_short { units } else { u128::MAX })?;
        Ok(OpenedPortfolio { positions, reserved })
    }

    /// The elements in the order of their stream.
    fn elements(&self) -> impl Iterator<Item = F> {
        let ends = (self.reserved, self.blinding);
        [ends.0].into_iter().chain(self.slots.iter().copied()).chain([ends.1])
    }
}

/// What a holder of the key decrypts, and nobody else. Public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext<F> {
    nonce_point: Point<F>,
    elements: Vec<F>,
}

/// Why elements are no ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CiphertextError {
    /// Less than what is reserved and a blinding take.
    #[error("a ciphertext has 2 elements and one for each slot of its circuit, not {0}")]
    Short(usize),
}

impl<F: MarginField> Ciphertext<F> {
    /// A ciphertext by its parts: `R`, and an element for what is reserved, for every
    /// slot and for the blinding.
    ///
    /// # Errors
    /// When there are too few elements.
    pub fn new(nonce_point: Point<F>, elements: Vec<F>) -> Result<Self, CiphertextError> {
        match elements.len() < 2 {
            true => Err(CiphertextError::Short(elements.len())),
            false => Ok(Self { nonce_point, elements }),
        }
    }

    /// `R`.
    pub const fn nonce_point(&self) -> &Point<F> {
        &self.nonce_point
    }

    /// The elements.
    pub fn elements(&self) -> &[F] {
        &self.elements
    }

    /// Slots of the circuit that it is of.
    pub fn slots(&self) -> usize {
        self.elements.len() - 2
    }

    /// `ESCROW`: the digest with the key it is to. The number of elements is in it, so
    /// no ciphertext is the beginning of another.
    pub fn digest(&self, key: &Point<F>) -> F {
        let point = &self.nonce_point;
        let count = F::from_u128(self.elements.len() as u128);
        let mut message = alloc::vec![key.x(), key.y(), point.x(), point.y(), count];
        message.extend(&self.elements);
        hash_chain((Domain::Escrow, Domain::EscrowNext), &message)
    }
}

/// Encrypts words to a key.
pub fn encrypt<F: MarginField>(
    key: &Point<F>,
    nonce: &Nonce,
    binding: &Binding,
    words: &Words<F>,
) -> Ciphertext<F> {
    let nonce_point = F::curve().generator.times(nonce);
    let stream_key = binding.stream_key(&key.times(nonce), &nonce_point);
    let sealed = |(index, word): (u64, F)| word + stream(stream_key, index);
    Ciphertext { nonce_point, elements: (0..).zip(words.elements()).map(sealed).collect() }
}

/// Decrypts with `S`, the point that the key's holder and the prover share: words are
/// right when the proof that the ciphertext belongs to is.
pub fn decrypt<F: MarginField>(
    shared: &Point<F>,
    binding: &Binding,
    ciphertext: &Ciphertext<F>,
) -> Words<F> {
    let stream_key = binding.stream_key(shared, &ciphertext.nonce_point);
    let opened = |(index, element): (u64, &F)| *element - stream(stream_key, index);
    let mut elements = (0..).zip(&ciphertext.elements).map(opened);
    let reserved = elements.next().unwrap_or(F::ZERO);
    let mut slots: Vec<F> = elements.collect();
    let blinding = slots.pop().unwrap_or(F::ZERO);
    Words { reserved, slots, blinding }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use ff::Field;
    use pasta_curves::Fp;

    use super::*;
    use crate::field::bn254::Bn254Fr;
    use crate::ids::{BucketId, InstrumentId};
    use crate::portfolio::Portfolio;
    use crate::units::{Amount, Lots};

    fn position(instrument: u64, quantity: i64) -> Position {
        Position {
            bucket: BucketId::new(3),
            instrument: InstrumentId::new(instrument),
            quantity: Lots::new(quantity),
            cash: Amount::new(-5).unwrap(),
        }
    }

    fn binding(epoch: u64, account: u8) -> Binding {
        Binding {
            context: ContextId::derive("test", 1, [0; 20]),
            epoch: Epoch::new(epoch),
            account: AccountId::new([account; 20]),
        }
    }

    fn portfolio() -> Portfolio {
        let positions = vec![position(1, -7), position(2, 9), position(3, 0)];
        let reserved = Reserved::new(12_345).unwrap();
        Portfolio::new(positions, Blinding::new([9; 31])).unwrap().with_reserved(reserved)
    }

    fn words<F: MarginField>(slots: usize) -> Words<F> {
        let portfolio = portfolio();
        let ends = (portfolio.reserved(), portfolio.blinding());
        Words::new(portfolio.positions(), ends, slots).unwrap()
    }

    /// The holder's secret is a nonce too, so that both sides can be computed here.
    fn round_trip<F: MarginField>() {
        let (secret, nonce) = (Nonce::from_random([3; 32]), Nonce::from_random([5; 32]));
        let key = F::curve().generator.times(&secret);
        let (words, binding) = (words::<F>(8), binding(7, 1));
        let ciphertext = encrypt(&key, &nonce, &binding, &words);
        assert_eq!(ciphertext.slots(), 8);
        let shared = ciphertext.nonce_point().times(&secret);
        let opened = decrypt(&shared, &binding, &ciphertext);
        assert!(opened == words);
        assert_eq!(opened.commitment(), portfolio().commitment());
        let read = opened.portfolio().unwrap();
        assert!(read.positions == portfolio().positions());
        assert!(read.reserved == *portfolio().reserved());
        // Another epoch's or account's stream opens nothing.
        for other in [self::binding(8, 1), self::binding(7, 2)] {
            let wrong = decrypt(&shared, &other, &ciphertext);
            assert_ne!(wrong.commitment(), portfolio().commitment());
            assert!(wrong.portfolio().is_err());
        }
        // Nor another's key.
        let shared = ciphertext.nonce_point().times(&Nonce::from_random([4; 32]));
        assert!(decrypt(&shared, &binding, &ciphertext).portfolio().is_err());
    }

    #[test]
    fn what_is_encrypted_is_what_the_holder_opens() {
        round_trip::<Fp>();
        round_trip::<Bn254Fr>();
    }

    /// Why a nonce is drawn for every proof, and what the binding gives where it is
    /// not: in another epoch, or of another account, no difference of words shows; in
    /// the same it does.
    #[test]
    fn a_nonce_used_twice_shows_differences_in_one_epoch_alone() {
        let nonce = Nonce::from_random([5; 32]);
        let key = Fp::curve().generator.times(&Nonce::from_random([3; 32]));
        let mut other = words::<Fp>(8);
        other.slots[0] += Fp::from(17);
        let difference = |with: Binding| {
            let first = encrypt(&key, &nonce, &binding(7, 1), &words(8));
            let second = encrypt(&key, &nonce, &with, &other);
            second.elements()[1] - first.elements()[1]
        };
        assert_eq!(difference(binding(7, 1)), Fp::from(17));
        assert_ne!(difference(binding(8, 1)), Fp::from(17));
        assert_ne!(difference(binding(7, 2)), Fp::from(17));
    }

    /// Slots without a position do not show: every element is masked by its own.
    #[test]
    fn elements_of_empty_slots_differ() {
        let key = Fp::curve().generator;
        let ciphertext = encrypt(&key, &Nonce::from_random([5; 32]), &binding(7, 1), &words(8));
        for (i, element) in ciphertext.elements().iter().enumerate() {
            assert!(!ciphertext.elements()[..i].contains(element) && *element != Fp::ZERO);
        }
    }

    #[test]
    fn a_digest_is_of_key_point_count_and_every_element() {
        let key = Fp::curve().generator.doubled();
        let nonce = Nonce::from_random([5; 32]);
        let ciphertext = encrypt(&key, &nonce, &binding(7, 1), &words(8));
        let digest = ciphertext.digest(&key);
        assert_ne!(ciphertext.digest(&key.negated()), digest);
        assert_ne!(ciphertext.digest(&key.doubled()), digest);
        for i in 0..ciphertext.elements.len() {
            let mut other = ciphertext.clone();
            other.elements[i] += Fp::ONE;
            assert_ne!(other.digest(&key), digest);
        }
        let mut longer = ciphertext.clone();
        longer.elements.push(Fp::ZERO);
        assert_ne!(longer.digest(&key), digest);
        let opposite = ciphertext.nonce_point.negated();
        let other = Ciphertext::new(opposite, ciphertext.elements.clone()).unwrap();
        assert_ne!(other.digest(&key), digest);
        let short = Ciphertext::new(opposite, vec![Fp::ZERO]);
        assert_eq!(short, Err(CiphertextError::Short(1)));
    }

    #[test]
    fn words_that_are_no_portfolio_are_refused() {
        let honest = words::<Fp>(8);
        assert!(
            Words::<Fp>::new(portfolio().positions(), (&Reserved::NONE, portfolio().blinding()), 2)
                .is_none()
        );
        let refused = |change: &dyn Fn(&mut Words<Fp>)| {
            let mut words = honest.clone();
            change(&mut words);
            words.portfolio().map(|_| ()).unwrap_err()
        };
        assert_eq!(refused(&|w| w.slots[1] = Fp::ZERO), WordsError::NotAPosition(2));
        assert_eq!(refused(&|w| w.slots[1] = Fp::ONE), WordsError::NotAPosition(1));
        assert!(matches!(refused(&|w| w.reserved = -Fp::ONE), WordsError::Reserved(_)));
        // A blinding that is none of ours hides nothing.
        let mut long = honest.clone();
        long.blinding = -Fp::ONE;
        assert!(long.portfolio().unwrap() == honest.portfolio().unwrap());
    }
}
