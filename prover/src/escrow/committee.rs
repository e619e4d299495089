//! A key in shares.

use std::fmt;

use halo2curves_axiom::ff::Field as _;
use halo2curves_axiom::group::Group as _;
use rand08::rngs::OsRng;
use vsss_rs::{FeldmanVerifierSet as _, IdentifierPrimeField, ShareVerifierGroup, feldman};
use zeroize::Zeroizing;
use zkmargin_margin::escrow::Point;

use super::group::{EscrowGroup, scalar_bytes, scalar_of};

/// Most members of a committee.
pub const MAX_MEMBERS: usize = 255;

/// A member's number, as a scalar.
pub(super) type Id<F> = IdentifierPrimeField<<F as EscrowGroup>::Scalar>;
/// A share of the secret by its member's number.
type SecretShare<F> = (Id<F>, IdentifierPrimeField<<F as EscrowGroup>::Scalar>);
/// A commitment.
type Commitment<F> = ShareVerifierGroup<<F as EscrowGroup>::Group>;

/// Why there is no committee, or somebody is no member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitteeError {
    /// Too many or too few.
    #[error(
        "{threshold} of {members} members: allowed are a threshold from 1 to the number of members, and 1 to 255 members"
    )]
    Sizes {
        /// Members that open together.
        threshold: usize,
        /// All members.
        members: usize,
    },
    /// What was drawn is of no use, which does not happen, or the crate refused.
    #[error("the key could not be dealt: try again")]
    Dealing,
    /// Not one of the committee.
    #[error("there is no member {member}: the committee has members 1 to {members}")]
    NoSuchMember {
        /// The number that was given.
        member: u8,
        /// How many there are.
        members: u8,
    },
    /// The secret is not what the commitments say: the dealer lied, or the file is
    /// another committee's.
    #[error("the secret of member {0} is not the one that this committee's commitments are to")]
    OtherSecret(u8),
}

/// A committee in public: its key, and the commitments that its members' secrets are
/// held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee<F> {
    commitments: Vec<Point<F>>,
    members: u8,
}

impl<F: EscrowGroup> Committee<F> {
    /// A committee by the commitments to its polynomial's coefficients, the key first.
    ///
    /// # Errors
    /// When there are more of them than members, or none.
    pub fn new(commitments: Vec<Point<F>>, members: u8) -> Result<Self, CommitteeError> {
        check_sizes(commitments.len(), usize::from(members))?;
        Ok(Self { commitments, members })
    }

    /// What portfolios are encrypted to.
    pub fn key(&self) -> &Point<F> {
        // There is one: the constructor says so.
        &self.commitments[0]
    }

    /// Members that open together.
    pub fn threshold(&self) -> usize {
        self.commitments.len()
    }

    /// All members.
    pub fn members(&self) -> u8 {
        self.members
    }

    /// The commitments, the key first.
    pub fn commitments(&self) -> &[Point<F>] {
        &self.commitments
    }

    /// `s_i G` of a member.
    ///
    /// # Errors
    /// When there is no such member, or its secret would be zero.
    pub fn member_key(&self, member: u8) -> Result<Point<F>, CommitteeError> {
        let members = self.members;
        if member == 0 || member > members {
            return Err(CommitteeError::NoSuchMember { member, members });
        }
        let at = F::Scalar::from(u64::from(member));
        let sum = self
            .commitments
            .iter()
            .rev()
            .fold(F::Group::identity(), |sum, commitment| sum * at + F::lift(commitment));
        F::lower(&sum).ok_or(CommitteeError::OtherSecret(member))
    }

    /// Whether a member's secret is the one that was committed to.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self, member: &Member<F>) -> Result<(), CommitteeError> {
        let own = F::lower(&(F::Group::generator() * member.scalar()));
        match own == Some(self.member_key(member.number)?) && member.key == *self.key() {
            true => Ok(()),
            false => Err(CommitteeError::OtherSecret(member.number)),
        }
    }
}

