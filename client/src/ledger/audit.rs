//! Checking a ledger without touching it.

use std::path::Path;

use super::error::LedgerError;
use super::open::{Found, Paths, Recovery, inspect};
use super::record::{ChainKey, Record};
use crate::keys::{KeyStore, Mark};

/// Charges that may land while the files are read before the reading is given up.
const TRIES: u32 = 8;

/// A ledger in which everything that this device can check holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audit {
    /// Every charge, oldest first. One that is under way, or was interrupted, is among them once its
    /// line is whole.
    pub records: Vec<Record>,
    /// The key store's mark: the last charge that is known to be acknowledged.
    pub mark: Mark,
    /// A charge that is under way, or was interrupted and will be mended at the next opening.
    pub unfinished: Option<Recovery>,
}

/// Checks the ledger at `path` without locking or changing anything: for showing it while a device is
/// at work.
///
/// # Errors
/// When it is not exactly what the device with this key wrote.
pub fn audit(path: impl AsRef<Path>, keys: &dyn KeyStore) -> Result<Audit, LedgerError> {
    let paths = Paths::of(path.as_ref());
    let Some(key) = keys.load()? else {
        return Err(LedgerError::KeyMissing { file: paths.ledger });
    };
    let key = ChainKey::derive(&key);
    let mut tries = TRIES;
    loop {
        let before = keys.load_mark()?;
        let mark = before.ok_or_else(|| LedgerError::MarkMissing { file: paths.ledger.clone() })?;
        let found = inspect(&paths, &key, mark);
        tries -= 1;
        // A charge that was acknowledged meanwhile may have changed any of the files.
        if tries == 0 || keys.load_mark()? == before {
            return Ok(match found? {
                Some(found) => Audit::from(found),
                None => Audit { records: Vec::new(), mark, unfinished: None },
            });
        }
    }
}

impl From<Found> for Audit {
    fn from(found: Found) -> Self {
        Self { unfinished: found.unfinished(), mark: found.mark, records: found.chain.records }
    }
}
