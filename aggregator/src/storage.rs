//! What survives a restart: a SQLite file for rows, a folder for vectors.
//!
//! ```text
//! silhouette.db                   rounds, participations, what was spent, tokens, devices
//! models/<sha256>.safetensors     the first model, and those of the last twenty published rounds
//! optimiser/<sha256>.state        the server optimiser's state at the start and after the last one
//! noise/<sha256>.state            the tree of noise after the last one, where there is one
//! ```
//!
//! Rows hold hashes, files hold content, and a row is written only after the files it names are on
//! the disk. So whatever the moment of a `kill -9`, every hash that a start needs can be opened.
//! There is one writer connection behind a mutex, in write-ahead-log mode with `synchronous=FULL`:
//! a transaction that returned is on the disk.

mod enrolments;
mod error;
pub(crate) mod files;
mod hashes;
mod history;
mod prune;
mod rounds;
mod schema;
mod task;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

pub use enrolments::{Standing, TokenOutcome};
pub use error::StorageError;
pub use history::{Latest, Progress, RoundRow};
pub(crate) use prune::ROUNDS_KEPT;
pub use rounds::{ClosedRound, OpenedRound, RoundState};
pub use task::StoredTask;

/// How long a statement waits for another process, such as one that adds tokens, to finish writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An aggregator's folder.
#[derive(Debug)]
pub struct Storage {
    folder: PathBuf,
    connection: Mutex<Connection>,
}

impl Storage {
    /// Opens the folder, creating it and bringing its tables up to date.
    ///
    /// Nothing is recovered here: a second process may open the folder to add tokens while an
    /// aggregator runs on it. [`Aggregator::open`](crate::Aggregator::open) recovers.
    ///
    /// # Errors
    /// When the folder cannot be used, or was written by a newer version of this program.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StorageError> {
        let folder = folder.into();
        files::create_folders(&folder)?;
        let mut connection = Connection::open(folder.join("silhouette.db"))?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", "on")?;
        schema::migrate(&mut connection)?;
        Ok(Self { folder, connection: Mutex::new(connection) })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn ping(&self) -> Result<(), StorageError> {
        self.connection().query_row("SELECT 1", [], |_| Ok(())).map_err(StorageError::from)
    }

    /// The writer. A panic in another thread can not have left a transaction half done: it was
    /// rolled back when it was dropped, so the lock's poison carries no news.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since 1970, for people who read the tables; nothing is decided by it.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
