//! The list of venues that a proof nets over, and its digest (N3).

use alloc::vec::Vec;

use crate::field::MarginField;
use crate::ids::{AccountId, ContextId};
use crate::poseidon::{Domain, hash_chain};

/// Most venues of one proof.
pub const MAX_VENUES: usize = 4;

/// Where an account is held: everything public of it at one venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueAccount<F> {
    /// The deployment that the venue attests for: its leaves are of it.
    pub context: ContextId,
    /// Root of the account tree that the venue posted.
    pub state_root: F,
    /// The account at this venue.
    pub account: AccountId,
}

/// `VENUES`: the chain over the deployment that takes the proof, the account it is
/// about there, and context, state root and account at each venue; zeros for each
/// venue up to [`MAX_VENUES`] that there is not.
pub fn venues_digest<F: MarginField>(
    (context, account): (ContextId, AccountId),
    venues: &[VenueAccount<F>],
) -> F {
    let mut elements: Vec<F> = [context.to_field(), account.to_field()].into();
    for venue in venues {
        elements.extend([venue.context.to_field(), venue.state_root, venue.account.to_field()]);
    }
    elements.resize(2 + 3 * MAX_VENUES, F::ZERO);
    hash_chain((Domain::Venues, Domain::VenuesNext), &elements)
}

/// Why a list is not one that a proof may be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidVenues {
    /// None, or too many.
    #[error("a proof nets over 1 to {MAX_VENUES} venues, not {0}")]
    Number(usize),
    /// One context at two places.
    #[error("{0} is in the list twice: what is held there would count twice")]
    ContextTwice(ContextId),
    /// One state root under two contexts.
    #[error(
        "{0} and {1} have one state root: one tree under two names, whose accounts would count twice"
    )]
    RootTwice(ContextId, ContextId),
    /// A context of zeros, which marks a venue that there is not.
    #[error("a context of zeros is no venue's")]
    Zero,
    /// Contexts do not ascend.
    #[error("venues are not in ascending order of their contexts")]
    Order,
}

/// One to four venues by ascending context, each context and each state root once:
/// every set of them has one list and one digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Venues<F>(Vec<VenueAccount<F>>);

impl<F: MarginField> Venues<F> {
    /// Brings venues into canonical order.
    ///
    /// # Errors
    /// When one of them is there twice, by context or by state root, or there are none
    /// or too many.
    pub fn new(mut venues: Vec<VenueAccount<F>>) -> Result<Self, InvalidVenues> {
        venues.sort_by_key(|venue| venue.context);
        Self::of_sorted(venues)
    }

    /// Venues that are in canonical order.
    ///
    /// # Errors
    /// When they are not, or as [`Venues::new`].
    pub fn of_sorted(venues: Vec<VenueAccount<F>>) -> Result<Self, InvalidVenues> {
        if !(1..=MAX_VENUES).contains(&venues.len()) {
            return Err(InvalidVenues::Number(venues.len()));
        }
        for pair in venues.windows(2) {
            match pair[0].context.cmp(&pair[1].context) {
                core::cmp::Ordering::Less => {}
                core::cmp::Ordering::Equal => {
                    return Err(InvalidVenues::ContextTwice(pair[0].context));
                }
                core::cmp::Ordering::Greater => return Err(InvalidVenues::Order),
            }
        }
        if venues.iter().any(|venue| venue.context.as_bytes().iter().all(|byte| *byte == 0)) {
            return Err(InvalidVenues::Zero);
        }
        for (index, venue) in venues.iter().enumerate() {
            let same = venues[..index].iter().find(|other| other.state_root == venue.state_root);
            if let Some(other) = same {
                return Err(InvalidVenues::RootTwice(other.context, venue.context));
            }
        }
        Ok(Self(venues))
    }

    /// The venues, by ascending context.
    pub fn as_slice(&self) -> &[VenueAccount<F>] {
        &self.0
    }

    /// `VENUES` of a proof for this deployment and account.
    pub fn digest(&self, at: (ContextId, AccountId)) -> F {
        venues_digest(at, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use pasta_curves::Fp;

    use super::*;
    use crate::poseidon::hash;

    fn venue(context: u8, root: u64) -> VenueAccount<Fp> {
        let bytes = core::array::from_fn(|i| if i == 1 { context } else { 0 });
        let context = ContextId::from_be_bytes(&bytes).unwrap();
        let account = AccountId::new([context.as_bytes()[0]; 20]);
        VenueAccount { context, state_root: Fp::from(root), account }
    }

    /// Every set of venues has one list, and no list has a venue twice.
    #[test]
    fn lists_are_canonical() {
        let [a, b] = [venue(1, 7), venue(2, 8)];
        assert_eq!(Venues::new(vec![b, a]), Venues::of_sorted(vec![a, b]));
        assert_eq!(Venues::of_sorted(vec![b, a]), Err(InvalidVenues::Order));
        assert_eq!(Venues::<Fp>::new(vec![]), Err(InvalidVenues::Number(0)));
        let five = (1..=5).map(|i| venue(i, i.into())).collect();
        assert_eq!(Venues::new(five), Err(InvalidVenues::Number(5)));
        let twice = Err(InvalidVenues::ContextTwice(a.context));
        assert_eq!(Venues::new(vec![a, VenueAccount { state_root: Fp::from(9), ..a }]), twice);
        let one_root = Err(InvalidVenues::RootTwice(a.context, b.context));
        assert_eq!(Venues::new(vec![a, venue(2, 7)]), one_root);
        assert_eq!(Venues::new(vec![a, venue(2, 8), venue(3, 7)]).map(|_| ()), {
            Err(InvalidVenues::RootTwice(a.context, venue(3, 7).context))
        });
        assert_eq!(Venues::new(vec![venue(0, 1)]), Err(InvalidVenues::Zero));
    }

    /// As the documentation lays it out, absent venues as zeros.
    #[test]
    fn the_digest_is_the_chain_over_the_list() {
        let (house, account) = (venue(9, 0).context, AccountId::new([5; 20]));
        let [a, b] = [venue(1, 7), venue(2, 8)];
        let digest = Venues::new(vec![a, b]).unwrap().digest((house, account));
        let [x, y] = [a, b].map(|v| (v.context.to_field(), v.state_root, v.account.to_field()));
        let zero = Fp::from(0);
        let mut chain = hash(Domain::Venues, [house.to_field(), account.to_field(), x.0, x.1]);
        for next in [[x.2, y.0, y.1], [y.2, zero, zero], [zero; 3], [zero; 3]] {
            chain = hash(Domain::VenuesNext, [chain, next[0], next[1], next[2]]);
        }
        assert_eq!(digest, chain);
        assert_ne!(digest, Venues::new(vec![a]).unwrap().digest((house, account)));
        assert_ne!(digest, venues_digest((house, account), &[b, a]));
    }
}
