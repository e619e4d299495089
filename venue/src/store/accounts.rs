//! Accounts with their encrypted portfolios.

use std::collections::BTreeMap;
use std::fmt;

use sqlx::Row as _;
use sqlx::any::AnyRow;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::venue::FieldHex;

use super::{Store, StoreError, now, number, text};

/// An account as it is to be stored.
#[derive(Clone)]
pub struct NewAccount {
    /// The account.
    pub account: AccountId,
    /// Its portfolio, an age file.
    pub portfolio: Vec<u8>,
    /// Digest of the file that it was read from.
    pub source: String,
    /// Digest of the lots that the commitment counts in.
    pub lots: String,
    /// The commitment.
    pub commitment: FieldHex,
    /// Digest of the keys that the portfolio is encrypted to.
    pub recipients: String,
}

/// What a committed account was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The account.
    pub account: AccountId,
    /// Digest of the lots.
    pub lots: String,
}

/// A stored account.
#[derive(Clone)]
pub struct StoredPortfolio {
    /// The account.
    pub account: AccountId,
    /// Its portfolio, an age file.
    pub portfolio: Vec<u8>,
    /// Digest of the file that it was read from.
    pub source: String,
    /// The commitment.
    pub commitment: FieldHex,
    /// Digest of the keys that it is encrypted to.
    pub recipients: String,
}

macro_rules! shows_its_account {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}, ..)"), self.account)
            }
        }
    )+};
}
shows_its_account!(NewAccount, StoredPortfolio);

impl Store {
    /// Stores accounts, all or none: new ones, and new portfolios of old ones.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_accounts(&self, accounts: &[NewAccount]) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        let now = now();
        for account in accounts {
            sqlx::query(
                "INSERT INTO accounts
                     (account, portfolio, source, lots, commitment, recipients, changed)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (account) DO UPDATE SET
                     portfolio = excluded.portfolio, source = excluded.source,
                     lots = excluded.lots, commitment = excluded.commitment,
                     recipients = excluded.recipients, changed = excluded.changed",
            )
            .bind(account.account.to_string())
            .bind(account.portfolio.as_slice())
            .bind(&account.source)
            .bind(&account.lots)
            .bind(account.commitment.to_string())
            .bind(&account.recipients)
            .bind(now)
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// What was read already, by the digest of its file.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sources(&self) -> Result<BTreeMap<String, Stored>, StoreError> {
        let rows =
            sqlx::query("SELECT source, account, lots FROM accounts").fetch_all(&self.pool).await?;
        let row = |row: &AnyRow| -> Result<_, StoreError> {
            let account = text(row, "accounts", "account")?;
            Ok((row.try_get("source")?, Stored { account, lots: row.try_get("lots")? }))
        };
        rows.iter().map(row).collect()
    }

    /// How many accounts there are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_accounts(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS n FROM accounts").fetch_one(&self.pool).await?;
        number(&row, "accounts", "n")
    }

    /// Portfolios in the order of accounts, so many after one.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn portfolios(
        &self,
        after: Option<AccountId>,
        most: u32,
    ) -> Result<Vec<StoredPortfolio>, StoreError> {
        let after = after.map_or(String::new(), |account| account.to_string());
        let rows = sqlx::query(
            "SELECT account, portfolio, source, commitment, recipients FROM accounts
             WHERE account > $1 ORDER BY account LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(portfolio).collect()
    }

    /// One account's portfolio.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn portfolio(
        &self,
        account: AccountId,
    ) -> Result<Option<StoredPortfolio>, StoreError> {
        let row = sqlx::query(
            "SELECT account, portfolio, source, commitment, recipients FROM accounts
             WHERE account = $1",
        )
        .bind(account.to_string())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(portfolio).transpose()
    }

    /// Every account's commitment.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn commitments(&self) -> Result<Vec<(AccountId, FieldHex)>, StoreError> {
        let rows = sqlx::query("SELECT account, commitment FROM accounts ORDER BY account")
            .fetch_all(&self.pool)
            .await?;
        let row = |row: &AnyRow| {
            Ok((text(row, "accounts", "account")?, text(row, "accounts", "commitment")?))
        };
        rows.iter().map(row).collect()
    }
}

fn portfolio(row: &AnyRow) -> Result<StoredPortfolio, StoreError> {
    Ok(StoredPortfolio {
        account: text(row, "accounts", "account")?,
        portfolio: row.try_get("portfolio")?,
        source: row.try_get("source")?,
        commitment: text(row, "accounts", "commitment")?,
        recipients: row.try_get("recipients")?,
    })
}
