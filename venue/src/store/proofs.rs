//! Proofs by what they state, and what a ledger said of accounts.

use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::{AccountId, Epoch};

use super::{Store, StoreError, now, number, signed, text};

/// A proof with what it states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofRow {
    /// Digest of circuit and public inputs.
    pub statement: String,
    /// The account.
    pub account: AccountId,
    /// The epoch.
    pub epoch: Epoch,
    /// The claim.
    pub claim: Claim,
    /// The circuit's name.
    pub circuit: String,
    /// The proof file.
    pub proof: String,
}

/// A query of whole rows.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT statement, account, epoch, claim, circuit, proof FROM proofs ", $rest)
    };
}

impl Store {
    /// Stores a proof; whether its statement had none before.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_proof(&self, proof: &ProofRow) -> Result<bool, StoreError> {
        let mut write = self.begin().await?;
        let new = insert(&mut write, proof).await?;
        write.commit().await?;
        Ok(new)
    }

    /// The proof of a statement.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn proof(&self, statement: &str) -> Result<Option<ProofRow>, StoreError> {
        let row = sqlx::query(select!("WHERE statement = $1"))
            .bind(statement)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(proof_row).transpose()
    }

    /// An account's proofs, the latest epoch first.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn proofs_of(
        &self,
        account: AccountId,
        most: u32,
    ) -> Result<Vec<ProofRow>, StoreError> {
        let row = select!("WHERE account = $1 ORDER BY epoch DESC, claim LIMIT $2");
        let rows = sqlx::query(row)
            .bind(account.to_string())
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(proof_row).collect()
    }

    /// An epoch's proofs, by account: so many after one.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn proofs_in(
        &self,
        epoch: Epoch,
        after: &str,
        most: u32,
    ) -> Result<Vec<ProofRow>, StoreError> {
        let row = select!("WHERE epoch = $1 AND statement > $2 ORDER BY statement LIMIT $3");
        let rows = sqlx::query(row)
            .bind(signed("an epoch", epoch.get())?)
            .bind(after)
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(proof_row).collect()
    }

    /// How many proofs there are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_proofs(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS n FROM proofs").fetch_one(&self.pool).await?;
        number(&row, "proofs", "n")
    }

    /// Keeps what a ledger says of accounts: their standing, and the time at which
    /// the next proof is due.
    ///
    /// # Errors
    /// When the database refuses; nothing has changed then.
    pub async fn put_standings(
        &self,
        standings: &[(AccountId, String, Option<u64>)],
    ) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        let now = now();
        for (account, standing, due) in standings {
            let due = due.map(|due| signed("a time", due)).transpose()?;
            sqlx::query(
                "INSERT INTO calls (account, standing, due, seen) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (account) DO UPDATE SET
                     standing = excluded.standing, due = excluded.due, seen = excluded.seen",
            )
            .bind(account.to_string())
            .bind(standing)
            .bind(due)
            .bind(now)
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// What the ledger said of an account, and when that was.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn standing(&self, account: AccountId) -> Result<Option<(String, u64)>, StoreError> {
        let row = sqlx::query("SELECT standing, seen FROM calls WHERE account = $1")
            .bind(account.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok((row.try_get("standing")?, number(&row, "calls", "seen")?))).transpose()
    }

    /// When each account's next proof is due, where a ledger said so.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn due_times(&self) -> Result<Vec<(AccountId, u64)>, StoreError> {
        let rows = sqlx::query("SELECT account, due FROM calls WHERE due IS NOT NULL")
            .fetch_all(&self.pool)
            .await?;
        let row = |row: &AnyRow| Ok((text(row, "calls", "account")?, number(row, "calls", "due")?));
        rows.iter().map(row).collect()
    }
}

/// Puts a proof where its statement has none.
pub(super) async fn insert(
    write: &mut Transaction<'static, Any>,
    proof: &ProofRow,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO proofs (statement, account, epoch, claim, circuit, proof, made)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (statement) DO NOTHING",
    )
    .bind(&proof.statement)
    .bind(proof.account.to_string())
    .bind(signed("an epoch", proof.epoch.get())?)
    .bind(proof.claim.to_string())
    .bind(&proof.circuit)
    .bind(&proof.proof)
    .bind(now())
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn proof_row(row: &AnyRow) -> Result<ProofRow, StoreError> {
    Ok(ProofRow {
        statement: row.try_get("statement")?,
        account: text(row, "proofs", "account")?,
        epoch: Epoch::new(number(row, "proofs", "epoch")?),
        claim: text(row, "proofs", "claim")?,
        circuit: row.try_get("circuit")?,
        proof: row.try_get("proof")?,
    })
}
