//! The folder a device lives in.
//!
//! ```text
//! folder/
//!   identity/         certificate, key, the authority and the task owner it trusts (transport)
//!   key               what the store is sealed and the ledger chained under; its owner's only
//!   key.mark          how far the ledger has come; with the key in a key chain, so is the mark
//!   ledger.jsonl      every charge, for people to read
//!   ledger.head       the mirror of its end
//!   ledger.lock       held while a process uses the ledger
//!   models/           models by their hash
//!   policy.toml       the weakest terms this device accepts, and its caps
//!   store.sqlite      this person's events, sealed
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use silhouette_round::Policy;
use thiserror::Error;

use crate::durable;
use crate::keys::{FileKeyStore, KeyError, KeyStore, Mark};
use crate::ledger::{Audit, Caps, Ledger, LedgerError, audit};
use crate::models::ModelCache;
use crate::store::{Store, StoreError};

/// What a new folder's `policy.toml` says: the defaults, each with what it means.
pub const SAMPLE_POLICY: &str = include_str!("folder/policy.toml");

/// Why a folder can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The file system failed.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The key can't be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The ledger can't be trusted, or is in use.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// No device was made in this folder.
    #[error("{path}: expected a device's folder, found none; enrolling makes one", path = path.display())]
    NoDevice {
        /// The folder.
        path: PathBuf,
    },
    /// A file of a folder in use is gone. It is not made anew: its defaults might allow more than
    /// the person did.
    #[error("{path}: expected the file a device in use has, found none", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The policy file does not say a policy.
    #[error("{path}: {reason}", path = path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong, and on which line.
        reason: String,
    },
}

/// What the person lets this device do: the content of `policy.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DevicePolicy {
    /// The weakest terms it takes part under.
    pub terms: Policy,
    /// The most it may ever spend.
    pub budget: Caps,
}

impl DevicePolicy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// When it is not TOML, has an unknown key, or a cap is no number from 0 on.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let policy: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        let caps = [("task_rho", policy.budget.task_rho), ("device_rho", policy.budget.device_rho)];
        for (name, cap) in caps {
            if !(cap.is_finite() && cap >= 0.0) {
                return Err(format!("budget.{name}: expected a finite number from 0 on, found {cap}"));
            }
        }
        Ok(policy)
    }
}

/// One device's folder, opened.
///
/// ```
/// use silhouette_client::DeviceFolder;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let place = tempfile::tempdir()?;
/// let device = DeviceFolder::open_or_create(place.path().join("device"))?;
/// assert_eq!(device.store()?.count()?, 0);
/// assert!(device.ledger()?.records().is_empty());
/// # Ok(())
/// # }
/// ```
pub struct DeviceFolder {
    root: PathBuf,
    policy: DevicePolicy,
    keys: Arc<dyn KeyStore + Send + Sync>,
}

