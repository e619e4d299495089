//! The venue's public keys.

use sqlx::Row as _;

use super::{Store, StoreError, now};

/// A key that portfolios are, or were, encrypted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The public key, as age writes it.
    pub recipient: String,
    /// When it came into use, in seconds since 1970.
    pub since: u64,
    /// When it was retired.
    pub retired: Option<u64>,
}

impl Store {
    /// The venue's keys, the oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT recipient, since, retired FROM venue_keys ORDER BY since, recipient",
        )
        .fetch_all(&self.pool)
        .await?;
        let row = |row: &sqlx::any::AnyRow| {
            Ok(KeyRow {
                recipient: row.try_get("recipient")?,
                since: super::number(row, "venue_keys", "since")?,
                retired: row.try_get::<Option<i64>, _>("retired")?.map(i64::unsigned_abs),
            })
        };
        rows.iter().map(row).collect()
    }

    /// The keys in use.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn recipients(&self) -> Result<Vec<String>, StoreError> {
        let keys = self.keys().await?;
        Ok(keys.into_iter().filter(|k| k.retired.is_none()).map(|k| k.recipient).collect())
    }

    /// Brings keys into use and retires all others, in one step.
    ///
    /// # Errors
    /// When the database refuses; nothing has changed then.
    pub async fn use_keys(&self, recipients: &[String]) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        let now = now();
        sqlx::query("UPDATE venue_keys SET retired = $1 WHERE retired IS NULL")
            .bind(now)
            .execute(&mut *write)
            .await?;
        for recipient in recipients {
            sqlx::query(
                "INSERT INTO venue_keys (recipient, since) VALUES ($1, $2)
                 ON CONFLICT (recipient) DO UPDATE SET retired = NULL",
            )
            .bind(recipient)
            .bind(now)
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Puts the same portfolio under other keys, unless it changed since it was
    /// read; whether it did not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rekey(
        &self,
        portfolio: &super::StoredPortfolio,
        file: &[u8],
        recipients: &str,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE accounts SET portfolio = $1, recipients = $2
             WHERE account = $3 AND source = $4 AND recipients = $5",
        )
        .bind(file)
        .bind(recipients)
        .bind(portfolio.account.to_string())
        .bind(&portfolio.source)
        .bind(&portfolio.recipients)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Accounts whose portfolio is under other keys than these.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn not_under(&self, recipients: &str) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS n FROM accounts WHERE recipients <> $1")
            .bind(recipients)
            .fetch_one(&self.pool)
            .await?;
        super::number(&row, "accounts", "n")
    }
}
