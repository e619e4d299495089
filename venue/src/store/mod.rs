//! The venue's store: SQLite in a file by default, PostgreSQL by URL, the same
//! code on both.
//!
//! Every change is one transaction that is on disk when the call returns: after a
//! crash at any point it is there as a whole or not at all. SQLite runs in WAL
//! mode, so that readers do not wait for a writer. What the migrations in
//! `migrations/` make is all there is; portfolios are age files, and no identity
//! is ever stored.

mod accounts;
mod epochs;
mod jobs;
mod keys;
mod place;
mod proofs;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyPool, Row as _, SqlSafeStr as _, Transaction};
use zkmargin_margin::ids::ContextId;
use zkmargin_margin::shape::ProofSystem;

pub use accounts::{NewAccount, Stored, StoredPortfolio};
pub use epochs::EpochRow;
pub use jobs::{Finished, JobCounts, JobRow, NewJob};
pub use keys::KeyRow;
pub use place::{Place, PlaceError};
pub use proofs::ProofRow;

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What the database says.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// Its tables cannot be brought to this version.
    #[error("the tables cannot be made or brought to this version: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// There is none.
    #[error("{0} holds no venue")]
    Missing(Place),
    /// There is one already.
    #[error("{0} holds a venue already")]
    Exists(Place),
    /// A file that cannot be made.
    #[error("cannot create {place}: {source}")]
    Create {
        /// Where.
        place: Place,
        /// What the system says.
        source: std::io::Error,
    },
    /// A value that no venue writes.
    #[error("table {table}, column {column}: holds a value that is none: the database is damaged")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// An epoch that is there already, or not later than the last.
    #[error("epoch {new} does not come after epoch {last}, the last there is")]
    NotLater {
        /// The epoch asked for.
        new: u64,
        /// The last one.
        last: u64,
    },
    /// A number that no table holds.
    #[error("{0} is too large a number for the database")]
    Range(&'static str),
}

impl StoreError {
    /// Whether asking again later may help: the database is away or busy.
    pub fn is_passing(&self) -> bool {
        use sqlx::Error as E;
        match self {
            Self::Database(E::Io(_) | E::PoolTimedOut | E::WorkerCrashed | E::Tls(_)) => true,
            Self::Database(E::Database(error)) => {
                // Shut down, starting up, too many connections, serialisation; busy.
                let passing = ["57P01", "57P02", "57P03", "53300", "40001", "40P01", "5", "517"];
                error.code().is_some_and(|code| passing.contains(&code.as_ref()))
            }
            // The wire broke off in the middle of an answer.
            Self::Database(E::Protocol(_)) => true,
            _ => false,
        }
    }
}

/// What a venue is of: it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The deployment that its leaves are bound to.
    pub context: ContextId,
    /// The proof system of its roots.
    pub proof_system: ProofSystem,
}

/// An open store.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    place: Place,
    settings: Settings,
}

/// The tables, by version.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "venue", include_str!("../../migrations/0001_venue.sql"))];

