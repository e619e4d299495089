//! A venue's tree that lives from epoch to epoch: an account that changed costs
//! its path, and not the tree.
//!
//! Accounts keep the slot that they were first given, ascending within one
//! update; so the first update makes the root that [`State::build`] makes of the
//! same accounts, and a later account does not move the others. Positions in the
//! tree are not proved: paths of either order verify alike.
//!
//! [`State::build`]: super::State::build

use std::collections::BTreeMap;

use rayon::prelude::*;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::market::STATE_DEPTH;
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::poseidon::Domain;

use super::{Entry, Membership, VenueError, hash_nodes, leaf};

/// Accounts by slot, with their tree.
#[derive(Clone, Debug)]
pub struct LiveState<F> {
    context: ContextId,
    entries: Vec<Entry<F>>,
    slots: BTreeMap<AccountId, usize>,
    tree: Tree<F>,
}

impl<F: MarginField> LiveState<F> {
    /// The tree of entries that stand in the order of their slots.
    ///
    /// # Errors
    /// When an account is listed twice, or there are too many.
    pub fn new(context: ContextId, entries: Vec<Entry<F>>) -> Result<Self, VenueError> {
        let mut slots = BTreeMap::new();
        for (slot, entry) in entries.iter().enumerate() {
            if slots.insert(entry.account, slot).is_some() {
                return Err(VenueError::DuplicateAccount(entry.account));
            }
        }
        let leaves = entries.par_iter().map(|entry| leaf(entry, context)).collect();
        let tree = Tree::build_with(Domain::StateNode, STATE_DEPTH, leaves, hash_nodes)
            .map_err(|_| VenueError::TooManyAccounts(entries.len()))?;
        Ok(Self { context, entries, slots, tree })
    }

    /// Changes the commitments of accounts, and adds those that are new. An entry
    /// that is there already costs nothing.
    ///
    /// # Errors
    /// When there are too many accounts, or one is given twice; nothing has
    /// changed then.
    pub fn update(&mut self, mut changes: Vec<Entry<F>>) -> Result<Changes, VenueError> {
        changes.par_sort_unstable_by_key(|entry| entry.account);
        if let Some(pair) = changes.windows(2).find(|pair| pair[0].account == pair[1].account) {
            return Err(VenueError::DuplicateAccount(pair[0].account));
        }
        let known = self.entries.len();
        let mut end = known;
        let mut changed: Vec<(usize, Entry<F>)> = Vec::with_capacity(changes.len());
        for entry in changes {
            match self.slots.get(&entry.account) {
                Some(slot) if self.entries[*slot] == entry => {}
                Some(slot) => changed.push((*slot, entry)),
                None => {
                    changed.push((end, entry));
                    end += 1;
                }
            }
        }
        let leaves: Vec<(usize, F)> =
            changed.par_iter().map(|(slot, entry)| (*slot, leaf(entry, self.context))).collect();
        self.tree.update_with(leaves, hash_nodes).map_err(|_| VenueError::TooManyAccounts(end))?;
        for (slot, entry) in &changed {
            match self.entries.get_mut(*slot) {
                Some(old) => *old = *entry,
                None => self.entries.push(*entry),
            }
            self.slots.insert(entry.account, *slot);
        }
        let slots: Vec<usize> = changed.into_iter().map(|(slot, _)| slot).collect();
        Ok(Changes { changed: slots.len() - (end - known), added: end - known, slots })
    }

    /// `STATE_ROOT`.
    pub fn root(&self) -> F {
        self.tree.root()
    }

    /// The deployment the leaves are bound to.
    pub fn context(&self) -> ContextId {
        self.context
    }

    /// The accounts with their commitments, by slot.
    pub fn entries(&self) -> &[Entry<F>] {
        &self.entries
    }

    /// The slot of an account.
    pub fn slot(&self, account: AccountId) -> Option<usize> {
        self.slots.get(&account).copied()
    }

    /// The membership path of an account in the tree as it is, for an epoch.
    ///
    /// # Errors
    /// [`VenueError::UnknownAccount`].
    pub fn path(&self, account: AccountId, epoch: Epoch) -> Result<Membership<F>, VenueError> {
        self.slot(account)
            .and_then(|slot| self.at(slot, epoch))
            .ok_or(VenueError::UnknownAccount(account))
    }

