//! Opening a ledger: lock, read, compare with the head, mend what a crash may have left.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use silhouette_wire::TaskId;

use super::Ledger;
use super::book::{Book, Caps};
use super::chain::Chain;
use super::error::{Damage, LedgerError};
use super::head::Head;
use super::record::Record;
use crate::durable;

/// What an interrupted charge had left behind. It was never acknowledged, so nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovery {
    /// The charge was written whole: it counts as spent.
    Completed {
        /// Its task.
        task: TaskId,
        /// Its round.
        round: u64,
    },
    /// The charge was half written and was cut off.
    CutOff {
        /// The line it began on.
        line: u64,
    },
}

/// The files of one ledger.
struct Paths {
    ledger: PathBuf,
    head: PathBuf,
    lock: PathBuf,
}

impl Paths {
    fn of(ledger: &Path) -> Self {
        Self { ledger: ledger.to_owned(), head: ledger.with_extension("head"), lock: ledger.with_extension("lock") }
    }
}

/// Checks the ledger at `path` without locking or changing anything and returns its records: for
/// showing it while a device is at work.
///
/// # Errors
/// When it is not exactly what this device wrote.
pub fn audit(path: impl AsRef<Path>) -> Result<Vec<Record>, LedgerError> {
    let paths = Paths::of(path.as_ref());
    // The head first: a charge that lands in between makes the ledger one ahead, which is allowed.
    let head = read_head(&paths)?;
    match inspect(&paths, head)? {
        Some((chain, _)) => Ok(chain.records),
        None => Ok(Vec::new()),
    }
}

pub(super) fn open(path: &Path, caps: Caps) -> Result<Ledger, LedgerError> {
    let paths = Paths::of(path);
    let lock = lock(&paths.lock)?;
    let head = read_head(&paths)?;
    let (chain, recovery) = match inspect(&paths, head)? {
        Some((chain, head)) => {
            let recovery = mend(&paths, &chain, head)?;
            (chain, recovery)
        }
        None => {
            create(&paths)?;
            (Chain::default(), None)
        }
    };
    let file = OpenOptions::new().append(true).open(&paths.ledger).map_err(io_error(&paths.ledger))?;
    let mut book = Book::new(caps);
    for record in &chain.records {
        book.enter(&record.task, record.round, record.charge());
    }
    Ok(Ledger {
        path: paths.ledger,
        head_path: paths.head,
        file,
        records: chain.records,
        book,
        recovery,
        broken: false,
        _lock: lock,
    })
}

/// A lock file of its own: the ledger stays readable to others, and the head is replaced at every
/// charge, which would shake off a lock on it.
fn lock(path: &Path) -> Result<File, LedgerError> {
    let file = durable::owner_only(OpenOptions::new().write(true).create(true).truncate(false))
        .open(path)
        .map_err(io_error(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::Locked { file: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(LedgerError::Io { file: path.to_owned(), source }),
    }
}

fn read_head(paths: &Paths) -> Result<Option<Head>, LedgerError> {
    let Some(bytes) = durable::read_if_there(&paths.head).map_err(io_error(&paths.head))? else {
        return Ok(None);
    };
    match Head::from_text(&bytes) {
        Some(head) => Ok(Some(head)),
        None => {
            Err(Chain::default().damaged(&paths.head, Damage::Head, "a sequence number and a hash", "something else"))
        }
    }
}

/// The chain, if it agrees with its head; `None` if there is no ledger yet.
fn inspect(paths: &Paths, head: Option<Head>) -> Result<Option<(Chain, Head)>, LedgerError> {
    let bytes = durable::read_if_there(&paths.ledger).map_err(io_error(&paths.ledger))?;
    match (head, bytes) {
        // The head is created first, so an empty one alone is a creation that was interrupted.
        (None | Some(Head::EMPTY), None) => Ok(None),
        (Some(head), None) => Err(LedgerError::Missing { file: paths.ledger.clone(), expected: head.seq }),
        (None, Some(_)) => Err(LedgerError::HeadMissing { file: paths.head.clone() }),
        (Some(head), Some(bytes)) => {
            let chain = Chain::read(&paths.ledger, &bytes)?;
            compare(paths, &chain, head)?;
            Ok(Some((chain, head)))
        }
    }
}

fn compare(paths: &Paths, chain: &Chain, head: Head) -> Result<(), LedgerError> {
    let found = chain.records.len() as u64;
    if found < head.seq {
        return Err(LedgerError::RolledBack {
            file: paths.ledger.clone(),
            line: chain.next_line(),
            expected: head.seq,
            found,
        });
    }
    let at_head = head.seq.checked_sub(1).and_then(|i| chain.records.get(i as usize));
    let hash = at_head.map_or(Head::EMPTY.hash, |r| r.hash);
    if hash != head.hash {
        return Err(LedgerError::Damaged {
            file: paths.ledger.clone(),
            line: head.seq.max(1),
            damage: Damage::HeadHash,
            expected: format!("hash {}", head.hash),
            found: format!("hash {hash}"),
        });
    }
    // One charge at most can be under way, so at most one line may lie beyond the head.
    if found + u64::from(chain.torn) > head.seq + 1 {
        return Err(LedgerError::Damaged {
            file: paths.ledger.clone(),
            line: head.seq + 2,
            damage: Damage::Ahead,
            expected: format!("at most record {}", head.seq + 1),
            found: "more".into(),
        });
    }
    Ok(())
}

fn mend(paths: &Paths, chain: &Chain, head: Head) -> Result<Option<Recovery>, LedgerError> {
    match chain.records.last() {
        Some(last) if last.seq > head.seq => {
            // The line may have been read out of the cache: flush it before the head vouches for it.
            flush(&paths.ledger, None).map_err(io_error(&paths.ledger))?;
            Head::of(last).write(&paths.head).map_err(io_error(&paths.head))?;
            Ok(Some(Recovery::Completed { task: last.task.clone(), round: last.round }))
        }
        _ if chain.torn => {
            flush(&paths.ledger, Some(chain.whole_len)).map_err(io_error(&paths.ledger))?;
            Ok(Some(Recovery::CutOff { line: chain.next_line() }))
        }
        _ => Ok(None),
    }
}

fn flush(path: &Path, len: Option<u64>) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    if let Some(len) = len {
        file.set_len(len)?;
    }
    file.sync_all()
}

/// The head first: from then on the ledger is known to have begun, and a missing head is a deletion.
fn create(paths: &Paths) -> Result<(), LedgerError> {
    Head::EMPTY.write(&paths.head).map_err(io_error(&paths.head))?;
    durable::create(&paths.ledger, b"").map_err(io_error(&paths.ledger))
}

fn io_error(file: &Path) -> impl FnOnce(io::Error) -> LedgerError {
    let file = file.to_owned();
    move |source| LedgerError::Io { file, source }
}
