//! How subtrees cover the state tree.

use alloc::collections::BTreeMap;
use core::fmt;
use core::str::FromStr;

use crate::field::MarginField;
use crate::market::STATE_DEPTH;
use crate::merkle::ARITY;
use crate::poseidon::{Domain, hash};

/// Levels of a subtree, from 1 to 4: a proof is over 4, 16, 64 or 256 leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubtreeDepth(u8);

/// A number of leaves that no subtree has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a venue's proof is over 4, 16, 64 or 256 leaves")]
pub struct UnknownDepth;

impl SubtreeDepth {
    /// All of them, ascending.
    pub const ALL: [Self; 4] = [Self(1), Self(2), Self(3), Self(4)];

    /// So many levels.
    pub const fn new(levels: u8) -> Option<Self> {
        match levels {
            1..=4 => Some(Self(levels)),
            _ => None,
        }
    }

    /// The levels.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The leaves of the subtree.
    pub const fn leaves(self) -> usize {
        ARITY.pow(self.0 as u32)
    }

    /// Subtrees of the state tree.
    pub const fn subtrees(self) -> usize {
        // At most 4^11.
        1 << (2 * (STATE_DEPTH - self.0 as usize))
    }
}

/// As the number of leaves.
impl fmt::Display for SubtreeDepth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.leaves())
    }
}

/// Reads the number of leaves.
impl FromStr for SubtreeDepth {
    type Err = UnknownDepth;

    fn from_str(text: &str) -> Result<Self, UnknownDepth> {
        let is = |depth: &Self| alloc::string::ToString::to_string(depth) == text;
        Self::ALL.into_iter().find(is).ok_or(UnknownDepth)
    }
}

/// The root over the leaves of a subtree; those that are missing are empty.
pub fn subtree_root<F: MarginField>(depth: SubtreeDepth, leaves: &[F]) -> F {
    let placed = leaves.iter().copied().enumerate().collect();
    fold((0, usize::from(depth.get())), F::ZERO, placed, |_, _| ())
}

/// `STATE_ROOT` over the roots of subtrees, each by its number from the left; those
/// that are missing are empty. A number that is none has no place, and no root that
/// a tree has.
pub fn state_root_over<F: MarginField>(depth: SubtreeDepth, subtrees: BTreeMap<usize, F>) -> F {
    levels(depth, subtrees, |_, _| ())
}

/// The same, and shows every level below the root, from that of the subtrees on, with the
/// digest of a missing node.
pub(super) fn levels<F: MarginField>(
    depth: SubtreeDepth,
    subtrees: BTreeMap<usize, F>,
    show: impl FnMut(&BTreeMap<usize, F>, F),
) -> F {
    let height = usize::from(depth.get());
    let empty = (0..height).fold(F::ZERO, |empty, _| node([empty; ARITY]));
    fold((height, STATE_DEPTH), empty, subtrees, show)
}

/// Hashes nodes of one height up to another; `empty` is the digest of a missing one.
fn fold<F: MarginField>(
    (from, to): (usize, usize),
    mut empty: F,
    mut level: BTreeMap<usize, F>,
    mut show: impl FnMut(&BTreeMap<usize, F>, F),
) -> F {
    for _ in from..to {
        show(&level, empty);
        let mut above = BTreeMap::new();
        for parent in level.keys().map(|index| index / ARITY) {
            let child = |i: usize| level.get(&(parent * ARITY + i)).copied().unwrap_or(empty);
            let children = || core::array::from_fn(child);
            above.entry(parent).or_insert_with(|| node(children()));
        }
        empty = node([empty; ARITY]);
        level = above;
    }
    level.remove(&0).unwrap_or(empty)
}

fn node<F: MarginField>(children: [F; ARITY]) -> F {
    hash(Domain::StateNode, children)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use pasta_curves::Fp;

    use super::*;
    use crate::merkle::Tree;

    /// The roots of subtrees, of which some are empty and the last not full, hash up
    /// to the root of the tree, at every depth.
    #[test]
    fn subtrees_hash_up_to_the_state_root() {
        let mut leaves: Vec<_> = (1..=300).map(Fp::from).collect();
        leaves[4..260].fill(Fp::from(0));
        let tree = Tree::build(Domain::StateNode, STATE_DEPTH, leaves.clone()).unwrap();
        for depth in SubtreeDepth::ALL {
            let roots = |filter: bool| -> BTreeMap<usize, Fp> {
                let chunks = leaves.chunks(depth.leaves()).enumerate();
                let wanted =
                    |chunk: &[Fp]| !filter || chunk.iter().any(|leaf| *leaf != Fp::from(0));
                chunks
                    .filter(|(_, chunk)| wanted(chunk))
                    .map(|(index, chunk)| (index, subtree_root(depth, chunk)))
                    .collect()
            };
            // With empty subtrees named, or left out.
            assert_eq!(state_root_over(depth, roots(false)), tree.root());
            assert_eq!(state_root_over(depth, roots(true)), tree.root());
            let mut missing = roots(true);
            missing.pop_last();
            assert_ne!(state_root_over(depth, missing), tree.root());
            let moved = roots(true).into_iter().map(|(index, root)| (index + 1, root)).collect();
            assert_ne!(state_root_over(depth, moved), tree.root());
        }
        let empty = Tree::<Fp>::build(Domain::StateNode, STATE_DEPTH, Vec::new()).unwrap();
        assert_eq!(state_root_over::<Fp>(SubtreeDepth(2), BTreeMap::new()), empty.root());
    }

    /// The names stand in proof files and on command lines.
    #[test]
    fn names_round_trip() {
        for (depth, name) in SubtreeDepth::ALL.into_iter().zip(["4", "16", "64", "256"]) {
            assert_eq!((depth.to_string().as_str(), name.parse()), (name, Ok(depth)));
            assert_eq!(SubtreeDepth::new(depth.get()), Some(depth));
            assert_eq!(depth.leaves() * depth.subtrees(), 1 << (2 * STATE_DEPTH));
        }
        assert_eq!((SubtreeDepth::new(0), SubtreeDepth::new(5)), (None, None));
        assert!("8".parse::<SubtreeDepth>().is_err());
    }
}
