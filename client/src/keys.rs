//! Where the device's secret key lies, what is derived from it, and the mark that no ledger may fall
//! behind.

mod mark;

use std::io;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

pub use self::mark::Mark;

use crate::durable;

/// A 32-byte secret, overwritten when dropped.
pub type SecretKey = Zeroizing<[u8; 32]>;

/// Why a key can't be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The operating system has no randomness to give.
    #[error("the operating system gives no randomness")]
    Entropy,
    /// The key file is not a key.
    #[error("{file}: expected 32 bytes, found {found}", file = file.display())]
    Length {
        /// The file.
        file: PathBuf,
        /// Its length.
        found: usize,
    },
    /// There is no key, but a mark that was made with one: the key was taken away.
    #[error("key store: expected the key under which {records} ledger records were written, found none")]
    Lost {
        /// Records the mark knows of.
        records: u64,
    },
    /// The file does not hold a mark.
    #[error("{file}: expected the mark of a ledger, found something else", file = file.display())]
    Mark {
        /// The file.
        file: PathBuf,
    },
    /// A mark never goes back.
    #[error("key store: expected a mark after record {kept}, found one of record {found}")]
    MarkBack {
        /// The record of the mark kept.
        kept: u64,
        /// The record of the mark offered.
        found: u64,
    },
    /// The file system, or the host's key chain, failed.
    #[error("key store: {0}")]
    Io(#[from] io::Error),
}

/// Where the host keeps the device's key and the mark of its ledger: a phone's key chain, or by
/// default files.
///
/// Both belong together and outside of backups: who can put back an old mark together with the old
/// ledger can spend a budget twice.
pub trait KeyStore {
    /// The key, `None` if there is none yet.
    ///
    /// # Errors
    /// When there is one and it can't be read.
    fn load(&self) -> Result<Option<SecretKey>, KeyError>;

    /// Keeps a new key durably; never replaces one.
    ///
    /// # Errors
    /// When it can't be kept, or there is one already.
    fn keep(&self, key: &SecretKey) -> Result<(), KeyError>;

    /// The mark, `None` if there never was one.
    ///
    /// # Errors
    /// When there is one and it can't be read.
    fn load_mark(&self) -> Result<Option<Mark>, KeyError>;

    /// Replaces the mark, durably before returning and in one step: a crash leaves the old one or the
    /// new one. The same mark again is no change.
    ///
    /// # Errors
    /// When it can't be kept, or would go back.
    fn keep_mark(&self, mark: Mark) -> Result<(), KeyError>;
}

/// Key and mark as two files that only their owner may read: `key`, say, and `key.mark`.
///
/// Whoever takes the whole folder has the key too: this protects against a database file that
/// strays alone (a backup, a debug upload), not against a thief of the device. Likewise whoever puts
/// back an old copy of the *whole* folder is not found out; a key chain finds them.
#[derive(Clone, Debug)]
pub struct FileKeyStore {
    path: PathBuf,
}

impl FileKeyStore {
    /// The key in the file at `path`.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned() }
    }

    fn mark_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".mark");
        name.into()
    }
}

impl KeyStore for FileKeyStore {
    fn load(&self) -> Result<Option<SecretKey>, KeyError> {
        let Some(bytes) = durable::read_if_there(&self.path)?.map(Zeroizing::new) else {
            return Ok(None);
        };
        let key: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| KeyError::Length { file: self.path.clone(), found: bytes.len() })?;
        Ok(Some(Zeroizing::new(key)))
    }

    fn keep(&self, key: &SecretKey) -> Result<(), KeyError> {
        Ok(durable::create(&self.path, key.as_slice())?)
    }

    fn load_mark(&self) -> Result<Option<Mark>, KeyError> {
        let file = self.mark_path();
        match durable::read_if_there(&file)? {
            None => Ok(None),
            Some(bytes) => Mark::from_text(&bytes).map(Some).ok_or(KeyError::Mark { file }),
        }
    }

    fn keep_mark(&self, mark: Mark) -> Result<(), KeyError> {
        match self.load_mark()? {
            Some(kept) if kept == mark => Ok(()),
            Some(kept) if kept.seq >= mark.seq => Err(KeyError::MarkBack { kept: kept.seq, found: mark.seq }),
            _ => Ok(durable::replace(&self.mark_path(), mark.to_text().as_bytes())?),
        }
    }
}