    /// The membership path of a slot.
    pub(super) fn at(&self, slot: usize, epoch: Epoch) -> Option<Membership<F>> {
        let Entry { account, commitment } = *self.entries.get(slot)?;
        let path = self.tree.path(slot).ok()?;
        let (context, state_root) = (self.context, self.tree.root());
        Some(Membership { account, commitment, context, epoch, state_root, path })
    }
}

/// What an update did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Accounts with another commitment than before.
    pub changed: usize,
    /// Accounts that were not there before.
    pub added: usize,
    /// The slots of both, by account.
    pub slots: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;

    use super::super::tests::{EPOCH, context, entries};
    use super::super::{PathFile, State};
    use super::*;

    #[test]
    fn the_first_update_is_the_tree_built_at_once() {
        let mut live = LiveState::<Fp>::new(context(), Vec::new()).unwrap();
        let mut reversed = entries(21);
        reversed.reverse();
        let changes = live.update(reversed).unwrap();
        assert_eq!((changes.changed, changes.added), (0, 21));
        assert_eq!(changes.slots, (0..21).collect::<Vec<_>>());
        assert_eq!(live.root(), State::build(context(), EPOCH, entries(21)).unwrap().root());
        let none = Changes { changed: 0, added: 0, slots: Vec::new() };
        assert_eq!(live.update(entries(21)), Ok(none));
    }

    #[test]
    fn later_accounts_keep_the_slots_of_the_others_and_paths_verify() {
        let mut live = LiveState::new(context(), entries::<Fp>(20)[10..].to_vec()).unwrap();
        let mut changed = entries::<Fp>(20)[..12].to_vec();
        changed[11].commitment = Fp::from(1);
        let changes = live.update(changed.clone()).unwrap();
        assert_eq!((changes.changed, changes.added, changes.slots.len()), (1, 10, 11));
        assert_eq!(
            (live.slot(changed[0].account), live.slot(changed[11].account)),
            (Some(10), Some(1))
        );
        for entry in live.entries() {
            let path = live.path(entry.account, EPOCH).unwrap();
            assert_eq!(PathFile::from(&path).membership(), Ok(path));
        }
        let rebuilt = LiveState::new(context(), live.entries().to_vec()).unwrap();
        assert_eq!(rebuilt.root(), live.root());
        let absent = AccountId::new([9; 20]);
        assert_eq!(live.path(absent, EPOCH), Err(VenueError::UnknownAccount(absent)));
    }

    #[test]
    fn what_is_given_twice_changes_nothing() {
        let mut live = LiveState::new(context(), entries::<Fp>(3)).unwrap();
        let root = live.root();
        let (mut one, mut two) = (entries::<Fp>(9)[7], entries::<Fp>(9)[7]);
        (one.commitment, two.commitment) = (Fp::from(1), Fp::from(0));
        assert_eq!(live.update(vec![one, two]), Err(VenueError::DuplicateAccount(one.account)));
        assert_eq!((live.root(), live.entries().len()), (root, 3));
        let twice = vec![one, two];
        assert!(LiveState::new(context(), twice).is_err());
    }

    /// What this process has computed so far, on all cores; zero where that is not told.
    fn cpu_seconds() -> f64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|n| n.parse().ok()).collect();
        ticks.iter().sum::<f64>() / 100.0
    }

    /// A million accounts of which one in a hundred changed. Run with
    /// `cargo test -p zkmargin-prover --lib -- --ignored --nocapture a_million`.
    #[test]
    #[ignore = "a minute of hashing; prints the time of one epoch"]
    fn a_million_accounts_of_which_one_in_a_hundred_changed() {
        let count = 1_000_000;
        let mut live = LiveState::new(context(), entries::<Fp>(count)).unwrap();
        let mut changed: Vec<_> = live.entries().iter().step_by(100).copied().collect();
        changed.iter_mut().for_each(|entry| entry.commitment += Fp::from(1));
        let (start, cpu) = (std::time::Instant::now(), cpu_seconds());
        let changes = live.update(changed).unwrap();
        let (elapsed, cpu) = (start.elapsed(), cpu_seconds() - cpu);
        let changed = changes.changed;
        println!("{count} accounts, {changed} changed: root in {elapsed:.2?}, {cpu:.2} CPU s");
        assert_eq!((changes.changed, changes.added), (10_000, 0));
    }
}
