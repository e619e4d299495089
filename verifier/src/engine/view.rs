//! What a transition reads and writes.

use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};

use super::account::Account;
use super::epoch_record::EpochRecord;
use super::meta::Meta;

/// Read access to stored state: memory, a database, a contract's storage.
pub trait StateView {
    /// Why reading failed.
    type Error;

    /// The engine's own state.
    ///
    /// # Errors
    /// When it cannot be read.
    fn meta(&self) -> Result<Meta, Self::Error>;

    /// An account, if registered once.
    ///
    /// # Errors
    /// When it cannot be read.
    fn account(&self, account: AccountId) -> Result<Option<Account>, Self::Error>;

    /// An epoch, if posted.
    ///
    /// # Errors
    /// When it cannot be read.
    fn epoch(&self, epoch: Epoch) -> Result<Option<EpochRecord>, Self::Error>;

    /// Whether a model is accepted.
    ///
    /// # Errors
    /// When it cannot be read.
    fn is_model_accepted(&self, model: ModelDigest) -> Result<bool, Self::Error>;
}

/// What a transition writes: the engine's state, and at most one account,
/// epoch and model. The whole of it is stored, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The engine's new state.
    pub meta: Meta,
    /// The account that changed.
    pub account: Option<(AccountId, Account)>,
    /// The epoch that changed.
    pub epoch: Option<(Epoch, EpochRecord)>,
    /// The model whose acceptance changed.
    pub model: Option<(ModelDigest, bool)>,
}
