//! The tree that paths are read from: that of the last epoch, kept up to date.

use std::sync::{Arc, PoisonError, RwLock};

use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Epoch;
use zkmargin_prover::venue::{FieldHex, LiveState};

use crate::store::{EpochRow, Store, StoreError};

/// An epoch with its tree.
#[derive(Debug)]
pub(super) struct Served<F> {
    pub(super) epoch: EpochRow,
    pub(super) tree: LiveState<F>,
}

/// The tree that is served; none before the first epoch.
#[derive(Debug)]
pub(super) struct Followed<F>(RwLock<Option<Arc<Served<F>>>>);

impl<F: MarginField> Followed<F> {
    pub(super) fn new() -> Self {
        Self(RwLock::new(None))
    }

    /// The tree as it is now; whoever has it keeps it while the next is made.
    pub(super) fn now(&self) -> Option<Arc<Served<F>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Follows the store; whether there was a new epoch. A tree whose root is not the
    /// one on record is never served.
    ///
    /// # Errors
    /// When the store refuses, or holds other leaves than its roots say.
    pub(super) async fn follow(&self, store: &Store) -> Result<bool, StoreError> {
        let Some(epoch) = store.last_epoch().await? else { return Ok(false) };
        let before = self.now();
        if before.as_ref().is_some_and(|served| served.epoch.epoch == epoch.epoch) {
            return Ok(false);
        }
        let tree = match before {
            None => store.tree(epoch.epoch).await?,
            Some(served) => updated(&served, store, epoch.epoch).await?,
        };
        if FieldHex::of(&tree.root()) != epoch.state_root {
            return Err(StoreError::Damaged { table: "epochs", column: "state_root" });
        }
        let next = Some(Arc::new(Served { epoch, tree }));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(true)
    }
}

/// A tree with what changed since: a path for each account.
async fn updated<F: MarginField>(
    served: &Served<F>,
    store: &Store,
    to: Epoch,
) -> Result<LiveState<F>, StoreError> {
    let epochs = store.changes(served.epoch.epoch, to).await?;
    let mut tree = served.tree.clone();
    tokio::task::block_in_place(|| {
        for changes in epochs {
            let damaged = |_| StoreError::Damaged { table: "leaves", column: "account" };
            tree.update(changes).map_err(damaged)?;
        }
        Ok(tree)
    })
}
