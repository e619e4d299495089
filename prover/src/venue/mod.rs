//! The venue's account trees: which account holds which commitment, as one
//! `STATE_ROOT` per epoch.
//!
//! A list of commitments becomes a state file that holds every inner node, so
//! that a membership path is read out at once. The order is by account, so the
//! same accounts make the same root on every machine.

mod files;
mod live;

use files::VERSION;
pub use files::{AccountList, FieldHex, ListEntry, ParseFieldError, PathFile, StateFile};
pub use live::{Changes, LiveState};

use std::sync::Mutex;

use rayon::prelude::*;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{ARITY, Path, Tree};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::shape::ProofSystem;

use crate::json::JsonError;

/// An account and the commitment to its portfolio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<F> {
    /// The account.
    pub account: AccountId,
    /// Its portfolio's commitment.
    pub commitment: F,
}

/// An account's membership in a state, checked against the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership<F> {
    /// The account.
    pub account: AccountId,
    /// Its portfolio's commitment.
    pub commitment: F,
    /// The deployment.
    pub context: ContextId,
    /// The epoch, as the venue says: the root does not hold it.
    pub epoch: Epoch,
    /// The root.
    pub state_root: F,
    /// The path from the leaf to the root.
    pub path: Path<F>,
}

/// Why there is no state tree or path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VenueError {
    /// A line or document that is not the schema.
    #[error("{}{source}", line.map_or(String::new(), |line| format!("line {line}: ")))]
    Json {
        /// The line of a JSON-lines list.
        line: Option<usize>,
        /// What is wrong with it.
        source: Box<JsonError>,
    },
    /// An account given twice.
    #[error("account {0} is listed twice")]
    DuplicateAccount(AccountId),
    /// More accounts than the tree holds.
    #[error("{0} accounts, allowed are {max}", max = 1_usize << (2 * STATE_DEPTH))]
    TooManyAccounts(usize),
    /// No accounts.
    #[error("the list holds no account")]
    Empty,
    /// An account that is not in the state.
    #[error("account {0} is not in the state")]
    UnknownAccount(AccountId),
    /// A file of another version.
    #[error("version: {0} is not supported, allowed is {VERSION}")]
    Version(u16),
    /// A field of no proof system.
    #[error("field: {0:?} is unknown, allowed are \"pasta-fp\" (ipa), \"bn254-fr\" (kzg)")]
    UnknownField(String),
    /// Entries of several proof systems.
    #[error("the list is of both proof systems, {0} and {1}")]
    MixedFields(ProofSystem, ProofSystem),
    /// Roots and commitments of another proof system.
    #[error("it is of proof system {found}, {expected} is needed")]
    OtherProofSystem {
        /// The file's.
        found: ProofSystem,
        /// The one that is needed.
        expected: ProofSystem,
    },
    /// An element that is not below the field's modulus.
    #[error("{place}: must be a number below the modulus of {field}")]
    NotCanonical {
        /// Where it stands.
        place: String,
        /// The field.
        field: &'static str,
    },
    /// Another epoch than the market's.
    #[error("it is of epoch {}, the market of epoch {}", found.get(), market.get())]
    OtherEpoch {
        /// The file's.
        found: Epoch,
        /// The market's.
        market: Epoch,
    },
    /// Nodes that do not hash to the root.
    #[error("the file is damaged: its nodes do not hash to its state root")]
    Damaged,
}

/// A state tree with all its nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State<F> {
    context: ContextId,
    epoch: Epoch,
    root: F,
    entries: Vec<Entry<F>>,
    /// Inner nodes, the level above the leaves first.
    nodes: Vec<Vec<F>>,
}

