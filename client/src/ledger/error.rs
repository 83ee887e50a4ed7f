//! What can be wrong with a ledger, and with a charge.

use std::io;
use std::path::PathBuf;

use silhouette_privacy::ChargeError;
use silhouette_wire::TaskId;
use thiserror::Error;

use crate::keys::KeyError;

/// Which promise of the ledger does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The ledger goes on past the key store's mark by more than one interrupted charge.
    Ahead,
    /// The head file is not what this device writes.
    Head,
    /// The head is behind the key store's mark: an old copy was put back.
    HeadBehind,
    /// The head names another code for its record.
    HeadMac,
    /// A record does not name the code of the one before: one was removed, added or replaced.
    Link,
    /// A record's own code is not the one this device's key gives for its content: it was edited, or
    /// written by another device.
    Mac,
    /// The key store's mark names another code for its record: this is another history.
    Mark,
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
    /// The key store failed, or has lost the key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There are files of a ledger, but the key store has no key to check them with.
    #[error("{file}: expected the key it was written under in the key store, found none", file = file.display())]
    KeyMissing {
        /// The file that is there.
        file: PathBuf,
    },
    /// The key store has the key, but no mark: it was taken away, or this is an old key store.
    #[error("{file}: expected the mark of the ledger beside its key, found none", file = file.display())]
    MarkMissing {
        /// The ledger.
        file: PathBuf,
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
        /// Records that its head, or the key store's mark, knows of.
        expected: u64,
    },
    /// The ledger ends before its head, or before the key store's mark: it was cut short, or an old
    /// copy was put back.
    #[error("{file}, line {line}: expected record {expected}, found the end", file = file.display())]
    RolledBack {
        /// The ledger.
        file: PathBuf,
        /// The line after its last whole record.
        line: u64,
        /// The last record that its head or the mark knows of.
        expected: u64,
        /// The last record there is.
        found: u64,
    },
}

impl LedgerError {
    /// What it means, in words for the person whose device this is.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Damaged { damage, .. } => damage.meaning(),
            Self::HeadMissing { .. } | Self::Missing { .. } | Self::RolledBack { .. } => {
                "The ledger ends earlier than this device remembers: it was cut short, deleted, or replaced by an old \
                 copy. Charges made since then are not in it."
            }
            Self::Key(_) | Self::KeyMissing { .. } | Self::MarkMissing { .. } => {
                "The key store does not belong to this ledger, or lost what it held. Nothing can be checked without it."
            }
            Self::Io { .. } => "The file could not be read; that says nothing about its content.",
            Self::Locked { .. } => "Another process of this device is at work with it.",
        }
    }
}

impl Damage {
    fn meaning(self) -> &'static str {
        match self {
            Self::Mac => "A charge was edited after it was written, or this is another device's ledger.",
            Self::Link | Self::Sequence | Self::Round => "A charge was removed, added, moved or replaced.",
            Self::NotARecord | Self::Spelling | Self::Head => {
                "A file holds something that this device did not write: it was edited, or the disk is failing."
            }
            Self::HeadBehind => "The ledger's head is an old copy: somebody put it back.",
            Self::HeadMac | Self::Mark | Self::Ahead => {
                "The ledger tells another history than this device remembers: it, or the mark, was replaced."
            }
        }
    }
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
