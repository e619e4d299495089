//! 4-ary Merkle trees of fixed depth.
//!
//! A path holds, per level, all four children of the node, the one below
//! included. Membership says that the running digest is *one of* them: the
//! leaf carries its own identity, so its position needs no proof, and a
//! circuit needs no index bits.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::field::MarginField;
use crate::poseidon::{Domain, RATE, hash};

/// Children of a node.
pub const ARITY: usize = RATE;

/// Why a tree cannot be built or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// More leaves than the fixed depth holds.
    #[error("{leaves} leaves do not fit a tree of depth {depth}, which holds {capacity}")]
    TooManyLeaves {
        /// Leaves given.
        leaves: usize,
        /// Depth of the tree.
        depth: usize,
        /// Leaves that fit.
        capacity: usize,
    },
    /// No leaf at this index.
    #[error("the tree has no leaf {0}")]
    NoSuchLeaf(usize),
}

/// A tree with all its inner nodes, empty leaves being the element zero.
#[derive(Clone, Debug)]
pub struct Tree<F> {
    domain: Domain,
    /// `levels[0]` are the leaves, `levels[depth]` is the root alone.
    levels: Vec<Vec<F>>,
    /// `empty[i]` is the digest of an empty subtree of height `i`.
    empty: Vec<F>,
}

impl<F: MarginField> Tree<F> {
    /// Builds the tree of `depth` levels over `leaves`, hashing inner nodes in
    /// `domain`.
    ///
    /// # Errors
    /// [`TreeError::TooManyLeaves`] when `leaves` exceed `4^depth`.
    pub fn build(domain: Domain, depth: usize, leaves: Vec<F>) -> Result<Self, TreeError> {
        Self::build_with(domain, depth, leaves, |groups| {
            groups.iter().map(|group| hash(domain, *group)).collect()
        })
    }

    /// [`Tree::build`] with the caller's way of hashing the groups of a level,
    /// in order: for instance in parallel.
    ///
    /// # Errors
    /// As [`Tree::build`].
    pub fn build_with(
        domain: Domain,
        depth: usize,
        leaves: Vec<F>,
        hash_level: impl Fn(&[[F; ARITY]]) -> Vec<F>,
    ) -> Result<Self, TreeError> {
        check_capacity(leaves.len(), depth)?;
        let mut empty = alloc::vec![F::ZERO];
        let mut levels = alloc::vec![leaves];
        for height in 0..depth {
            let fill = empty[height];
            let groups: Vec<_> =
                levels[height].chunks(ARITY).map(|chunk| group(chunk, fill)).collect();
            levels.push(hash_level(&groups));
            empty.push(hash(domain, [fill; ARITY]));
        }
        Ok(Self { domain, levels, empty })
    }

    /// Replaces leaves by their index and hashes again what lies above them: each
    /// node once, and empty subtrees not at all. The tree is then the one that
    /// [`Tree::build`] makes of the new leaves. An index past the last leaf makes
    /// the ones between them empty; of an index given twice the last counts.
    ///
    /// # Errors
    /// [`TreeError::TooManyLeaves`] when an index is past what the depth holds;
    /// nothing has changed then.
    pub fn update(
        &mut self,
        changes: impl IntoIterator<Item = (usize, F)>,
    ) -> Result<(), TreeError> {
        let domain = self.domain;
        self.update_with(changes, |groups| {
            groups.iter().map(|group| hash(domain, *group)).collect()
        })
    }

    /// [`Tree::update`] with the caller's way of hashing the changed groups of a
    /// level, in order.
    ///
    /// # Errors
    /// As [`Tree::update`].
    pub fn update_with(
        &mut self,
        changes: impl IntoIterator<Item = (usize, F)>,
        hash_level: impl Fn(&[[F; ARITY]]) -> Vec<F>,
    ) -> Result<(), TreeError> {
        let changes: BTreeMap<usize, F> = changes.into_iter().collect();
        let Some(last) = changes.keys().next_back() else { return Ok(()) };
        let leaves = self.levels[0].len().max(last.saturating_add(1));
        check_capacity(leaves, self.depth())?;
        self.levels[0].resize(leaves, F::ZERO);
        let mut dirty: Vec<usize> = changes.keys().map(|index| index / ARITY).collect();
        for (index, leaf) in changes {
            self.levels[0][index] = leaf;
        }
        for height in 0..self.depth() {
            dirty.dedup();
            self.rehash(height, &dirty, &hash_level);
            dirty.iter_mut().for_each(|node| *node /= ARITY);
        }
        Ok(())
    }

