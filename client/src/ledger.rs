//! The privacy ledger: what this device has given away, charge by charge.
//!
//! One JSON object a line, for people to read. Every record carries an HMAC-SHA-256 under a key that is
//! derived from the device's, over itself and the code of the record before: without the key nobody
//! edits, adds, removes or reorders one unnoticed. The last record is named twice more: by a tiny head
//! file beside the ledger, and by the [`Mark`](crate::keys::Mark) that the host's
//! [`KeyStore`] holds, which only moves forward. A ledger that was cut short, deleted or put back
//! from an old copy, with its head or without, is behind its mark.
//!
//! A charge is durable *before* it is acknowledged, and only then may anything be sent. The order is
//! (1) append the line and flush it, (2) replace the head and flush it, (3) move the mark, durably,
//! (4) acknowledge. Hence, with the ledger's last record, its head and its mark written as L, H, M:
//!
//! | what is found | how it came about | what happens |
//! |---|---|---|
//! | L = H = M | nothing | goes on |
//! | L = M + 1, H = M | crash between 1 and 2 | counts as spent, head and mark brought up |
//! | L = H = M + 1 | crash between 2 and 3 | counts as spent, mark brought up |
//! | L = H = M, and a torn line | crash within 1 | cut off: never acknowledged |
//! | no ledger, M = 0, H = 0 or no head | crash while it was begun | begun again |
//! | L < M, or no ledger, or H < M | lines removed, an old copy put back | stops |
//! | L or H beyond that | an old mark, or a stranger's lines | stops |
//! | a code that the key does not give, or another one at H or M | edited, forged, another device's | stops |
//! | files, but no key or no mark | the key store was emptied or exchanged | stops |
//! | anything else | damage | stops |
//!
//! A ledger that stops is not repaired: the budget it guards is no longer known. Whoever can read the
//! key can still write any history, and whoever can put back ledger, head *and* mark goes unnoticed:
//! with [`FileKeyStore`](crate::keys::FileKeyStore) all of them lie in one folder. A host with a
//! key chain keeps key and mark there.

mod audit;
mod book;
mod chain;
mod compare;
mod error;
mod memory;
mod open;
mod record;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use silhouette_privacy::Charge;
use silhouette_round::History;
use silhouette_wire::{ContentHash, QueryKind, TaskId};

use self::book::Book;
use self::record::ChainKey;
use crate::durable;
use crate::keys::{KeyError, KeyStore};

pub use self::audit::{Audit, audit};
pub use self::book::Caps;
pub use self::error::{Damage, LedgerError, SpendError};
pub use self::memory::MemoryLedger;
pub use self::open::Recovery;
pub use self::record::Record;

/// What is charged for: one participation in one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The task.
    pub task: TaskId,
    /// What the round asks for.
    pub query: QueryKind,
    /// The round.
    pub round: u64,
    /// Hash of the signed terms.
    pub manifest: ContentHash,
    /// What it costs.
    pub charge: Charge,
}

/// Where charges are written down before anything is sent.
pub trait ChargeBook: Send {
    /// Charges one participation and makes it durable before returning.
    ///
    /// # Errors
    /// When the round is not newer than the task's last, a cap would be passed, or the book can't
    /// be written; nothing may be sent then.
    fn charge(&mut self, entry: &Entry) -> Result<(), SpendError>;

    /// What is remembered of `task`, for the session.
    fn history(&self, task: &TaskId) -> History;
}

/// The ledger file of one device, held under an exclusive lock.
///
/// ```
/// use std::sync::Arc;
///
/// use silhouette_client::keys::FileKeyStore;
/// use silhouette_client::ledger::{Caps, ChargeBook, Entry, Ledger, audit};
/// use silhouette_privacy::Charge;
/// use silhouette_wire::{ContentHash, QueryKind, TaskId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ledger.jsonl");
/// let task: TaskId = "reviews".parse()?;
/// let keys = Arc::new(FileKeyStore::new(folder.path().join("key")));
/// let mut ledger = Ledger::open(&path, Caps { task_rho: 0.5, device_rho: 1.0 }, keys.clone())?;
/// let (query, manifest, charge) = (QueryKind::Train, ContentHash::of(b"terms"), Charge::of(0.125)?);
/// let entry = Entry { task: task.clone(), query, round: 1, manifest, charge };
/// ledger.charge(&entry)?;
/// assert_eq!(ledger.history(&task).last_round, 1);
/// assert!(ledger.charge(&entry).is_err());
/// assert_eq!(audit(&path, keys.as_ref())?.records, ledger.records());
/// # Ok(())
/// # }
/// ```
pub struct Ledger {
    path: PathBuf,
    head_path: PathBuf,
    file: File,
    key: ChainKey,
    keys: Arc<dyn KeyStore + Send + Sync>,
    records: Vec<Record>,
    book: Book,
    recovery: Option<Recovery>,
    /// A write failed half-way: what is on the disk is known only after opening it again.
    broken: bool,
    /// Held for the lock it carries.
    _lock: File,
}

impl Ledger {
    /// Opens the ledger at `path`, or starts one where `keys` knows of none. `keys` gets a key and the
    /// mark of an empty ledger if it has neither.
    ///
    /// # Errors
    /// When another process holds it, or it is not exactly what the device with this key wrote.
    pub fn open(
        path: impl AsRef<Path>,
        caps: Caps,
        keys: Arc<dyn KeyStore + Send + Sync>,
    ) -> Result<Self, LedgerError> {
        open::open(path.as_ref(), caps, keys)
    }

    /// Every charge, oldest first.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What an interrupted charge had left behind when the ledger was opened.
    pub fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
    }

    /// Where the ledger lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Step 1 of a charge.
    fn append(&mut self, record: &Record) -> io::Result<()> {
        durable::write_all(&mut self.file, record.to_line().as_bytes())
    }

    /// Step 2 of a charge.
    fn advance(&self, record: &Record) -> io::Result<()> {
        durable::replace(&self.head_path, record.mark().to_text().as_bytes())
    }

    /// Step 3 of a charge.
    fn mark(&self, record: &Record) -> io::Result<()> {
        self.keys.keep_mark(record.mark()).map_err(|error| match error {
            KeyError::Io(source) => source,
            other => io::Error::other(other),
        })
    }

    fn write(&mut self, record: &Record) -> Result<(), SpendError> {
        self.broken = true;
        self.append(record)
            .and_then(|()| self.advance(record))
            .and_then(|()| self.mark(record))
            .map_err(|source| SpendError::Write { file: self.path.clone(), source })?;
        self.broken = false;
        Ok(())
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of the key.
        f.debug_struct("Ledger").field("path", &self.path).field("records", &self.records).finish_non_exhaustive()
    }
}

impl ChargeBook for Ledger {
    fn charge(&mut self, entry: &Entry) -> Result<(), SpendError> {
        if self.broken {
            return Err(SpendError::Interrupted { file: self.path.clone() });
        }
        self.book.admit(entry)?;
        let record = Record::after(&self.key, self.records.last(), entry, now());
        self.write(&record)?;
        self.book.enter(entry);
        self.records.push(record);
        Ok(())
    }

    fn history(&self, task: &TaskId) -> History {
        self.book.history(task)
    }
}

/// Unix seconds; a clock before 1970 counts as 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs())
}

#[cfg(test)]
mod tests;
