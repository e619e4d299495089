//! The next epoch of a tree.

use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Epoch;
use zkmargin_prover::venue::{Changes, Entry, FieldHex, LiveState};

use crate::store::{EpochRow, Store, StoreError, now};

/// Brings the tree of the last epoch to the store's commitments, and stores the epoch
/// with its market. What did not change costs nothing.
///
/// # Errors
/// When the epoch is not later than the last, or the store refuses or is damaged;
/// nothing is stored then, and the tree is of no epoch.
pub async fn next<F: MarginField>(
    store: &Store,
    tree: &mut LiveState<F>,
    epoch: Epoch,
    market_root: FieldHex,
    market: &str,
) -> Result<(EpochRow, Changes), StoreError> {
    let damaged = || StoreError::Damaged { table: "accounts", column: "commitment" };
    let mut entries = Vec::new();
    for (account, commitment) in store.commitments().await? {
        let commitment = commitment.element().ok_or_else(damaged)?;
        entries.push(Entry { account, commitment });
    }
    let changes = tokio::task::block_in_place(|| tree.update(entries)).map_err(|_| damaged())?;
    let row = EpochRow {
        epoch,
        state_root: FieldHex::of(&tree.root()),
        market_root,
        accounts: tree.entries().len() as u64,
        made: now().unsigned_abs(),
    };
    store.put_epoch(&row, market, tree, &changes.slots).await?;
    Ok((row, changes))
}
