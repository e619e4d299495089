//! A haircut whole: proofs of all subtrees, put together.
//!
//! Each proof says of one subtree that its winners are cut by their share of a loss and
//! nobody else by anything. Together they share that loss over all winners of the venue
//! when the equities sum to the equity that it is divided by and the cuts to the loss, and
//! when the roots of their subtrees, each at its place, and the digests of empty ones hash
//! up to the state root that the venue posted and to the one that it posts afterwards:
//! whoever relies on a [`VerifiedHaircut`] must hold both roots to those.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{ContextId, Epoch, Memo, ModelDigest};
use zkmargin_margin::statement::haircut::HaircutInstance;
use zkmargin_margin::statement::venue::state_root_over;

use crate::coverage::{NotOneVenue, placed};
use crate::encoding::text;
use crate::proof::haircut::VerifiedCuts;
use crate::root::Root;

/// Why proofs of subtrees are not of one haircut of a whole venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotOneHaircut {
    /// They are not of one venue.
    #[error(transparent)]
    Venue(#[from] NotOneVenue),
    /// The winners have something else than what the loss is divided by.
    #[error(
        "the winners of all subtrees have {found} quote units of equity, and the loss is shared over {expected}: a proof is missing or foreign"
    )]
    Equity {
        /// What they have.
        found: u128,
        /// What they should.
        expected: u128,
    },
    /// The cuts are not the loss.
    #[error("the cuts of all subtrees sum to {found} quote units, and the loss is {expected}")]
    Loss {
        /// Their sum.
        found: u128,
        /// The loss.
        expected: u128,
    },
}

/// What the proofs of a haircut's subtrees say together, as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifiedHaircut {
    /// The deployment.
    pub context: ContextId,
    /// The epoch of the market, and of the state before.
    pub epoch: Epoch,
    /// What the roots of the subtrees hash up to.
    pub state_root: Root,
    /// What their roots afterwards hash up to.
    pub state_after: Root,
    /// Root of the market.
    pub market_root: Root,
    /// The margin model.
    pub model: ModelDigest,
    /// The loss, in quote units: what all winners are cut by together.
    #[serde(serialize_with = "text::serialize")]
    pub loss: u128,
    /// What all winners have, in quote units.
    #[serde(serialize_with = "text::serialize")]
    pub equity: u128,
    /// How many winners there are.
    pub winners: u64,
    /// What else the venue says.
    #[serde(skip_serializing_if = "Memo::is_none")]
    pub memo: Memo,
    /// Leaves of a subtree.
    pub leaves: usize,
    /// The subtrees that are proved, ascending; all others are empty, before and
    /// afterwards, if both state roots are the venue's.
    pub subtrees: Vec<usize>,
}

impl VerifiedHaircut {
    /// Puts verified proofs together.
    ///
    /// # Errors
    /// When a subtree is proved twice, a proof is about something else than the first,
    /// or equities and cuts do not sum to what the loss is shared over and to the loss.
    /// Missing subtrees without winners, and those of another tree, give other roots.
    pub fn of<F: MarginField>(proofs: &[VerifiedCuts<F>]) -> Result<Self, NotOneHaircut> {
        let files: Vec<_> = proofs.iter().map(VerifiedCuts::file).collect();
        let subtrees: Vec<_> = files.iter().map(|file| file.subtree()).collect();
        let agree =
            |one: usize, other: usize| difference(files[one].instance(), files[other].instance());
        let (depth, placed) = placed(&subtrees, agree)?;
        let in_order = || placed.iter().map(|(index, place)| (*index, files[*place].instance()));
        let root = |of: fn(&HaircutInstance<F>) -> F| -> BTreeMap<usize, F> {
            in_order().map(|(index, instance)| (index, of(instance))).collect()
        };
        // At most 4^11 sums of 96 bits each.
        let sum = |of: fn(&HaircutInstance<F>) -> u128| -> u128 {
            in_order().map(|(_, instance)| of(instance)).sum()
        };
        let (equity, cuts) = (sum(|i| i.sums.equity), sum(|i| i.sums.cuts));
        let instance = files.first().ok_or(NotOneVenue::Nothing)?.instance();
        let haircut = instance.ratio.haircut();
        if equity != haircut.equity() {
            let expected = haircut.equity();
            return Err(NotOneHaircut::Equity { found: equity, expected });
        }
        if cuts != haircut.loss() {
            return Err(NotOneHaircut::Loss { found: cuts, expected: haircut.loss() });
        }
        let (before, after) = (root(|i| i.subtree_root), root(|i| i.subtree_after));
        Ok(Self {
            context: instance.context,
            epoch: instance.epoch,
            state_root: Root::from_field(&state_root_over(depth, before)),
            state_after: Root::from_field(&state_root_over(depth, after)),
            market_root: Root::from_field(&instance.market_root),
            model: instance.model,
            loss: haircut.loss(),
            equity: haircut.equity(),
            winners: in_order().map(|(_, instance)| u64::from(instance.sums.winners)).sum(),
            memo: instance.memo,
            leaves: depth.leaves(),
            subtrees: placed.into_keys().collect(),
        })
    }
}

/// In what two proofs of one haircut must agree, and do not.
fn difference<F: MarginField>(
    one: &HaircutInstance<F>,
    other: &HaircutInstance<F>,
) -> Option<&'static str> {
    let agree = [
        ("context", one.context == other.context),
        ("epoch", one.epoch == other.epoch),
        ("market root", one.market_root == other.market_root),
        ("model", one.model == other.model),
        ("loss or equity of all winners", one.ratio == other.ratio),
        ("memo", one.memo == other.memo),
    ];
    agree.into_iter().find(|(_, agree)| !agree).map(|(what, _)| what)
}