/// Connections of one process.
const CONNECTIONS: u32 = 8;
/// How long a database may be away before somebody is told so.
const AWAY: Duration = Duration::from_secs(5);
/// On disk at every commit; readers beside the writer, and writers one by one.
const PRAGMAS: [&str; 3] =
    ["PRAGMA busy_timeout = 60000", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"];

impl Store {
    /// Makes a venue where there is none.
    ///
    /// # Errors
    /// When there is one, or the database refuses.
    pub async fn create(place: &Place, settings: Settings) -> Result<Self, StoreError> {
        if let Place::File(path) = place {
            place::create_private(path).map_err(|source| match source.kind() {
                std::io::ErrorKind::AlreadyExists => StoreError::Exists(place.clone()),
                _ => StoreError::Create { place: place.clone(), source },
            })?;
        }
        let pool = connect(place).await?;
        migrator().run(&pool).await?;
        let mut write = begin(&pool, place).await?;
        for (name, value) in [
            ("context", settings.context.to_string()),
            ("proof_system", settings.proof_system.to_string()),
        ] {
            let put = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            let done = sqlx::query(put).bind(name).bind(value).execute(&mut *write).await?;
            if done.rows_affected() == 0 {
                return Err(StoreError::Exists(place.clone()));
            }
        }
        write.commit().await?;
        Ok(Self { pool, place: place.clone(), settings })
    }

    /// Opens a venue.
    ///
    /// # Errors
    /// When there is none, it is of a later version, or the database refuses.
    pub async fn open(place: &Place) -> Result<Self, StoreError> {
        if let Place::File(path) = place
            && !path.is_file()
        {
            return Err(StoreError::Missing(place.clone()));
        }
        let pool = connect(place).await?;
        // A database without the table has no venue.
        let rows = sqlx::query("SELECT name, value FROM settings").fetch_all(&pool).await;
        let rows = rows.map_err(|error| match error {
            sqlx::Error::Database(_) => StoreError::Missing(place.clone()),
            other => other.into(),
        })?;
        // Tables of an earlier version are brought to this one, of a later one refused.
        migrator().run(&pool).await?;
        let setting = |wanted: &'static str| -> Result<String, StoreError> {
            let found =
                rows.iter().find(|row| row.try_get::<String, _>(0).is_ok_and(|n| n == wanted));
            let found = found.ok_or_else(|| StoreError::Missing(place.clone()))?;
            Ok(found.try_get(1)?)
        };
        let settings = Settings {
            context: read("settings", "context", &setting("context")?)?,
            proof_system: read("settings", "proof_system", &setting("proof_system")?)?,
        };
        Ok(Self { pool, place: place.clone(), settings })
    }

    /// What it is of.
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// Where it is.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Asks the database for nothing.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// A transaction that writes.
    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        begin(&self.pool, &self.place).await
    }

    /// The database's clock in milliseconds, as SQL.
    fn clock(&self) -> &'static str {
        match self.place {
            Place::File(_) => "CAST((julianday('now') - 2440587.5) * 86400000 AS BIGINT)",
            Place::Postgres(_) => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }
}

fn migrator() -> Migrator {
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        let sql = sql.into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(MIGRATIONS.map(migration).to_vec())
}

async fn connect(place: &Place) -> Result<AnyPool, StoreError> {
    sqlx::any::install_default_drivers();
    let pragmas: &'static [&'static str] = match place {
        Place::File(_) => &PRAGMAS,
        Place::Postgres(_) => &[],
    };
    let options = AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(AWAY);
    let options = options.after_connect(move |connection, _| {
        Box::pin(async move {
            for pragma in pragmas {
                sqlx::query(*pragma).execute(&mut *connection).await?;
            }
            Ok(())
        })
    });
    Ok(options.connect(&place.url()).await?)
}

/// SQLite is told at once that a transaction writes: one that began to read could
/// not be told later, and would fail.
async fn begin(pool: &AnyPool, place: &Place) -> Result<Transaction<'static, Any>, StoreError> {
    Ok(match place {
        Place::File(_) => pool.begin_with("BEGIN IMMEDIATE").await?,
        Place::Postgres(_) => pool.begin().await?,
    })
}

/// Reads a text of a table.
fn read<T: std::str::FromStr>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged { table, column })
}

/// Reads a text column.
fn text<T: std::str::FromStr>(
    row: &AnyRow,
    table: &'static str,
    column: &'static str,
) -> Result<T, StoreError> {
    read(table, column, &row.try_get::<String, _>(column)?)
}

/// Reads a number that is not negative.
fn number(row: &AnyRow, table: &'static str, column: &'static str) -> Result<u64, StoreError> {
    let found: i64 = row.try_get(column)?;
    u64::try_from(found).map_err(|_| StoreError::Damaged { table, column })
}

/// A number as the tables hold it.
fn signed(what: &'static str, number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Range(what))
}

/// Seconds since 1970; zero before that.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
