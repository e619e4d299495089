//! What is covered of a tree: each leaf once, and at the end the whole.

use std::collections::{BTreeMap, BTreeSet};

use alloy_sol_types::SolConstructor;
use revm::primitives::{B256, U256};
use zkmargin_evm::contracts::MarginVenueBatches as batches;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::statement::venue::{SubtreeDepth, SubtreePath, state_root_over, subtree_root};

use super::chain::Venue;
use super::{FOUR, MANY, SIXTEEN, venue};
use crate::common::artifacts::MockVenueVerifier;
use crate::common::registry::DEPLOYER;
use crate::common::{Chain, code_with};

#[test]
fn a_subtree_is_covered_once() {
    let mut venue = venue();
    venue.honest(FOUR, 0).unwrap();
    assert!(venue.honest(FOUR, 0).unwrap_err().is::<batches::AlreadyCovered>());
    assert!(venue.honest(SIXTEEN, 0).unwrap_err().is::<batches::PartlyCovered>());
    assert!(venue.honest(MANY, 0).unwrap_err().is::<batches::PartlyCovered>());
    // Beside it is what the path showed to be empty, and what is not.
    assert!(venue.honest(FOUR, 2).unwrap_err().is::<batches::AlreadyCovered>());
    venue.honest(SIXTEEN, 1).unwrap();
    assert!(venue.honest(FOUR, 4).unwrap_err().is::<batches::AlreadyCovered>());
    assert!(venue.honest(FOUR, 7).unwrap_err().is::<batches::AlreadyCovered>());
    assert_eq!(venue.coverage(), (5, 3, false));
}

/// A part that is covered counts for all that it is a part of, where nothing is empty too.
#[test]
fn what_is_covered_in_part_is_not_covered_again() {
    let leaves: Vec<_> =
        (1..).zip([0, 4, 8, 12, 16, 32, 48, 64, 128, 192]).map(|(n, at)| (at, n, false)).collect();
    let mut venue = Venue::new(&leaves);
    venue.honest(FOUR, 0).unwrap();
    for larger in [SIXTEEN, SubtreeDepth::ALL[2], MANY] {
        let refused = venue.honest(larger, 0).unwrap_err();
        assert!(refused.is::<batches::PartlyCovered>(), "{larger:?}");
    }
    assert_eq!(venue.coverage(), (1, 0, false));
}

/// Subtrees in orders of chance against a set of leaves: what is covered once, and whole.
/// Near to each other, and so far apart that what they share is near to the root.
#[test]
fn coverage_is_that_of_a_set_of_leaves() {
    let mut state = 7_u32;
    let mut chance = |below: usize| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        usize::try_from(state >> 16).unwrap() % below
    };
    let (mut whole, mut overlaps) = (0, 0);
    for apart in [1, 1, 1, 64, 1 << 10, 1 << 16, 1 << 18] {
        let accounts: Vec<_> = (1..=8).map(|number| (chance(64) * apart, number, false)).collect();
        let mut venue = Venue::new(&accounts);
        let mut proved = BTreeSet::new();
        for _ in 0..40 {
            let depth = SubtreeDepth::ALL[chance(2)];
            let size = depth.leaves();
            // Where an account is, or anywhere.
            let account = accounts[chance(8)].0;
            let index = [account, chance(64) * apart][chance(2)] / size;
            let leaves: BTreeSet<usize> = (index * size..(index + 1) * size).collect();
            let is_empty = venue.leaves.range(index * size..(index + 1) * size).next().is_none();
            let accepted = venue.honest(depth, index).is_ok();
            let overlap = !proved.is_disjoint(&leaves);
            // An empty subtree may be covered by its neighbour's path already.
            assert!(if is_empty { !(accepted && overlap) } else { accepted != overlap });
            overlaps += usize::from(overlap);
            if accepted {
                proved.extend(leaves);
            }
            let all = venue.leaves.keys().all(|leaf| proved.contains(leaf));
            assert_eq!(venue.coverage().2, all);
            whole += usize::from(all);
        }
        let sum: usize = venue.leaves.keys().filter(|leaf| proved.contains(leaf)).count();
        assert_eq!(usize::try_from(venue.coverage().0).unwrap(), sum);
    }
    assert!(whole > 0 && overlaps > 0);
}

/// What the contract takes for empty is empty, at every height; a tree of nobody is covered.
#[test]
fn empty_subtrees_have_their_digests() {
    let nobody = Venue::new(&[]);
    let (context, at) = (nobody.on.context(), nobody.on.at.batches);
    assert!(nobody.on.chain.read(at, &batches::coveredCall { context, epoch: 1 }));
    let mut chain = Chain::new(1);
    let arguments = MockVenueVerifier::constructorCall { circuit: B256::ZERO, depth: U256::ZERO };
    let code = code_with(&MockVenueVerifier::BYTECODE, arguments.abi_encode());
    let mock = chain.create(DEPLOYER, code).unwrap().0;
    let empty = |height: usize| {
        chain.read(mock, &MockVenueVerifier::emptyCall { height: U256::from(height) })
    };
    let word = |element: Bn254Fr| U256::from_be_bytes(element.to_be_bytes());
    assert_eq!(empty(0), U256::ZERO);
    for depth in SubtreeDepth::ALL {
        assert_eq!(empty(depth.get().into()), word(subtree_root(depth, &[])));
    }
    // The siblings of a path in a tree of nobody are all of the heights above.
    let path = SubtreePath::among(FOUR, 0, BTreeMap::new()).unwrap();
    for (height, siblings) in (1..).zip(path.siblings()) {
        assert_eq!(empty(height), word(siblings[0]));
    }
    assert_eq!(empty(12), word(state_root_over(FOUR, BTreeMap::new())));
}