impl<F: MarginField> State<F> {
    /// Builds the tree over a list in any order, with all cores.
    ///
    /// # Errors
    /// When an account is listed twice, or there are none or too many.
    pub fn build(
        context: ContextId,
        epoch: Epoch,
        mut entries: Vec<Entry<F>>,
    ) -> Result<Self, VenueError> {
        if entries.is_empty() {
            return Err(VenueError::Empty);
        }
        entries.par_sort_unstable_by_key(|entry| entry.account);
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].account == pair[1].account) {
            return Err(VenueError::DuplicateAccount(pair[0].account));
        }
        let leaves = entries.par_iter().map(|entry| leaf(entry, context)).collect();
        let nodes = Mutex::new(Vec::with_capacity(STATE_DEPTH));
        let tree = Tree::build_with(Domain::StateNode, STATE_DEPTH, leaves, |groups| {
            let level = hash_nodes(groups);
            if let Ok(mut nodes) = nodes.lock() {
                nodes.push(level.clone());
            }
            level
        })
        .map_err(|_| VenueError::TooManyAccounts(entries.len()))?;
        let nodes = nodes.into_inner().map_err(|_| VenueError::Damaged)?;
        Ok(Self { context, epoch, root: tree.root(), entries, nodes })
    }

    /// The deployment the leaves are bound to.
    pub fn context(&self) -> ContextId {
        self.context
    }

    /// The epoch it is of. The root does not hold it: the same accounts make the
    /// same root in another.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// `STATE_ROOT`.
    pub fn root(&self) -> F {
        self.root
    }

    /// The accounts, ascending.
    pub fn entries(&self) -> &[Entry<F>] {
        &self.entries
    }

    /// The membership paths of all accounts, in their order. The tree is hashed
    /// once and compared with the root, and not once for every path.
    ///
    /// # Errors
    /// [`VenueError::Damaged`] when the accounts do not hash to the root.
    pub fn paths(
        &self,
    ) -> Result<impl ParallelIterator<Item = Membership<F>> + use<'_, F>, VenueError> {
        let live = LiveState::new(self.context, self.entries.clone())?;
        if live.root() != self.root {
            return Err(VenueError::Damaged);
        }
        let epoch = self.epoch;
        Ok((0..self.entries.len()).into_par_iter().filter_map(move |slot| live.at(slot, epoch)))
    }

    /// The membership path of an account, checked against the root.
    ///
    /// # Errors
    /// When the account is not in the state, or the nodes are damaged.
    pub fn path(&self, account: AccountId) -> Result<Membership<F>, VenueError> {
        let index = self
            .entries
            .binary_search_by_key(&account, |entry| entry.account)
            .map_err(|_| VenueError::UnknownAccount(account))?;
        let entry = self.entries[index];
        let mut empty = F::ZERO;
        let mut position = index;
        let mut children = Vec::with_capacity(STATE_DEPTH);
        for height in 0..STATE_DEPTH {
            let start = position / 4 * 4;
            children.push(std::array::from_fn(|i| match height.checked_sub(1) {
                None => self.entries.get(start + i).map_or(empty, |e| leaf(e, self.context)),
                Some(below) => self
                    .nodes
                    .get(below)
                    .and_then(|level| level.get(start + i))
                    .copied()
                    .unwrap_or(empty),
            }));
            position /= 4;
            empty = hash(Domain::StateNode, [empty; 4]);
        }
        let path = Path::from_parts(Domain::StateNode, children);
        if path.root(leaf(&entry, self.context)) != Some(self.root) {
            return Err(VenueError::Damaged);
        }
        Ok(Membership {
            account,
            commitment: entry.commitment,
            context: self.context,
            epoch: self.epoch,
            state_root: self.root,
            path,
        })
    }
}

/// Hashes the changed nodes of a level with all cores.
fn hash_nodes<F: MarginField>(groups: &[[F; ARITY]]) -> Vec<F> {
    groups.par_iter().map(|group| hash(Domain::StateNode, *group)).collect()
}

fn leaf<F: MarginField>(entry: &Entry<F>, context: ContextId) -> F {
    state_leaf(entry.account, entry.commitment, context)
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;

    use super::*;

    pub(super) fn entries<F: MarginField>(n: u64) -> Vec<Entry<F>> {
        (0..n)
            .map(|i| {
                let mut account = [0; 20];
                account[12..].copy_from_slice(&i.to_be_bytes());
                Entry { account: AccountId::new(account), commitment: F::from(i + 100) }
            })
            .collect()
    }

    pub(super) fn context() -> ContextId {
        ContextId::derive("test", 0, [0; 20])
    }

    pub(super) const EPOCH: Epoch = Epoch::new(7);

    #[test]
    fn every_account_has_a_path_whatever_the_order() {
        let mut reversed = entries::<Fp>(37);
        reversed.reverse();
        let state = State::build(context(), EPOCH, reversed).unwrap();
        assert_eq!(state, State::build(context(), EPOCH, entries(37)).unwrap());
        let all: Vec<_> = state.paths().unwrap().collect();
        assert_eq!(all.len(), 37);
        for (entry, one_of_all) in state.entries().iter().zip(all) {
            let path = state.path(entry.account).unwrap();
            assert_eq!(path.path.root(leaf(entry, context())), Some(state.root()));
            assert_eq!(path, one_of_all);
        }
        let other = State { root: Fp::from(1), ..state.clone() };
        assert_eq!(other.paths().err(), Some(VenueError::Damaged));
        let absent = AccountId::new([9; 20]);
        assert_eq!(state.path(absent), Err(VenueError::UnknownAccount(absent)));
    }

    #[test]
    fn lists_that_make_no_tree_are_refused() {
        assert_eq!(State::<Fp>::build(context(), EPOCH, Vec::new()), Err(VenueError::Empty));
        let mut twice = entries::<Fp>(3);
        twice.push(twice[1]);
        assert_eq!(
            State::build(context(), EPOCH, twice.clone()),
            Err(VenueError::DuplicateAccount(twice[1].account))
        );
    }
}
