//! The farm's queue: statements to prove, leased to workers.
//!
//! A lease is of one job and ends by the database's clock; a worker that lives
//! renews it, and what it holds when it dies is leased again. Each lease has a
//! token, one more than the last: only the holder of the last one can finish, and
//! it stores the proof in the same transaction. So no job is lost, and none is
//! finished twice, whoever dies when.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::{AccountId, Epoch};

use super::proofs::insert;
use super::{Place, ProofRow, Store, StoreError, number, signed, text};

/// Leases that a job gets before it is given up: one that kills its worker every
/// time must not kill all of them for ever.
const MAX_ATTEMPTS: i64 = 20;

/// A job as it is pushed.
#[derive(Clone)]
pub struct NewJob {
    /// Digest of circuit and public inputs: the same statement is one job.
    pub statement: String,
    /// The circuit's name: the queue it stands in.
    pub queue: String,
    /// The account.
    pub account: AccountId,
    /// The epoch.
    pub epoch: Epoch,
    /// The claim.
    pub claim: Claim,
    /// The larger, the earlier.
    pub priority: i64,
    /// Portfolio and path, an age file to the workers.
    pub payload: Vec<u8>,
}

/// A leased job.
#[derive(Clone)]
pub struct JobRow {
    /// Digest of circuit and public inputs.
    pub statement: String,
    /// The account.
    pub account: AccountId,
    /// The epoch.
    pub epoch: Epoch,
    /// The claim.
    pub claim: Claim,
    /// Portfolio and path, an age file to the workers.
    pub payload: Vec<u8>,
    /// The lease.
    pub token: i64,
}

impl std::fmt::Debug for JobRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JobRow({}, {}, lease {})", self.account, self.claim, self.token)
    }
}

/// How many jobs of a queue are where.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct JobCounts {
    /// The circuit.
    pub queue: String,
    /// Waiting for a worker.
    pub ready: u64,
    /// With a worker.
    pub leased: u64,
    /// With a worker that has not renewed its lease in time.
    pub expired: u64,
    /// Proved.
    pub done: u64,
    /// Given up.
    pub failed: u64,
}

/// What became of a finished job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It is done, and its proof stored.
    Stored,
    /// Somebody else holds the lease, or has finished: nothing has changed.
    LeaseLost,
}

