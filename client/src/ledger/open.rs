//! Opening a ledger: lock, read, compare with head and mark, mend what a crash may have left.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use silhouette_wire::TaskId;

use super::Ledger;
use super::book::{Book, Caps};
use super::chain::Chain;
use super::compare::compare;
use super::error::{Damage, LedgerError};
use super::record::ChainKey;
use crate::durable;
use crate::keys::{KeyStore, Mark, load_or_begin};

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
pub(super) struct Paths {
    pub(super) ledger: PathBuf,
    pub(super) head: PathBuf,
    pub(super) lock: PathBuf,
}

impl Paths {
    pub(super) fn of(ledger: &Path) -> Self {
        Self { ledger: ledger.to_owned(), head: ledger.with_extension("head"), lock: ledger.with_extension("lock") }
    }

    /// A file that says that a ledger has begun.
    fn begun(&self) -> Option<&PathBuf> {
        [&self.ledger, &self.head].into_iter().find(|file| file.exists())
    }
}

/// What a ledger says, checked against its head and the key store's mark.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) chain: Chain,
    pub(super) mark: Mark,
}

impl Found {
    /// What an interrupted charge has left behind.
    pub(super) fn unfinished(&self) -> Option<Recovery> {
        match self.chain.records.last() {
            Some(last) if last.seq > self.mark.seq => {
                Some(Recovery::Completed { task: last.task.clone(), round: last.round })
            }
            _ if self.chain.torn => Some(Recovery::CutOff { line: self.chain.next_line() }),
            _ => None,
        }
    }
}

pub(super) fn open(path: &Path, caps: Caps, keys: Arc<dyn KeyStore + Send + Sync>) -> Result<Ledger, LedgerError> {
    let paths = Paths::of(path);
    let lock = lock(&paths.lock)?;
    let key = begin(&paths, keys.as_ref())?;
    let mark = keys.load_mark()?.ok_or_else(|| LedgerError::MarkMissing { file: paths.ledger.clone() })?;
    let (chain, recovery) = match inspect(&paths, &key, mark)? {
        Some(found) => {
            let recovery = mend(&paths, &found, keys.as_ref())?;
            (found.chain, recovery)
        }
        None => {
            create(&paths)?;
            (Chain::default(), None)
        }
    };
    let file = OpenOptions::new().append(true).open(&paths.ledger).map_err(io_error(&paths.ledger))?;
    let mut book = Book::new(caps);
    for record in &chain.records {
        book.enter(&record.entry());
    }
    Ok(Ledger {
        path: paths.ledger,
        head_path: paths.head,
        file,
        key,
        keys,
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

/// The chain's key. Mark and key come before the first file, so files without a key lost theirs.
fn begin(paths: &Paths, keys: &dyn KeyStore) -> Result<ChainKey, LedgerError> {
    if keys.load()?.is_none()
        && let Some(file) = paths.begun()
    {
        return Err(LedgerError::KeyMissing { file: file.clone() });
    }
    Ok(ChainKey::derive(&load_or_begin(keys)?))
}

fn read_head(paths: &Paths) -> Result<Option<Mark>, LedgerError> {
    let Some(bytes) = durable::read_if_there(&paths.head).map_err(io_error(&paths.head))? else {
        return Ok(None);
    };
    match Mark::from_text(&bytes) {
        Some(head) => Ok(Some(head)),
        None => {
            Err(Chain::default().damaged(&paths.head, Damage::Head, "a sequence number and a code", "something else"))
        }
    }
}

/// The ledger, if it agrees with its head and `mark`; `None` if it has not begun.
pub(super) fn inspect(paths: &Paths, key: &ChainKey, mark: Mark) -> Result<Option<Found>, LedgerError> {
    // The head first: it may only be behind the ledger.
    let head = read_head(paths)?;
    let bytes = durable::read_if_there(&paths.ledger).map_err(io_error(&paths.ledger))?;
    match (head, bytes) {
        // The head is created first, so an empty one alone is a creation that was interrupted; nothing
        // was ever acknowledged while the mark is at the beginning.
        (None | Some(Mark::BEGINNING), None) if mark == Mark::BEGINNING => Ok(None),
        (head, None) => {
            let expected = mark.seq.max(head.map_or(0, |head| head.seq));
            Err(LedgerError::Missing { file: paths.ledger.clone(), expected })
        }
        (None, Some(_)) => Err(LedgerError::HeadMissing { file: paths.head.clone() }),
        (Some(head), Some(bytes)) => {
            let chain = Chain::read(&paths.ledger, &bytes, key)?;
            compare(paths, &chain, head, mark)?;
            Ok(Some(Found { chain, mark }))
        }
    }
}

/// Finishes an interrupted charge in the order in which it would have gone on, or cuts it off.
fn mend(paths: &Paths, found: &Found, keys: &dyn KeyStore) -> Result<Option<Recovery>, LedgerError> {
    let recovery = found.unfinished();
    match &recovery {
        Some(Recovery::Completed { .. }) => {
            let end = found.chain.mark_at(found.chain.records.len() as u64).unwrap_or(found.mark);
            // Line and head may have been read out of the cache: on the disk before the mark names them.
            durable::flush(&paths.ledger, None).map_err(io_error(&paths.ledger))?;
            durable::replace(&paths.head, end.to_text().as_bytes()).map_err(io_error(&paths.head))?;
            keys.keep_mark(end)?;
        }
        Some(Recovery::CutOff { .. }) => {
            durable::flush(&paths.ledger, Some(found.chain.whole_len)).map_err(io_error(&paths.ledger))?;
        }
        None => {}
    }
    Ok(recovery)
}

/// The head first: from then on the ledger is known to have begun, and a missing head is a deletion.
fn create(paths: &Paths) -> Result<(), LedgerError> {
    durable::replace(&paths.head, Mark::BEGINNING.to_text().as_bytes()).map_err(io_error(&paths.head))?;
    durable::create(&paths.ledger, b"").map_err(io_error(&paths.ledger))
}

fn io_error(file: &Path) -> impl FnOnce(io::Error) -> LedgerError {
    let file = file.to_owned();
    move |source| LedgerError::Io { file, source }
}