#[cfg(test)]
#[cfg(feature = "kzg")]
mod tests {
    use alloc::vec;

    use zkmargin_margin::field::bn254::Bn254Fr;
    use zkmargin_margin::haircut::Haircut;
    use zkmargin_margin::layout::ColumnLayout;
    use zkmargin_margin::shape::{Family, ProofSystem, Shape};
    use zkmargin_margin::srs::{SrsId, SrsMark};
    use zkmargin_margin::statement::haircut::{Ratio, Sums};
    use zkmargin_margin::statement::venue::SubtreeDepth;

    use super::*;
    use crate::proof::Subtree;
    use crate::proof::{CircuitId, HaircutFile};

    const DEPTH: SubtreeDepth = SubtreeDepth::ALL[0];

    /// A subtree as if its proof had been verified.
    fn cuts(index: usize, (equity, cuts): (u128, u128)) -> HaircutFile<Bn254Fr> {
        let root = |n: u64| Bn254Fr::from(n + u64::try_from(index).unwrap());
        let instance = HaircutInstance {
            context: ContextId::derive("test", 0, [0; 20]),
            epoch: Epoch::new(7),
            subtree_after: root(200),
            subtree_root: root(100),
            market_root: Bn254Fr::from(5),
            model: ModelDigest::of(b"model"),
            ratio: Ratio::new(Haircut::new(30, 100).unwrap()).unwrap(),
            sums: Sums { equity, cuts, winners: 2 },
            memo: Memo::NONE,
        };
        of(index, instance)
    }

    fn of(index: usize, instance: HaircutInstance<Bn254Fr>) -> HaircutFile<Bn254Fr> {
        let circuit = CircuitId {
            family: Family::Standard,
            shape: Shape::Small,
            proof_system: ProofSystem::Kzg,
            layout: ColumnLayout::Wide,
        };
        let mark = SrsMark { id: SrsId::of_tau_g2(&[7; 128]), insecure: true };
        let subtree = Subtree { depth: DEPTH, index };
        HaircutFile::new((circuit, Some(mark)), subtree, instance, vec![1]).unwrap()
    }

    fn whole(files: &[HaircutFile<Bn254Fr>]) -> Result<VerifiedHaircut, NotOneHaircut> {
        let proofs: Vec<_> = files.iter().map(VerifiedCuts::of).collect();
        VerifiedHaircut::of(&proofs)
    }

    #[test]
    fn subtrees_add_up_to_the_loss_and_to_both_roots() {
        let files = [cuts(0, (60, 18)), cuts(3, (40, 12)), cuts(9, (0, 0))];
        let all = whole(&files).unwrap();
        assert_eq!((all.loss, all.equity, all.winners), (30, 100, 6));
        assert_eq!((all.leaves, &all.subtrees), (4, &vec![0, 3, 9]));
        let roots = |first: u64| [0, 3, 9].map(|i| (i, Bn254Fr::from(first + i as u64)));
        let root = |first| Root::from_field(&state_root_over(DEPTH, roots(first).into()));
        assert_eq!((all.state_root, all.state_after), (root(100), root(200)));
        let turned = [files[2].clone(), files[0].clone(), files[1].clone()];
        assert_eq!(whole(&turned), Ok(all.clone()));
        // Without winners a missing subtree shows in both roots.
        let fewer = whole(&files[..2]).unwrap();
        assert_ne!(fewer.state_root, all.state_root);
        assert_ne!(fewer.state_after, all.state_after);
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        let missing = NotOneHaircut::Equity { found: 60, expected: 100 };
        assert_eq!(whole(&[cuts(0, (60, 18))]), Err(missing));
        let more = NotOneHaircut::Equity { found: 101, expected: 100 };
        assert_eq!(whole(&[cuts(0, (60, 18)), cuts(3, (41, 12))]), Err(more));
        for (cut, found) in [(11, 29), (13, 31)] {
            let other = NotOneHaircut::Loss { found, expected: 30 };
            assert_eq!(whole(&[cuts(0, (60, 18)), cuts(3, (40, cut))]), Err(other));
        }
        let doubled = NotOneVenue::Doubled { index: 0, first: 0, second: 1 };
        assert_eq!(whole(&[cuts(0, (50, 15)), cuts(0, (50, 15))]), Err(doubled.into()));
        assert_eq!(whole(&[]), Err(NotOneVenue::Nothing.into()));
        // Of another loss, epoch or memo: nothing of it is added up.
        let foreign = |what: &'static str, lie: fn(&mut HaircutInstance<Bn254Fr>)| {
            let mut instance = *cuts(3, (40, 12)).instance();
            lie(&mut instance);
            let expected = NotOneVenue::Foreign { proof: 1, what };
            assert_eq!(whole(&[cuts(0, (60, 18)), of(3, instance)]), Err(expected.into()));
        };
        foreign("context", |i| i.context = ContextId::derive("x", 0, [0; 20]));
        foreign("epoch", |i| i.epoch = Epoch::new(8));
        foreign("market root", |i| i.market_root = Bn254Fr::from(6));
        foreign("model", |i| i.model = ModelDigest::of(b"x"));
        foreign("loss or equity of all winners", |i| {
            i.ratio = Ratio::new(Haircut::new(31, 100).unwrap()).unwrap();
        });
        foreign("memo", |i| i.memo = Memo::of(&[1]).unwrap());
    }
}
