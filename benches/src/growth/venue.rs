//! What a venue pays for an epoch, by accounts.

use anyhow::Result;
use pasta_curves::Fp;
use rayon::prelude::*;
use zkmargin_benches::{market, portfolio};
use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::Tree;
use zkmargin_margin::poseidon::{Domain, hash};

use super::Sizes;
use super::chart::{Panel, Series};
use super::measure::per_run;

/// Positions of each account.
const POSITIONS: usize = 8;

/// The tree of all accounts, and what the epoch costs for each of them: the share of the
/// tree, and with the margin and the commitment of its portfolio.
pub(crate) fn accounts(sizes: &Sizes) -> Result<[Panel; 2]> {
    let (mut root, mut share, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for &count in sizes.accounts {
        let entries: Vec<_> = (0..count).map(entry).collect();
        let time = per_run(|| state_root(&entries))?;
        root.push((count, time));
        share.push((count, time.each(count)?));
        if count <= sizes.portfolios {
            whole.push((count, epoch(&entries)?.each(count)?));
        }
    }
    let tree = Series { name: "state root", points: root };
    let each = vec![
        Series { name: "share of the state root", points: share },
        Series { name: "with margin and commitment of 8 positions", points: whole },
    ];
    Ok([
        Panel { axis: "accounts", series: vec![tree] },
        Panel { axis: "accounts; the time for each", series: each },
    ])
}

fn entry(index: usize) -> (AccountId, Fp) {
    let mut account = [0; 20];
    account[12..].copy_from_slice(&(index as u64).to_be_bytes());
    (AccountId::new(account), Fp::from(index as u64).square())
}

fn state_root(entries: &[(AccountId, Fp)]) -> Result<Fp> {
    let context = ContextId::derive("bench", 0, [0; 20]);
    let leaves = entries
        .par_iter()
        .map(|(account, commitment)| state_leaf(*account, *commitment, context))
        .collect();
    let tree = Tree::build_with(Domain::StateNode, STATE_DEPTH, leaves, |groups| {
        groups.par_iter().map(|group| hash(Domain::StateNode, *group)).collect()
    })?;
    Ok(tree.root())
}

fn epoch(entries: &[(AccountId, Fp)]) -> Result<super::measure::Time> {
    let venue = market::<Fp>()?;
    let book = portfolio(&venue, POSITIONS)?;
    per_run(|| {
        let committed: Vec<_> = entries
            .par_iter()
            .map(|(account, _)| {
                venue.margin(book.positions())?;
                Ok((*account, book.commitment::<Fp>()))
            })
            .collect::<Result<_>>()?;
        state_root(&committed)
    })
}