    /// Hashes nodes above a level again, by their place in the level above.
    fn rehash(
        &mut self,
        height: usize,
        nodes: &[usize],
        hash_level: impl Fn(&[[F; ARITY]]) -> Vec<F>,
    ) {
        let (fill, above) = (self.empty[height], self.empty[height + 1]);
        let below = &self.levels[height];
        let parents = below.len().div_ceil(ARITY);
        let children = |node: usize| {
            let start = node * ARITY;
            group(&below[start..below.len().min(start + ARITY)], fill)
        };
        let (mut full, mut groups) = (Vec::new(), Vec::new());
        let mut emptied = Vec::new();
        for node in nodes.iter().copied() {
            match children(node) {
                // Hashed once, when the tree was made.
                group if group == [fill; ARITY] => emptied.push(node),
                group => {
                    full.push(node);
                    groups.push(group);
                }
            }
        }
        let digests = hash_level(&groups);
        let level = &mut self.levels[height + 1];
        level.resize(parents, above);
        emptied.into_iter().for_each(|node| level[node] = above);
        full.into_iter().zip(digests).for_each(|(node, digest)| level[node] = digest);
    }

    /// The root.
    pub fn root(&self) -> F {
        let depth = self.depth();
        self.levels[depth].first().copied().unwrap_or(self.empty[depth])
    }

    /// Levels between the leaves and the root.
    pub fn depth(&self) -> usize {
        self.levels.len() - 1
    }

    /// The leaves, in order.
    pub fn leaves(&self) -> &[F] {
        &self.levels[0]
    }

    /// The membership path of leaf `index`.
    ///
    /// # Errors
    /// [`TreeError::NoSuchLeaf`] when `index` is past the leaves.
    pub fn path(&self, index: usize) -> Result<Path<F>, TreeError> {
        if index >= self.levels[0].len() {
            return Err(TreeError::NoSuchLeaf(index));
        }
        let mut position = index;
        let children = (0..self.depth())
            .map(|height| {
                let start = position / ARITY * ARITY;
                position /= ARITY;
                let level = &self.levels[height];
                group(&level[start..level.len().min(start + ARITY)], self.empty[height])
            })
            .collect();
        Ok(Path { domain: self.domain, children })
    }
}

fn check_capacity(leaves: usize, depth: usize) -> Result<(), TreeError> {
    let capacity =
        u32::try_from(depth).ok().and_then(|d| ARITY.checked_pow(d)).unwrap_or(usize::MAX);
    match leaves > capacity {
        true => Err(TreeError::TooManyLeaves { leaves, depth, capacity }),
        false => Ok(()),
    }
}

/// Four children, the missing ones empty.
fn group<F: MarginField>(chunk: &[F], fill: F) -> [F; ARITY] {
    core::array::from_fn(|i| chunk.get(i).copied().unwrap_or(fill))
}

/// A membership path: per level from the leaf up, the four children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<F> {
    domain: Domain,
    children: Vec<[F; ARITY]>,
}

impl<F: MarginField> Path<F> {
    /// A path from its levels, the lowest first.
    pub fn from_parts(domain: Domain, children: Vec<[F; ARITY]>) -> Self {
        Self { domain, children }
    }

    /// The domain of the nodes.
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// The four children per level, the lowest first.
    pub fn children(&self) -> &[[F; ARITY]] {
        &self.children
    }

    /// The root that `leaf` opens to; `None` when the running digest is not
    /// among the children of some level.
    pub fn root(&self, leaf: F) -> Option<F> {
        self.children.iter().try_fold(leaf, |digest, children| {
            children.contains(&digest).then(|| hash(self.domain, *children))
        })
    }
}

#[cfg(test)]
mod tests {
    use ff::Field;
    use pasta_curves::Fp;
    use proptest::prelude::*;