/// A member, with its secret.
#[derive(Clone)]
pub struct Member<F> {
    number: u8,
    key: Point<F>,
    secret: Zeroizing<[u8; 32]>,
}

/// Secret: shows the number alone.
impl<F> fmt::Debug for Member<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<F: EscrowGroup> Member<F> {
    /// A member by its number, the committee's key and its secret, little-endian; `None`
    /// when the secret is not below the group's order.
    pub fn new(number: u8, key: Point<F>, secret: Zeroizing<[u8; 32]>) -> Option<Self> {
        scalar_of::<F>(&secret)?;
        Some(Self { number, key, secret })
    }

    /// Its number, from one.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// The committee's key.
    pub fn key(&self) -> &Point<F> {
        &self.key
    }

    /// The secret, for storage.
    pub fn expose(&self) -> &Zeroizing<[u8; 32]> {
        &self.secret
    }

    pub(super) fn scalar(&self) -> F::Scalar {
        // In range: the constructor says so.
        scalar_of::<F>(&self.secret).unwrap_or(F::Scalar::ZERO)
    }
}

fn check_sizes(threshold: usize, members: usize) -> Result<(), CommitteeError> {
    match (1..=members).contains(&threshold) && members <= MAX_MEMBERS {
        true => Ok(()),
        false => Err(CommitteeError::Sizes { threshold, members }),
    }
}

/// Draws a key and deals it: the committee, and a secret for each member.
///
/// # Errors
/// When there are too many members, or more must agree than there are.
pub fn deal<F: EscrowGroup>(
    threshold: usize,
    members: usize,
) -> Result<(Committee<F>, Vec<Member<F>>), CommitteeError> {
    check_sizes(threshold, members)?;
    let count = u8::try_from(members).map_err(|_| CommitteeError::Dealing)?;
    let secret = F::Scalar::random(OsRng);
    let (shares, commitments) = split::<F>(threshold, members, secret)?;
    let lowered = commitments.iter().map(|commitment| F::lower(commitment));
    let commitments = lowered.collect::<Option<Vec<_>>>().ok_or(CommitteeError::Dealing)?;
    let committee = Committee::new(commitments, count)?;
    let member = |(number, share): (u8, &F::Scalar)| {
        let member = Member { number, key: *committee.key(), secret: scalar_bytes::<F>(share) };
        committee.check(&member).map(|()| member)
    };
    let members = (1..).zip(&shares).map(member).collect::<Result<_, _>>()?;
    Ok((committee, members))
}

/// Shares and commitments.
type Split<F> = (Vec<<F as EscrowGroup>::Scalar>, Vec<<F as EscrowGroup>::Group>);

/// The shares of members 1, 2, ..., and the commitments. The sharing crate begins at
/// two of two: of one, every share is the secret.
fn split<F: EscrowGroup>(
    threshold: usize,
    members: usize,
    secret: F::Scalar,
) -> Result<Split<F>, CommitteeError> {
    if threshold == 1 {
        return Ok((vec![secret; members], vec![F::Group::generator() * secret]));
    }
    let (shares, verifiers) = feldman::split_secret::<SecretShare<F>, Commitment<F>>(
        threshold,
        members,
        &IdentifierPrimeField(secret),
        None,
        OsRng,
    )
    .map_err(|_| CommitteeError::Dealing)?;
    let numbers = (1_u64..).map(|number| IdentifierPrimeField(F::Scalar::from(number)));
    if shares.len() != members || !shares.iter().map(|(id, _)| *id).eq(numbers.take(members)) {
        return Err(CommitteeError::Dealing);
    }
    for share in &shares {
        verifiers.verify_share(share).map_err(|_| CommitteeError::Dealing)?;
    }
    // The first is the generator.
    let commitments = verifiers.iter().skip(1).map(|commitment| commitment.0).collect();
    Ok((shares.into_iter().map(|(_, share)| share.0).collect(), commitments))
}
