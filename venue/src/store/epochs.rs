//! Epochs: the tree as it changes, and the markets.

use sqlx::Row as _;
use sqlx::any::AnyRow;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Epoch;
use zkmargin_prover::venue::{Entry, FieldHex, LiveState};

use super::{Store, StoreError, now, number, signed, text};

/// An epoch's roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochRow {
    /// The epoch.
    pub epoch: Epoch,
    /// `STATE_ROOT`.
    pub state_root: FieldHex,
    /// `MARKET_ROOT`.
    pub market_root: FieldHex,
    /// Accounts in the tree.
    pub accounts: u64,
    /// When it was made, in seconds since 1970.
    pub made: u64,
}

/// A changed leaf: slot, account, commitment.
type Leaf<F> = (usize, Entry<F>);

impl Store {
    /// The last epoch.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn last_epoch(&self) -> Result<Option<EpochRow>, StoreError> {
        let row = sqlx::query(
            "SELECT epoch, state_root, market_root, accounts, made FROM epochs
             ORDER BY epoch DESC LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(epoch_row).transpose()
    }

    /// An epoch.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn epoch(&self, epoch: Epoch) -> Result<Option<EpochRow>, StoreError> {
        let Ok(number) = i64::try_from(epoch.get()) else { return Ok(None) };
        let row = sqlx::query(
            "SELECT epoch, state_root, market_root, accounts, made FROM epochs WHERE epoch = $1",
        )
        .bind(number)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(epoch_row).transpose()
    }

    /// The market file of an epoch.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn market(&self, epoch: Epoch) -> Result<Option<String>, StoreError> {
        let Ok(number) = i64::try_from(epoch.get()) else { return Ok(None) };
        let row = sqlx::query("SELECT market FROM markets WHERE epoch = $1")
            .bind(number)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| row.try_get("market")).transpose()?)
    }

    /// The tree as it was in an epoch, by slot.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn tree<F: MarginField>(&self, epoch: Epoch) -> Result<LiveState<F>, StoreError> {
        let rows = sqlx::query(
            "SELECT slot, account, commitment FROM leaves AS l
             WHERE epoch = (SELECT MAX(epoch) FROM leaves AS m
                            WHERE m.slot = l.slot AND m.epoch <= $1)
             ORDER BY slot",
        )
        .bind(signed("an epoch", epoch.get())?)
        .fetch_all(&self.pool)
        .await?;
        let leaves: Vec<Leaf<F>> = rows.iter().map(leaf).collect::<Result<_, _>>()?;
        let damaged = |_| StoreError::Damaged { table: "leaves", column: "account" };
        if leaves.iter().enumerate().any(|(expected, (slot, _))| expected != *slot) {
            return Err(StoreError::Damaged { table: "leaves", column: "slot" });
        }
        let entries = leaves.into_iter().map(|(_, entry)| entry).collect();
        LiveState::new(self.settings.context, entries).map_err(damaged)
    }

    /// What changed in each epoch after one, up to another: what a tree of the
    /// first is updated with, epoch by epoch.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn changes<F: MarginField>(
        &self,
        after: Epoch,
        to: Epoch,
    ) -> Result<Vec<Vec<Entry<F>>>, StoreError> {
        let rows = sqlx::query(
            "SELECT slot, account, commitment, epoch FROM leaves
             WHERE epoch > $1 AND epoch <= $2 ORDER BY epoch, slot",
        )
        .bind(signed("an epoch", after.get())?)
        .bind(signed("an epoch", to.get())?)
        .fetch_all(&self.pool)
        .await?;
        let (mut epochs, mut at) = (Vec::new(), None);
        for row in &rows {
            let epoch: i64 = row.try_get("epoch")?;
            if at != Some(epoch) {
                at = Some(epoch);
                epochs.push(Vec::new());
            }
            let (_, entry) = leaf(row)?;
            if let Some(changes) = epochs.last_mut() {
                changes.push(entry);
            }
        }
        Ok(epochs)
    }

    /// Stores an epoch with its market and the leaves that it changed, all or
    /// nothing. The tree is that of the epoch.
    ///
    /// # Errors
    /// When the epoch is not later than the last, or the database refuses.
    pub async fn put_epoch<F: MarginField>(
        &self,
        row: &EpochRow,
        market: &str,
        tree: &LiveState<F>,
        changed: &[usize],
    ) -> Result<(), StoreError> {
        let epoch = signed("an epoch", row.epoch.get())?;
        let mut write = self.begin().await?;
        let last = sqlx::query("SELECT epoch FROM epochs ORDER BY epoch DESC LIMIT 1")
            .fetch_optional(&mut *write)
            .await?;
        if let Some(last) = last {
            let last = number(&last, "epochs", "epoch")?;
            if last >= row.epoch.get() {
                return Err(StoreError::NotLater { new: row.epoch.get(), last });
            }
        }
        sqlx::query(
            "INSERT INTO epochs (epoch, state_root, market_root, accounts, made)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(epoch)
        .bind(row.state_root.to_string())
        .bind(row.market_root.to_string())
        .bind(signed("accounts", row.accounts)?)
        .bind(now())
        .execute(&mut *write)
        .await?;
        sqlx::query("INSERT INTO markets (epoch, market) VALUES ($1, $2)")
            .bind(epoch)
            .bind(market)
            .execute(&mut *write)
            .await?;
        for slot in changed {
            let Some(entry) = tree.entries().get(*slot) else { continue };
            let slot = i64::try_from(*slot).map_err(|_| StoreError::Range("a slot"))?;
            sqlx::query(
                "INSERT INTO leaves (slot, epoch, account, commitment) VALUES ($1, $2, $3, $4)",
            )
            .bind(slot)
            .bind(epoch)
            .bind(entry.account.to_string())
            .bind(FieldHex::of(&entry.commitment).to_string())
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }
}

fn epoch_row(row: &AnyRow) -> Result<EpochRow, StoreError> {
    Ok(EpochRow {
        epoch: Epoch::new(number(row, "epochs", "epoch")?),
        state_root: text(row, "epochs", "state_root")?,
        market_root: text(row, "epochs", "market_root")?,
        accounts: number(row, "epochs", "accounts")?,
        made: number(row, "epochs", "made")?,
    })
}

fn leaf<F: MarginField>(row: &AnyRow) -> Result<Leaf<F>, StoreError> {
    let commitment: FieldHex = text(row, "leaves", "commitment")?;
    let damaged = StoreError::Damaged { table: "leaves", column: "commitment" };
    let commitment = commitment.element().ok_or(damaged)?;
    let slot = usize::try_from(number(row, "leaves", "slot")?)
        .map_err(|_| StoreError::Damaged { table: "leaves", column: "slot" })?;
    Ok((slot, Entry { account: text(row, "leaves", "account")?, commitment }))
}