impl Store {
    /// Pushes jobs, all or none. A statement that has a proof or a job already is
    /// left as it is, but for a higher priority; one that was given up is tried
    /// again. How many were not there before.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn push_jobs(&self, jobs: &[NewJob]) -> Result<u64, StoreError> {
        let mut write = self.begin().await?;
        let mut pushed = 0;
        for job in jobs {
            let proved = sqlx::query("SELECT 1 FROM proofs WHERE statement = $1")
                .bind(&job.statement)
                .fetch_optional(&mut *write)
                .await?;
            if proved.is_some() {
                continue;
            }
            let new = sqlx::query(
                "INSERT INTO jobs (statement, queue, account, epoch, claim, priority, payload,
                                   status, attempts, token, finished)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, 'ready', 0, 0, 0)
                 ON CONFLICT (statement) DO NOTHING",
            )
            .bind(&job.statement)
            .bind(&job.queue)
            .bind(job.account.to_string())
            .bind(signed("an epoch", job.epoch.get())?)
            .bind(job.claim.to_string())
            .bind(job.priority)
            .bind(job.payload.as_slice())
            .execute(&mut *write)
            .await?;
            if new.rows_affected() == 1 {
                pushed += 1;
                continue;
            }
            sqlx::query(
                "UPDATE jobs SET priority = CASE WHEN priority < $2 THEN $2 ELSE priority END,
                     attempts = CASE WHEN status = 'failed' THEN 0 ELSE attempts END,
                     payload = CASE WHEN status = 'failed' THEN $3 ELSE payload END,
                     status = CASE WHEN status = 'failed' THEN 'ready' ELSE status END
                 WHERE statement = $1 AND status <> 'done'",
            )
            .bind(&job.statement)
            .bind(job.priority)
            .bind(job.payload.as_slice())
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(pushed)
    }

    /// Leases the most urgent job of a queue to a worker for so many milliseconds.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn lease(
        &self,
        queue: &str,
        worker: &str,
        milliseconds: i64,
    ) -> Result<Option<JobRow>, StoreError> {
        let clock = self.clock();
        self.give_up(queue).await?;
        // A row that another worker is about to lease is passed over, not waited for;
        // SQLite has one writer at a time, and no such rows.
        let passing = match self.place {
            Place::Postgres(_) => "FOR UPDATE SKIP LOCKED",
            Place::File(_) => "",
        };
        let sql = format!(
            "UPDATE jobs SET status = 'leased', worker = $2, token = token + 1,
                 attempts = attempts + 1, expires = {clock} + $3
             WHERE statement = (
                 SELECT statement FROM jobs
                 WHERE queue = $1 AND (status = 'ready'
                                       OR (status = 'leased' AND expires <= {clock}))
                 ORDER BY priority DESC, statement LIMIT 1 {passing})
             RETURNING statement, account, epoch, claim, payload, token"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(queue)
            .bind(worker)
            .bind(milliseconds)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(job).transpose()
    }

    /// Gives up jobs that outlived their last lease too often.
    async fn give_up(&self, queue: &str) -> Result<(), StoreError> {
        let sql = format!(
            "UPDATE jobs SET status = 'failed', problem = 'no worker came back with it'
             WHERE queue = $1 AND status = 'leased' AND attempts >= $2 AND expires <= {}",
            self.clock()
        );
        sqlx::query(AssertSqlSafe(sql)).bind(queue).bind(MAX_ATTEMPTS).execute(&self.pool).await?;
        Ok(())
    }

    /// Renews a lease from now on; whether it is still held.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn renew(&self, job: &JobRow, milliseconds: i64) -> Result<bool, StoreError> {
        let sql = format!(
            "UPDATE jobs SET expires = {} + $3
             WHERE statement = $1 AND token = $2 AND status = 'leased'",
            self.clock()
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(&job.statement)
            .bind(job.token)
            .bind(milliseconds)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Finishes a job and stores its proof, in one transaction, if the lease is the
    /// last one.
    ///
    /// # Errors
    /// When the database refuses; nothing has changed then.
    pub async fn finish(&self, job: &JobRow, proof: &ProofRow) -> Result<Finished, StoreError> {
        let mut write = self.begin().await?;
        let done = sqlx::query(
            "UPDATE jobs SET status = 'done', finished = finished + 1, payload = NULL,
                 expires = NULL
             WHERE statement = $1 AND token = $2 AND status = 'leased'",
        )
        .bind(&job.statement)
        .bind(job.token)
        .execute(&mut *write)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(Finished::LeaseLost);
        }
        insert(&mut write, proof).await?;
        write.commit().await?;
        Ok(Finished::Stored)
    }

    /// Gives a job up, with the reason: no other worker could do it either.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fail(&self, job: &JobRow, problem: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE jobs SET status = 'failed', problem = $3, expires = NULL
             WHERE statement = $1 AND token = $2 AND status = 'leased'",
        )
        .bind(&job.statement)
        .bind(job.token)
        .bind(problem)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives a job back that was not begun or not finished, for another worker.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn release(&self, job: &JobRow) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE jobs SET status = 'ready', attempts = attempts - 1, expires = NULL
             WHERE statement = $1 AND token = $2 AND status = 'leased'",
        )
        .bind(&job.statement)
        .bind(job.token)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Where the jobs are, by queue.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn job_counts(&self) -> Result<Vec<JobCounts>, StoreError> {
        let sql = format!(
            "SELECT queue, status,
                 CASE WHEN status = 'leased' AND expires <= {} THEN 1 ELSE 0 END AS late,
                 COUNT(*) AS n
             FROM jobs GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            self.clock()
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&self.pool).await?;
        let mut queues: Vec<JobCounts> = Vec::new();
        for row in &rows {
            let (queue, status): (String, String) = (row.try_get("queue")?, row.try_get("status")?);
            let n = number(row, "jobs", "n")?;
            if queues.last().is_none_or(|last| last.queue != queue) {
                queues.push(JobCounts { queue, ..JobCounts::default() });
            }
            let Some(counts) = queues.last_mut() else { continue };
            match (status.as_str(), row.try_get::<i32, _>("late")?) {
                ("ready", _) => counts.ready += n,
                ("leased", 0) => counts.leased += n,
                ("leased", _) => counts.expired += n,
                ("done", _) => counts.done += n,
                ("failed", _) => counts.failed += n,
                _ => return Err(StoreError::Damaged { table: "jobs", column: "status" }),
            }
        }
        Ok(queues)
    }

    /// Jobs that were given up, with the reason.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn failed_jobs(&self, most: u32) -> Result<Vec<(AccountId, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT account, COALESCE(problem, '') AS problem FROM jobs WHERE status = 'failed'
             ORDER BY account LIMIT $1",
        )
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        let row = |row: &AnyRow| Ok((text(row, "jobs", "account")?, row.try_get("problem")?));
        rows.iter().map(row).collect()
    }

    /// Jobs by how often they were finished: what tests of crashes count.
    ///
    /// # Errors
    /// When the database refuses or is damaged.
    pub async fn finished_counts(&self) -> Result<Vec<(u64, u64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT finished, COUNT(*) AS n FROM jobs GROUP BY finished ORDER BY finished",
        )
        .fetch_all(&self.pool)
        .await?;
        let row = |row: &AnyRow| Ok((number(row, "jobs", "finished")?, number(row, "jobs", "n")?));
        rows.iter().map(row).collect()
    }
}

fn job(row: &AnyRow) -> Result<JobRow, StoreError> {
    let missing = StoreError::Damaged { table: "jobs", column: "payload" };
    Ok(JobRow {
        statement: row.try_get("statement")?,
        account: text(row, "jobs", "account")?,
        epoch: Epoch::new(number(row, "jobs", "epoch")?),
        claim: text(row, "jobs", "claim")?,
        payload: row.try_get::<Option<Vec<u8>>, _>("payload")?.ok_or(missing)?,
        token: row.try_get("token")?,
    })
}
