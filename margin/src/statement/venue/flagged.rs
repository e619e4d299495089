//! The chain over the flagged accounts.

use crate::field::MarginField;
use crate::ids::AccountId;
use crate::poseidon::{Domain, hash};

/// The chain with one more account.
pub fn flagged_link<F: MarginField>(chain: F, account: F) -> F {
    hash(Domain::Flagged, [chain, account, F::ZERO, F::ZERO])
}

/// The end of the chain over accounts, in the order of their leaves; zero for none.
/// It is cut nowhere: how many there are is public beside it.
pub fn flagged_chain<F: MarginField>(accounts: &[AccountId]) -> F {
    accounts.iter().fold(F::ZERO, |chain, account| flagged_link(chain, account.to_field()))
}
