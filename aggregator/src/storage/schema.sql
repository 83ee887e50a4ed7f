-- Version 1. Times are seconds since 1970. rho is counted in billionths, rounded up.
CREATE TABLE task (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    name    TEXT    NOT NULL,
    toml    TEXT    NOT NULL,
    config  TEXT    NOT NULL,
    -- The model and the optimiser state before the first round.
    model     BLOB  NOT NULL,
    optimiser BLOB  NOT NULL
) STRICT;

CREATE TABLE round (
    number          INTEGER PRIMARY KEY,
    state           TEXT    NOT NULL CHECK (state IN ('open', 'published', 'abandoned')),
    manifest        BLOB    NOT NULL,
    model_before    BLOB    NOT NULL,
    -- What was published, and what the next round starts from: they differ only while the
    -- optimiser averages its last iterates.
    model_after     BLOB,
    model_next      BLOB,
    optimiser_after BLOB,
    invited         INTEGER NOT NULL,
    reports         INTEGER NOT NULL DEFAULT 0,
    rho             INTEGER NOT NULL,
    opened_at       INTEGER NOT NULL,
    closed_at       INTEGER,
    CHECK (state <> 'published' OR
           (model_after IS NOT NULL AND model_next IS NOT NULL AND optimiser_after IS NOT NULL))
) STRICT;

-- Who was asked; the nonce is kept hashed, the digest is that of the report in the sum.
CREATE TABLE participation (
    round  INTEGER NOT NULL REFERENCES round (number),
    device BLOB    NOT NULL,
    nonce  BLOB    NOT NULL,
    digest BLOB,
    UNIQUE (round, device)
) STRICT;
CREATE INDEX participation_of_device ON participation (device, round);

-- What all rounds were charged together. It only grows; nothing is ever refunded.
CREATE TABLE spent (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    rho INTEGER NOT NULL
) STRICT;
INSERT INTO spent (id, rho) VALUES (1, 0);
CREATE TRIGGER spent_never_decreases BEFORE UPDATE ON spent WHEN NEW.rho < OLD.rho
BEGIN SELECT RAISE(ABORT, 'spent never decreases'); END;
CREATE TRIGGER spent_is_never_deleted BEFORE DELETE ON spent
BEGIN SELECT RAISE(ABORT, 'spent is never deleted'); END;

-- Enrolment tokens, hashed: whoever reads this table can enrol nothing.
CREATE TABLE token (
    hash       BLOB    PRIMARY KEY,
    created_at INTEGER NOT NULL,
    used_at    INTEGER,
    device     BLOB
) STRICT, WITHOUT ROWID;

-- Enrolled devices, by the hash of their public key. Revoking is for good, and by device: a new
-- certificate for the same key does not undo it.
CREATE TABLE device (
    id          BLOB    PRIMARY KEY,
    enrolled_at INTEGER NOT NULL,
    -- When its newest certificate ends.
    not_after   INTEGER NOT NULL,
    revoked     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