    use super::*;

    fn leaves(n: u64) -> Vec<Fp> {
        (1..=n).map(Fp::from).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn every_leaf_opens_and_no_other(n in 1u64..64, pick in 0usize..64) {
            let tree = Tree::build(Domain::StateNode, 3, leaves(n)).unwrap();
            let index = pick % tree.leaves().len();
            let path = tree.path(index).unwrap();
            prop_assert_eq!(path.root(tree.leaves()[index]), Some(tree.root()));
            prop_assert_eq!(path.root(Fp::from(1000)), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Whatever is changed, added, emptied or skipped in whatever order: the
        /// tree is the one that is built of the leaves at the end.
        #[test]
        fn an_updated_tree_is_the_one_built_anew(
            start in 0u64..40,
            rounds in proptest::collection::vec(
                proptest::collection::vec((0usize..64, 0u64..4), 0..12), 1..4),
        ) {
            let mut expected = leaves(start);
            let mut tree = Tree::build(Domain::StateNode, 3, expected.clone()).unwrap();
            for changes in rounds {
                let changes: Vec<_> = changes.iter().map(|(i, x)| (*i, Fp::from(*x))).collect();
                for (index, leaf) in changes.iter().copied() {
                    expected.resize(expected.len().max(index + 1), Fp::ZERO);
                    expected[index] = leaf;
                }
                tree.update(changes).unwrap();
                let built = Tree::build(Domain::StateNode, 3, expected.clone()).unwrap();
                prop_assert_eq!(&tree.levels, &built.levels);
                prop_assert_eq!(tree.root(), built.root());
            }
        }
    }

    #[test]
    fn an_update_hashes_a_path_and_no_empty_subtree() {
        let mut tree = Tree::build(Domain::StateNode, 12, leaves(200)).unwrap();
        let hashed = core::cell::Cell::new(0);
        let count = |groups: &[[Fp; ARITY]]| {
            hashed.set(hashed.get() + groups.len());
            groups.iter().map(|group| hash(Domain::StateNode, *group)).collect()
        };
        tree.update_with([(77, Fp::from(9))], count).unwrap();
        assert_eq!(hashed.replace(0), 12);
        // Neighbours share all of it, and what is emptied is not hashed again.
        tree.update_with([(76, Fp::ONE), (77, Fp::ONE), (78, Fp::ONE)], count).unwrap();
        assert_eq!(hashed.replace(0), 12);
        tree.update_with((0..200).map(|i| (i, Fp::ZERO)), count).unwrap();
        assert_eq!(hashed.get(), 0);
        let empty = Tree::<Fp>::build(Domain::StateNode, 12, Vec::new()).unwrap();
        assert_eq!(tree.root(), empty.root());
    }

    #[test]
    fn an_update_past_the_capacity_changes_nothing() {
        let mut tree = Tree::build(Domain::StateNode, 1, leaves(2)).unwrap();
        let root = tree.root();
        let error = tree.update([(0, Fp::ONE), (4, Fp::ONE)]).unwrap_err();
        assert_eq!(error, TreeError::TooManyLeaves { leaves: 5, depth: 1, capacity: 4 });
        assert!(tree.update([(usize::MAX, Fp::ONE)]).is_err());
        assert_eq!((tree.root(), tree.leaves().len()), (root, 2));
    }

    #[test]
    fn capacity_is_enforced() {
        assert!(Tree::build(Domain::StateNode, 1, leaves(4)).is_ok());
        let error = Tree::build(Domain::StateNode, 1, leaves(5)).unwrap_err();
        assert_eq!(error, TreeError::TooManyLeaves { leaves: 5, depth: 1, capacity: 4 });
    }

    #[test]
    fn empty_tree_has_the_empty_root() {
        let tree = Tree::<Fp>::build(Domain::StateNode, 2, Vec::new()).unwrap();
        let inner = hash(Domain::StateNode, [Fp::ZERO; ARITY]);
        assert_eq!(tree.root(), hash(Domain::StateNode, [inner; ARITY]));
        assert_eq!(tree.path(0), Err(TreeError::NoSuchLeaf(0)));
    }
}