impl DeviceFolder {
    /// Opens the folder of a device that was made before. Changes nothing on the disk.
    ///
    /// # Errors
    /// When no device was made there, a file is missing, or one can't be read.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, FolderError> {
        let keys = FileKeyStore::new(root.as_ref().join("key"));
        Self::open_with(root, Box::new(keys))
    }

    /// The same with the key where the host keeps it, such as a phone's key chain.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(root: impl AsRef<Path>, keys: Box<dyn KeyStore + Send + Sync>) -> Result<Self, FolderError> {
        let root = root.as_ref().to_owned();
        if !root.is_dir() || keys.load()?.is_none() {
            return Err(FolderError::NoDevice { path: root });
        }
        let policy = read_policy(&root.join("policy.toml"), true)?;
        let head = head_of(&root);
        if !head.exists() {
            // The ledger is made last: without one that ever held a charge, the making was cut short.
            let begun = keys.load_mark()? != Some(Mark::BEGINNING);
            return Err(if begun { FolderError::Missing { path: head } } else { FolderError::NoDevice { path: root } });
        }
        Ok(Self { root, policy, keys: keys.into() })
    }

    /// Opens a folder, or makes one with the default policy and its key in a file.
    ///
    /// # Errors
    /// When a file is missing from a folder in use, or one can't be read or made.
    pub fn open_or_create(root: impl AsRef<Path>) -> Result<Self, FolderError> {
        let keys = FileKeyStore::new(root.as_ref().join("key"));
        Self::open_or_create_with(root, Box::new(keys))
    }

    /// The same with the key where the host keeps it.
    ///
    /// # Errors
    /// As [`open_or_create`](Self::open_or_create).
    pub fn open_or_create_with(
        root: impl AsRef<Path>,
        keys: Box<dyn KeyStore + Send + Sync>,
    ) -> Result<Self, FolderError> {
        let root = root.as_ref().to_owned();
        for folder in [root.clone(), root.join("models"), root.join("identity")] {
            durable::create_folder(&folder).map_err(io_error(&folder))?;
        }
        let in_use = keys.load()?.is_some();
        if in_use && head_of(&root).exists() {
            return Self::open_with(root, keys);
        }
        let policy = read_policy(&root.join("policy.toml"), in_use)?;
        let folder = Self { root, policy, keys: keys.into() };
        // Makes key, mark and ledger. Over a key that is there already it goes on only while the mark says
        // that nothing was ever charged: that is a making which was cut short, anything else a deletion.
        drop(folder.ledger()?);
        Ok(folder)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The policy as read when the folder was opened.
    pub fn policy(&self) -> &DevicePolicy {
        &self.policy
    }

    /// Where the certificate and its key lie.
    pub fn identity_folder(&self) -> PathBuf {
        self.root.join("identity")
    }

    /// Where the ledger lies.
    pub fn ledger_path(&self) -> PathBuf {
        self.root.join("ledger.jsonl")
    }

    /// Opens the ledger under the policy's caps and locks it.
    ///
    /// # Errors
    /// When it is in use, or not what this device wrote.
    pub fn ledger(&self) -> Result<Ledger, LedgerError> {
        self.ledger_under(self.policy.budget)
    }

    /// The same under other caps than the policy's.
    ///
    /// # Errors
    /// As [`ledger`](Self::ledger).
    pub fn ledger_under(&self, caps: Caps) -> Result<Ledger, LedgerError> {
        Ledger::open(self.ledger_path(), caps, Arc::clone(&self.keys))
    }

    /// Checks the ledger of the device in `root`, whose key is in a file, and reads it: without a lock,
    /// so also while the device is at work, and without making or changing anything.
    ///
    /// # Errors
    /// When it is not what this device wrote.
    pub fn audit_ledger(root: impl AsRef<Path>) -> Result<Audit, LedgerError> {
        let root = root.as_ref();
        audit(root.join("ledger.jsonl"), &FileKeyStore::new(root.join("key")))
    }

    /// Opens the store.
    ///
    /// # Errors
    /// When it can't be opened with this device's key.
    pub fn store(&self) -> Result<Store, StoreError> {
        Store::open(self.root.join("store.sqlite"), self.keys.as_ref())
    }

    /// The models kept on this device.
    pub fn models(&self) -> ModelCache {
        ModelCache::new(self.root.join("models"))
    }
}

fn head_of(root: &Path) -> PathBuf {
    root.join("ledger.head")
}

fn read_policy(path: &Path, in_use: bool) -> Result<DevicePolicy, FolderError> {
    let text = match durable::read_if_there(path).map_err(io_error(path))? {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None if in_use => {
            return Err(FolderError::Missing { path: path.to_owned() });
        }
        None => {
            durable::create(path, SAMPLE_POLICY.as_bytes()).map_err(io_error(path))?;
            SAMPLE_POLICY.to_owned()
        }
    };
    DevicePolicy::from_toml(&text).map_err(|reason| FolderError::Policy { path: path.to_owned(), reason })
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io { path, source }
}

#[cfg(test)]
mod tests;