/// The device's key, made where there is none yet.
///
/// The mark of an empty ledger is kept first, so that from then on a key without a mark means that the
/// mark was taken away.
pub(crate) fn load_or_begin(keys: &dyn KeyStore) -> Result<SecretKey, KeyError> {
    if let Some(key) = keys.load()? {
        return Ok(key);
    }
    match keys.load_mark()? {
        None => keys.keep_mark(Mark::BEGINNING)?,
        Some(Mark::BEGINNING) => {}
        Some(mark) => return Err(KeyError::Lost { records: mark.seq }),
    }
    let key = random_key()?;
    keys.keep(&key)?;
    Ok(key)
}

/// A key from the operating system's randomness.
pub(crate) fn random_key() -> Result<SecretKey, KeyError> {
    let mut key = Zeroizing::new([0; 32]);
    fill_random(key.as_mut_slice())?;
    Ok(key)
}

/// Fills `out` with the operating system's randomness.
pub(crate) fn fill_random(out: &mut [u8]) -> Result<(), KeyError> {
    SysRng.try_fill_bytes(out).map_err(|_| KeyError::Entropy)
}

/// HMAC-SHA-256 under `key`: derives keys by purpose, and names contents without telling them.
pub(crate) fn keyed_hash(key: &SecretKey, data: &[u8]) -> SecretKey {
    // HMAC takes keys of any length, so there is no error to meet.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_slice()) else {
        return Zeroizing::new([0; 32]);
    };
    mac.update(data);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use silhouette_wire::ContentHash;

    use super::*;

    #[test]
    fn a_key_file_is_kept_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileKeyStore::new(folder.path().join("key"));
        assert!(store.load().unwrap().is_none());
        let key = random_key().unwrap();
        store.keep(&key).unwrap();
        assert_eq!(store.load().unwrap().unwrap(), key);
        assert!(store.keep(&key).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&store.path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(&store.path, b"short").unwrap();
        assert!(matches!(store.load(), Err(KeyError::Length { found: 5, .. })));
    }

    #[test]
    fn a_mark_only_moves_forward() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileKeyStore::new(folder.path().join("key"));
        let mark = |seq, content: &[u8]| Mark { seq, mac: ContentHash::of(content) };
        assert_eq!(store.load_mark().unwrap(), None);
        for mark in [Mark::BEGINNING, mark(1, b"a"), mark(1, b"a"), mark(7, b"b")] {
            store.keep_mark(mark).unwrap();
            assert_eq!(store.load_mark().unwrap(), Some(mark));
        }
        for back in [mark(7, b"c"), mark(6, b"b"), Mark::BEGINNING] {
            assert!(matches!(store.keep_mark(back), Err(KeyError::MarkBack { kept: 7, .. })));
        }
        std::fs::write(store.mark_path(), "{\"seq\":7}\n").unwrap();
        assert!(matches!(store.load_mark(), Err(KeyError::Mark { .. })));
        assert!(store.keep_mark(mark(8, b"d")).is_err());
    }

    #[test]
    fn a_key_is_made_once_and_never_behind_a_mark() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileKeyStore::new(folder.path().join("key"));
        let key = load_or_begin(&store).unwrap();
        assert_eq!(store.load_mark().unwrap(), Some(Mark::BEGINNING));
        assert_eq!(load_or_begin(&store).unwrap(), key);
        store.keep_mark(Mark { seq: 1, mac: ContentHash::of(b"a") }).unwrap();
        std::fs::remove_file(&store.path).unwrap();
        assert!(matches!(load_or_begin(&store), Err(KeyError::Lost { records: 1 })));
    }

    #[test]
    fn derived_keys_differ_by_purpose() {
        let key = random_key().unwrap();
        assert_ne!(keyed_hash(&key, b"a"), keyed_hash(&key, b"b"));
        assert_ne!(keyed_hash(&key, b"a"), keyed_hash(&random_key().unwrap(), b"a"));
    }
}
