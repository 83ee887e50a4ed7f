//! The privacy ledger: what this device has given away, charge by charge.
//!
//! One JSON object a line, for people to read; every record carries the hash of the one before, so
//! that an edited, removed or reordered line is found. The last sequence number and hash are
//! mirrored in a tiny head file beside it, so that a ledger cut short or deleted is found as well.
//!
//! A charge is durable *before* it is acknowledged, and only then may anything be sent. The order is
//! (1) append the line and flush it, (2) replace the head and flush it, (3) acknowledge. Hence:
//!
//! | what is found | how it came about | what happens |
//! |---|---|---|
//! | ledger and head agree | nothing | goes on |
//! | ledger one record ahead | crash between 1 and 2 | counts as spent, head brought up |
//! | a torn last line after the head's record | crash within 1 | cut off: never acknowledged |
//! | ledger behind its head, or another hash there | lines removed, edited, an old copy restored | stops |
//! | anything else | damage | stops |
//!
//! A ledger that stops is not repaired: the budget it guards is no longer known. The chain has no
//! key: whoever can write both files can forge both, or restore old copies of both at once.

mod book;
mod chain;
mod error;
mod head;
mod memory;
mod open;
mod record;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use silhouette_privacy::Charge;
use silhouette_round::History;
use silhouette_wire::{ContentHash, TaskId};

use self::book::Book;
use self::head::Head;

pub use self::book::Caps;
pub use self::error::{Damage, LedgerError, SpendError};
pub use self::memory::MemoryLedger;
pub use self::open::{Recovery, audit};
pub use self::record::Record;

/// Where charges are written down before anything is sent.
pub trait ChargeBook: Send {
    /// Charges one participation and makes it durable before returning. `None` stands for a round
    /// without noise, which has no finite charge and which only an experiment's policy admits.
    ///
    /// # Errors
    /// When the round is not newer than the task's last, a cap would be passed, or the book can't
    /// be written; nothing may be sent then.
    fn charge(
        &mut self,
        task: &TaskId,
        round: u64,
        manifest: ContentHash,
        charge: Option<Charge>,
    ) -> Result<(), SpendError>;

    /// What is remembered of `task`, for the session.
    fn history(&self, task: &TaskId) -> History;
}

/// The ledger file of one device, held under an exclusive lock.
///
/// ```
/// use silhouette_client::ledger::{Caps, ChargeBook, Ledger};
/// use silhouette_privacy::Charge;
/// use silhouette_wire::{ContentHash, TaskId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ledger.jsonl");
/// let task: TaskId = "reviews".parse()?;
/// let mut ledger = Ledger::open(&path, Caps { task_rho: 0.5, device_rho: 1.0 })?;
/// ledger.charge(&task, 1, ContentHash::of(b"terms"), Some(Charge::of(0.125)?))?;
/// assert_eq!(ledger.history(&task).last_round, 1);
/// assert!(ledger.charge(&task, 1, ContentHash::of(b"terms"), Some(Charge::of(0.125)?)).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    head_path: PathBuf,
    file: File,
    records: Vec<Record>,
    book: Book,
    recovery: Option<Recovery>,
    /// A write failed half-way: what is on the disk is known only after opening it again.
    broken: bool,
    /// Held for the lock it carries.
    _lock: File,
}

impl Ledger {
    /// Opens the ledger at `path`, or starts one where neither it nor its head exists.
    ///
    /// # Errors
    /// When another process holds it, or it is not exactly what this device wrote.
    pub fn open(path: impl AsRef<Path>, caps: Caps) -> Result<Self, LedgerError> {
        open::open(path.as_ref(), caps)
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
        self.file.write_all(record.to_line().as_bytes())?;
        self.file.sync_all()
    }

    /// Step 2 of a charge.
    fn advance(&self, record: &Record) -> io::Result<()> {
        Head::of(record).write(&self.head_path)
    }

    fn write(&mut self, record: &Record) -> Result<(), SpendError> {
        self.broken = true;
        self.append(record)
            .and_then(|()| self.advance(record))
            .map_err(|source| SpendError::Write { file: self.path.clone(), source })?;
        self.broken = false;
        Ok(())
    }
}

impl ChargeBook for Ledger {
    fn charge(
        &mut self,
        task: &TaskId,
        round: u64,
        manifest: ContentHash,
        charge: Option<Charge>,
    ) -> Result<(), SpendError> {
        if self.broken {
            return Err(SpendError::Interrupted { file: self.path.clone() });
        }
        self.book.admit(task, round, charge)?;
        let record = Record::after(self.records.last(), task, round, manifest, charge, now());
        self.write(&record)?;
        self.book.enter(task, round, charge);
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
