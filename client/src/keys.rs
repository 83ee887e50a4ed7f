//! Where the device's secret key lies, and what is derived from it.

use std::io;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

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
    /// The file system, or the host's key chain, failed.
    #[error("key store: {0}")]
    Io(#[from] io::Error),
}

/// Where the host keeps the device's key: a phone's key chain, or by default a file.
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
}

/// The key as a file that only its owner may read.
///
/// Whoever takes the whole folder has the key too: this protects against a database file that
/// strays alone (a backup, a debug upload), not against a thief of the device.
#[derive(Clone, Debug)]
pub struct FileKeyStore {
    path: PathBuf,
}

impl FileKeyStore {
    /// The key in the file at `path`.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned() }
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
    fn derived_keys_differ_by_purpose() {
        let key = random_key().unwrap();
        assert_ne!(keyed_hash(&key, b"a"), keyed_hash(&key, b"b"));
        assert_ne!(keyed_hash(&key, b"a"), keyed_hash(&random_key().unwrap(), b"a"));
    }
}
