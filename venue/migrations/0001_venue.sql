-- What a venue holds. One text for SQLite and for PostgreSQL: numbers are BIGINT,
-- texts TEXT, bytes BYTEA (which SQLite keeps as the bytes they are), times seconds
-- since 1970.

-- `context`, `proof_system`.
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- To whom the portfolios are encrypted: public keys, never identities.
CREATE TABLE venue_keys (
    recipient TEXT PRIMARY KEY,
    since BIGINT NOT NULL,
    retired BIGINT
);

-- One row an account: its encrypted portfolio and the commitment to it.
CREATE TABLE accounts (
    account TEXT PRIMARY KEY,
    portfolio BYTEA NOT NULL,
    -- Of the file that it came from: what was read once is not read again.
    source TEXT NOT NULL,
    -- Of the lots that the commitment counts in.
    lots TEXT NOT NULL,
    commitment TEXT NOT NULL,
    -- Of the keys that it is encrypted to.
    recipients TEXT NOT NULL,
    changed BIGINT NOT NULL
);

-- The tree: a row for each change of a slot, by the epoch from which it counts.
CREATE TABLE leaves (
    slot BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    account TEXT NOT NULL,
    commitment TEXT NOT NULL,
    PRIMARY KEY (slot, epoch)
);
CREATE INDEX leaves_by_epoch ON leaves (epoch, slot);

CREATE TABLE epochs (
    epoch BIGINT PRIMARY KEY,
    state_root TEXT NOT NULL,
    market_root TEXT NOT NULL,
    accounts BIGINT NOT NULL,
    made BIGINT NOT NULL
);

-- The market files of epochs, as published.
CREATE TABLE markets (
    epoch BIGINT PRIMARY KEY REFERENCES epochs (epoch),
    market TEXT NOT NULL
);

-- Proofs by what they state: the same statement has one.
CREATE TABLE proofs (
    statement TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    claim TEXT NOT NULL,
    circuit TEXT NOT NULL,
    proof TEXT NOT NULL,
    made BIGINT NOT NULL
);
CREATE INDEX proofs_by_account ON proofs (account, epoch);

-- What a ledger said of an account when the venue last asked.
CREATE TABLE calls (
    account TEXT PRIMARY KEY,
    standing TEXT NOT NULL,
    due BIGINT,
    seen BIGINT NOT NULL
);

-- The farm: statements to prove. Times are milliseconds of the database's clock,
-- so that no worker's clock counts.
CREATE TABLE jobs (
    statement TEXT PRIMARY KEY,
    queue TEXT NOT NULL,
    account TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    claim TEXT NOT NULL,
    priority BIGINT NOT NULL,
    -- The portfolio and its path, encrypted to the workers; nothing once it is done.
    payload BYTEA,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Counts the leases: only the holder of the last one can finish the job.
    token BIGINT NOT NULL,
    worker TEXT,
    expires BIGINT,
    -- How often it was finished: once, or not yet.
    finished BIGINT NOT NULL,
    problem TEXT
);
CREATE INDEX jobs_by_queue ON jobs (queue, status, priority);
