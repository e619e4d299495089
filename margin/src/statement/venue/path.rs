//! Where a subtree is in the state tree.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::cover::{SubtreeDepth, levels};
use crate::field::MarginField;
use crate::market::STATE_DEPTH;
use crate::merkle::ARITY;
use crate::poseidon::{Domain, hash};

/// A subtree by its number from the left, and the other three children of each node above
/// it, from the left, the lowest node first. Unlike an account's path it says the place:
/// a verifier that counts what is covered must not count one subtree twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubtreePath<F> {
    index: usize,
    siblings: Vec<[F; ARITY - 1]>,
}

impl<F: MarginField> SubtreePath<F> {
    /// The path of a subtree among the roots of all of one depth, each by its number;
    /// those that are missing are empty. `None` where the tree has no such subtree.
    pub fn among(depth: SubtreeDepth, index: usize, roots: BTreeMap<usize, F>) -> Option<Self> {
        if index >= depth.subtrees() {
            return None;
        }
        let mut siblings = Vec::with_capacity(STATE_DEPTH - usize::from(depth.get()));
        let mut place = index;
        levels(depth, roots, |level, empty| {
            let first = place - place % ARITY;
            let others = (first..first + ARITY).filter(|child| *child != place);
            let digests = others.map(|child| level.get(&child).copied().unwrap_or(empty));
            // Three of four.
            if let Ok(three) = digests.collect::<Vec<_>>().try_into() {
                siblings.push(three);
            }
            place /= ARITY;
        });
        Some(Self { index, siblings })
    }

    /// The subtree's number.
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The other three children of each node above it, the lowest first.
    pub fn siblings(&self) -> &[[F; ARITY - 1]] {
        &self.siblings
    }

    /// `STATE_ROOT` of the tree that has a subtree of this root here.
    pub fn state_root(&self, subtree_root: F) -> F {
        let mut place = self.index;
        self.siblings.iter().fold(subtree_root, |digest, others| {
            let own = place % ARITY;
            place /= ARITY;
            let other = |child: usize| others[if child < own { child } else { child - 1 }];
            let child = |child| if child == own { digest } else { other(child) };
            hash(Domain::StateNode, core::array::from_fn(child))
        })
    }
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;

    use super::super::cover::state_root_over;
    use super::*;

    /// The path of every subtree leads to the root, and of another place to another.
    #[test]
    fn a_path_leads_to_the_root_from_its_place_alone() {
        for depth in SubtreeDepth::ALL {
            let last = depth.subtrees() - 1;
            let roots: BTreeMap<usize, Fp> =
                [0, 1, 6, 23, last].into_iter().zip((1..).map(Fp::from)).collect();
            let root = state_root_over(depth, roots.clone());
            for (index, digest) in &roots {
                let path = SubtreePath::among(depth, *index, roots.clone()).unwrap();
                assert_eq!(path.siblings().len(), STATE_DEPTH - usize::from(depth.get()));
                assert_eq!((path.index(), path.state_root(*digest)), (*index, root));
                assert_ne!(path.state_root(Fp::from(99)), root);
                let moved = SubtreePath { index: path.index ^ 1, ..path };
                assert_ne!(moved.state_root(*digest), root);
            }
            assert_eq!(SubtreePath::among(depth, last + 1, roots), None);
        }
    }
}
