//! Who stands behind a task: its owner, which signs the terms once, and this aggregator, whose round
//! key the owner named.
//!
//! Without further ado the aggregator is its own owner. With a task file that somebody else signed
//! the owner's key never comes near the service, and the service can change no term: devices check
//! the owner's signature themselves.

mod file;

use std::path::Path;

use ed25519_dalek::SigningKey;
use silhouette_wire::manifest::{SignError, VerifyError};
use silhouette_wire::{ContentHash, Manifest, ManifestError, SignedManifest, SignedTask};
use thiserror::Error;

pub use file::{TaskFile, TaskFileError};

use crate::enrolment::random;
use crate::plan::Plan;
use crate::storage::{Storage, StorageError, files};

/// The key file of an owner that is its own aggregator.
const OWNER_KEY: &str = "owner.key";

/// The key file that signs the rounds.
const ROUND_KEY: &str = "round.key";

/// What somebody else signed, kept from the first start on.
const TASK_FILE: &str = "task.signed";

/// Why a task can't be run in its owner's name.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OwnershipError {
    /// A key file does not hold a key.
    #[error("{file}: expected 32 bytes, found {found}")]
    Key {
        /// The file.
        file: &'static str,
        /// Its length.
        found: usize,
    },
    /// The system has no randomness to give.
    #[error("the system has no randomness to give")]
    Entropy,
    /// The file of the signed task.
    #[error(transparent)]
    File(#[from] TaskFileError),
    /// The owner's signature, or what it is over.
    #[error("the signed task: {0}")]
    Task(#[from] VerifyError),
    /// The owner named another aggregator.
    #[error("the signed task names the round key {expected}, this folder's is {found}: sign the task again for it")]
    OtherAggregator {
        /// As the owner signed it.
        expected: ContentHash,
        /// Ours.
        found: ContentHash,
    },
    /// The configuration asks for what the owner did not sign.
    #[error("the configuration is not what the task's owner signed: {0}")]
    OtherTerms(ManifestError),
    /// The owner named another endorser than this folder's enrolment authority, or none, or one where
    /// the configuration wants none.
    #[error("the signed task names the endorser {signed}, this folder and its configuration need {expected}")]
    OtherEndorser {
        /// As the owner signed it.
        signed: String,
        /// Ours.
        expected: String,
    },
    /// The devices of this folder trust another owner.
    #[error("this folder's devices trust the owner {expected}, the signed task is from {found}")]
    OtherOwner {
        /// Whom they pinned when they enrolled.
        expected: ContentHash,
        /// Who signed.
        found: ContentHash,
    },
    /// Our own terms can't be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The disk.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The public half of a folder's round key, for the owner to name; the key is made if there is none.
///
/// # Errors
/// When the folder can't be written, or holds something else.
pub fn round_public_key(folder: &Path) -> Result<[u8; 32], OwnershipError> {
    files::create_folders(folder)?;
    Ok(key(folder, ROUND_KEY)?.verifying_key().to_bytes())
}

/// A task's terms as its owner signed them, and the key that signs its rounds.
pub(crate) struct Ownership {
    owner: [u8; 32],
    task: SignedTask,
    round_key: SigningKey,
    endorser: Option<[u8; 32]>,
    /// What somebody else signed, if somebody else did.
    file: Option<TaskFile>,
}

impl Ownership {
    /// Takes over what somebody else signed, or what a former start took over, or signs as the owner.
    /// Nothing is kept yet: see [`keep`](Self::keep). `pinned` is the owner that enrolled devices trust.
    ///
    /// # Errors
    /// When the signed terms are not those of the plan, this aggregator is not the one they name, or
    /// devices trust another owner.
    pub(crate) fn establish(
        folder: &Path,
        plan: &Plan,
        endorser: [u8; 32],
        pinned: Option<ContentHash>,
        signed: Option<TaskFile>,
    ) -> Result<Self, OwnershipError> {
        let endorser = plan.config().active_mode.then_some(endorser);
        let round_key = key(folder, ROUND_KEY)?;
        let kept = TaskFile::load_if_there(&folder.join(TASK_FILE))?;
        let established = match signed.or(kept) {
            Some(file) => Self::others(plan, round_key, endorser, file)?,
            None => Self::own(folder, plan, round_key, endorser)?,
        };
        let found = ContentHash(established.owner);
        match pinned.filter(|expected| *expected != found) {
            Some(expected) => Err(OwnershipError::OtherOwner { expected, found }),
            None => Ok(established),
        }
    }

    fn others(
        plan: &Plan,
        round_key: SigningKey,
        endorser: Option<[u8; 32]>,
        file: TaskFile,
    ) -> Result<Self, OwnershipError> {
        let ours = round_key.verifying_key().to_bytes();
        let terms = file.verify()?;
        if terms.round_key != ours {
            let (expected, found) = (ContentHash(terms.round_key), ContentHash(ours));
            return Err(OwnershipError::OtherAggregator { expected, found });
        }
        if terms.endorser != endorser {
            let name = |key: Option<[u8; 32]>| key.map_or_else(|| "nobody".into(), |key| ContentHash(key).to_string());
            return Err(OwnershipError::OtherEndorser { signed: name(terms.endorser), expected: name(endorser) });
        }
        plan.last_manifests().iter().try_for_each(|m| terms.allows(m)).map_err(OwnershipError::OtherTerms)?;
        let (owner, task) = (file.owner().to_bytes(), file.task().clone());
        Ok(Self { owner, task, round_key, endorser, file: Some(file) })
    }

    fn own(
        folder: &Path,
        plan: &Plan,
        round_key: SigningKey,
        endorser: Option<[u8; 32]>,
    ) -> Result<Self, OwnershipError> {
        let owner = key(folder, OWNER_KEY)?;
        let terms = plan.task_terms(round_key.verifying_key().to_bytes(), endorser)?;
        let task = SignedTask::sign(&terms, &owner)?;
        Ok(Self { owner: owner.verifying_key().to_bytes(), task, round_key, endorser, file: None })
    }

    /// Keeps what somebody else signed, so that the next start needs no file, and records the owner.
    ///
    /// # Errors
    /// When the disk or the database does not take it.
    pub(crate) fn keep(&self, folder: &Path, storage: &Storage) -> Result<(), OwnershipError> {
        if let Some(file) = &self.file {
            file.store(&folder.join(TASK_FILE))?;
        }
        Ok(storage.set_owner(&self.owner)?)
    }

    /// Who endorses identities, in the active mode and only there.
    pub(crate) fn endorser(&self) -> Option<[u8; 32]> {
        self.endorser
    }

    /// The key that devices pin.
    pub(crate) fn owner(&self) -> [u8; 32] {
        self.owner
    }

    /// The terms of one round, signed.
    pub(crate) fn sign(&self, manifest: &Manifest) -> Result<SignedManifest, SignError> {
        SignedManifest::sign_round(manifest, &self.task, &self.round_key)
    }
}

/// A signing key of this folder: made at the first start, readable by nobody else.
fn key(folder: &Path, file: &'static str) -> Result<SigningKey, OwnershipError> {
    read_key(&folder.join(file), file)
}

/// Reads an owner's key file, or makes the key.
///
/// # Errors
/// When the file can't be read or made, or holds something else.
pub fn owner_key(path: &Path) -> Result<SigningKey, OwnershipError> {
    read_key(path, "the owner's key file")
}

fn read_key(path: &Path, file: &'static str) -> Result<SigningKey, OwnershipError> {
    let fresh = || random().map(|bytes| bytes.to_vec()).map_err(|_| OwnershipError::Entropy);
    let bytes = files::secret(path, fresh)?;
    let found = bytes.len();
    let secret: [u8; 32] = bytes.try_into().map_err(|_| OwnershipError::Key { file, found })?;
    Ok(SigningKey::from_bytes(&secret))
}

#[cfg(test)]
mod tests;
