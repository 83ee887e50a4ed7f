//! What can be wrong with a ledger, and with a charge.

use std::io;
use std::path::PathBuf;

use silhouette_privacy::ChargeError;
use silhouette_wire::TaskId;
use thiserror::Error;

/// Which promise of the ledger does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The ledger goes on past its head by more than one interrupted charge.
    Ahead,
    /// A record's own hash is not that of its content: it was edited.
    Hash,
    /// The head file is not what this device writes.
    Head,
    /// The head names another hash for its record.
    HeadHash,
    /// A record does not name the hash of the one before: one was removed, added or replaced.
    Link,
    /// A line is no record.
    NotARecord,
    /// A round is not newer than the one before of the same task.
    Round,
    /// A sequence number is not the next one: lines were removed or reordered.
    Sequence,
    /// A record is not spelled the way this device spells it.
    Spelling,
}

/// Why a ledger can't be used. Participation stops: what was spent is no longer known.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// It is not exactly what this device wrote.
    #[error("{file}, line {line}: expected {expected}, found {found}", file = file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The broken promise.
        damage: Damage,
        /// What had to be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The ledger has no head file: it was deleted.
    #[error("{file}: expected the head of the ledger beside it, found none", file = file.display())]
    HeadMissing {
        /// The head file.
        file: PathBuf,
    },
    /// The file system failed.
    #[error("{file}: {source}", file = file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another process uses this ledger.
    #[error("{file}: expected it free, found it locked by another process", file = file.display())]
    Locked {
        /// The lock file.
        file: PathBuf,
    },
    /// The ledger was deleted.
    #[error("{file}: expected {expected} records, found no file", file = file.display())]
    Missing {
        /// The ledger.
        file: PathBuf,
        /// Records that its head knows of.
        expected: u64,
    },
    /// The ledger ends before its head: it was cut short, or an old copy was restored.
    #[error("{file}, line {line}: expected record {expected}, found the end", file = file.display())]
    RolledBack {
        /// The ledger.
        file: PathBuf,
        /// The line after its last whole record.
        line: u64,
        /// The last record its head knows of.
        expected: u64,
        /// The last record there is.
        found: u64,
    },
}

/// Why a charge was not made. Nothing may be sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpendError {
    /// A cap would be passed.
    #[error(transparent)]
    Budget(#[from] ChargeError),
    /// An earlier write failed half-way; open the ledger again to learn what is on the disk.
    #[error("{file}: an earlier write failed, open the ledger again", file = file.display())]
    Interrupted {
        /// The ledger.
        file: PathBuf,
    },
    /// The round is not newer than the task's last.
    #[error("task {task}: expected a round after {last}, found {found}")]
    Round {
        /// The task.
        task: TaskId,
        /// The last round charged for.
        last: u64,
        /// The round asked for.
        found: u64,
    },
    /// The charge could not be made durable. It may or may not be on the disk.
    #[error("{file}: the charge could not be written: {source}", file = file.display())]
    Write {
        /// The ledger.
        file: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}
