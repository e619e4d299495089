//! A member's part of a decryption: `D = s R`, and a proof that it is theirs.
//!
//! The proof is that of Chaum and Pedersen for equal logarithms: `A = k G`, `B = k R`,
//! `c` a hash of everything, `z = k + c s`; it holds when `z G - c P = A` and
//! `z R - c D = B`, `P = s G` being the member's key by the committee's commitments.
//! The hash is SHA3-512 in a domain of its own over the field's name, the committee's
//! key, the member's number, the ciphertext's digest, and all six points, and is
//! reduced without bias. Every proof draws a `k` of its own.

use halo2curves_axiom::ff::{Field as _, FromUniformBytes as _};
use halo2curves_axiom::group::Group as _;
use rand08::rngs::OsRng;
use sha3::{Digest as _, Sha3_512};
use zkmargin_margin::escrow::{Ciphertext, Point};

use super::committee::{Committee, CommitteeError, Member};
use super::group::{EscrowGroup, scalar_bytes, scalar_of};

/// What the challenge is hashed in.
const DOMAIN: &[u8] = b"zkmargin escrow part v1";

/// Why a part counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// Of no member, or of a member whose secret is another.
    #[error(transparent)]
    Committee(#[from] CommitteeError),
    /// For another ciphertext.
    #[error("the part of member {0} is for another ciphertext, or another committee's")]
    OtherCiphertext(u8),
    /// The proof is false: what the member gave is not its part.
    #[error("the part of member {0} is not what its secret makes of the ciphertext")]
    Dishonest(u8),
    /// What was drawn is of no use, which does not happen.
    #[error("the part could not be made: try again")]
    Drawing,
}

/// A member's part of a decryption. Enough of them open the ciphertext: they are for
/// those who may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<F> {
    /// The member's number.
    pub member: u8,
    /// The ciphertext's digest under the committee's key.
    pub escrow: F,
    /// `s R`.
    pub point: Point<F>,
    /// The challenge, little-endian.
    pub challenge: [u8; 32],
    /// The response, little-endian.
    pub response: [u8; 32],
}

impl<F: EscrowGroup> Part<F> {
    /// A member's part.
    ///
    /// # Errors
    /// When the member is not one of the committee.
    pub fn new(
        committee: &Committee<F>,
        member: &Member<F>,
        ciphertext: &Ciphertext<F>,
    ) -> Result<Self, PartError> {
        committee.check(member)?;
        let of = Of::new(committee, member.number(), ciphertext)?;
        let (secret, k) = (member.scalar(), F::Scalar::random(OsRng));
        let base = F::lift(ciphertext.nonce_point());
        let point = F::lower(&(base * secret)).ok_or(PartError::Drawing)?;
        let first = F::lower(&(F::Group::generator() * k)).ok_or(PartError::Drawing)?;
        let second = F::lower(&(base * k)).ok_or(PartError::Drawing)?;
        let challenge = of.challenge(&point, [&first, &second]);
        let response = k + challenge * secret;
        Ok(Self {
            member: of.member,
            escrow: of.escrow,
            point,
            challenge: *scalar_bytes::<F>(&challenge),
            response: *scalar_bytes::<F>(&response),
        })
    }

    /// Whether it is the member's part of this ciphertext.
    ///
    /// # Errors
    /// What is wrong with it: the member is named.
    pub fn check(
        &self,
        committee: &Committee<F>,
        ciphertext: &Ciphertext<F>,
    ) -> Result<(), PartError> {
        let of = Of::new(committee, self.member, ciphertext)?;
        if self.escrow != of.escrow {
            return Err(PartError::OtherCiphertext(self.member));
        }
        match self.is_proved(&of) {
            Some(true) => Ok(()),
            _ => Err(PartError::Dishonest(self.member)),
        }
    }

    /// `None` where a scalar is not canonical, or a commitment the identity.
    fn is_proved(&self, of: &Of<'_, F>) -> Option<bool> {
        let (c, z) = (scalar_of::<F>(&self.challenge)?, scalar_of::<F>(&self.response)?);
        let commitment =
            |base: F::Group, image: &Point<F>| F::lower(&(base * z - F::lift(image) * c));
        let first = commitment(F::Group::generator(), &of.key)?;
        let second = commitment(F::lift(of.ciphertext.nonce_point()), &self.point)?;
        Some(of.challenge(&self.point, [&first, &second]) == c)
    }
}

/// What a part is of.
struct Of<'a, F> {
    committee: &'a Committee<F>,
    member: u8,
    /// `s G`, by the commitments.
    key: Point<F>,
    ciphertext: &'a Ciphertext<F>,
    escrow: F,
}

impl<'a, F: EscrowGroup> Of<'a, F> {
    fn new(
        committee: &'a Committee<F>,
        member: u8,
        ciphertext: &'a Ciphertext<F>,
    ) -> Result<Self, PartError> {
        let key = committee.member_key(member)?;
        let escrow = ciphertext.digest(committee.key());
        Ok(Self { committee, member, key, ciphertext, escrow })
    }

    fn challenge(&self, point: &Point<F>, commitments: [&Point<F>; 2]) -> F::Scalar {
        let mut hash = Sha3_512::new();
        hash.update(DOMAIN);
        // Names have different lengths, so the first says where it ends.
        hash.update([u8::try_from(F::NAME.len()).unwrap_or(u8::MAX)]);
        hash.update(F::NAME);
        hash.update([self.member]);
        hash.update(self.escrow.to_be_bytes());
        let [first, second] = commitments;
        let known = [self.committee.key(), &self.key, self.ciphertext.nonce_point()];
        for point in known.into_iter().chain([point, first, second]) {
            hash.update(point.to_bytes());
        }
        F::Scalar::from_uniform_bytes(&hash.finalize().into())
    }
}
