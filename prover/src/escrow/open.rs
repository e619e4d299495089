//! What enough parts open.

use std::collections::BTreeSet;

use vsss_rs::{IdentifierPrimeField, ReadableShareSet as _, ValueGroup};
use zkmargin_margin::escrow::{Binding, Ciphertext, Nonce, Point, Words, decrypt};

use super::committee::{Committee, Id};
use super::group::EscrowGroup;
use super::share::{Part, PartError};

/// Why nothing is opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Fewer honest parts than it takes.
    #[error(
        "{honest} of the parts count, and it takes {threshold}{}",
        dishonest.iter().map(|error| format!("; {error}")).collect::<String>()
    )]
    TooFew {
        /// Parts that count.
        honest: usize,
        /// Parts that it takes.
        threshold: usize,
        /// What is wrong with the others.
        dishonest: Vec<PartError>,
    },
    /// Two parts of one member.
    #[error("there are two parts of member {0}: give one of each member")]
    Twice(u8),
    /// The nonce is another ciphertext's.
    #[error("the viewing key is not that of this ciphertext")]
    OtherNonce,
    /// The parts do not interpolate, which honest ones do.
    #[error("the parts give no point")]
    NoPoint,
}

/// What was opened.
#[derive(Debug)]
pub struct Opened<F> {
    /// What opens the commitment.
    pub words: Words<F>,
    /// Parts that were left out, and why: their members are named.
    pub dishonest: Vec<PartError>,
}

/// Opens a ciphertext by its members' parts. Each is checked, and those that are not
/// their members' are left out and named.
///
/// # Errors
/// When fewer than the threshold are left.
pub fn open<F: EscrowGroup>(
    committee: &Committee<F>,
    ciphertext: &Ciphertext<F>,
    binding: &Binding,
    parts: &[Part<F>],
) -> Result<Opened<F>, OpenError> {
    let mut members = BTreeSet::new();
    if let Some(part) = parts.iter().find(|part| !members.insert(part.member)) {
        return Err(OpenError::Twice(part.member));
    }
    let (mut honest, mut dishonest) = (Vec::new(), Vec::new());
    for part in parts {
        match part.check(committee, ciphertext) {
            Ok(()) => honest.push(part),
            Err(error) => dishonest.push(error),
        }
    }
    let threshold = committee.threshold();
    let Some(enough) = honest.get(..threshold) else {
        return Err(OpenError::TooFew { honest: honest.len(), threshold, dishonest });
    };
    let shared = shared(enough).ok_or(OpenError::NoPoint)?;
    Ok(Opened { words: decrypt(&shared, binding, ciphertext), dishonest })
}

/// `S` by as many parts as the threshold. The sharing crate begins at two.
fn shared<F: EscrowGroup>(parts: &[&Part<F>]) -> Option<Point<F>> {
    if let [part] = parts {
        return Some(part.point);
    }
    let share = |part: &&Part<F>| -> (Id<F>, ValueGroup<F::Group>) {
        let number = F::Scalar::from(u64::from(part.member));
        (IdentifierPrimeField(number), ValueGroup(F::lift(&part.point)))
    };
    let shares: Vec<_> = parts.iter().map(share).collect();
    F::lower(&shares.combine().ok()?.0)
}

/// Opens a ciphertext by its own nonce: its viewing key, which opens no other.
///
/// # Errors
/// When the nonce is not the ciphertext's.
pub fn open_with_nonce<F: EscrowGroup>(
    key: &Point<F>,
    nonce: &Nonce,
    ciphertext: &Ciphertext<F>,
    binding: &Binding,
) -> Result<Words<F>, OpenError> {
    match F::curve().generator.times(nonce) == *ciphertext.nonce_point() {
        true => Ok(decrypt(&key.times(nonce), binding, ciphertext)),
        false => Err(OpenError::OtherNonce),
    }
}
