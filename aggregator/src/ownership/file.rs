use std::fmt::Write;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use silhouette_wire::manifest::{SignError, VerifyError};
use silhouette_wire::{SignedTask, TaskTerms, hex};
use thiserror::Error;

use crate::storage::files;

/// What the first key of a file says.
const FORMAT: &str = "silhouette-task/1";

/// Longest file read: hexadecimal terms of the largest size, and room for the rest.
const MAX_FILE_BYTES: u64 = 16 << 10;

/// Why a file is not a signed task.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TaskFileError {
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The file is too long to be one.
    #[error("{}: expected at most {MAX_FILE_BYTES} bytes, found {found}", path.display())]
    Length {
        /// Where.
        path: PathBuf,
        /// Its length.
        found: u64,
    },
    /// The text is not TOML with the four keys.
    #[error("not a signed task: {0}")]
    Parse(String),
    /// A value is not what its key says.
    #[error("{key}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is accepted.
        expected: &'static str,
    },
}

/// A task's terms, signed, with its owner's public key, as a file that can be sent about. Whoever
/// acts on it has to know the owner's key from elsewhere, as devices do: the file proves that this
/// owner signed, not that it is the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFile {
    owner: VerifyingKey,
    task: SignedTask,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: String,
    owner: String,
    terms: String,
    signature: String,
}

impl TaskFile {
    /// Signs a task's terms.
    ///
    /// # Errors
    /// When a term is outside its range.
    pub fn sign(terms: &TaskTerms, owner: &SigningKey) -> Result<Self, SignError> {
        Ok(Self { owner: owner.verifying_key(), task: SignedTask::sign(terms, owner)? })
    }

    /// Whose signature it claims to bear.
    pub fn owner(&self) -> &VerifyingKey {
        &self.owner
    }

    /// The task as it travels.
    pub fn task(&self) -> &SignedTask {
        &self.task
    }

    /// Checks the signature and gives the terms.
    ///
    /// # Errors
    /// When the owner named in the file did not sign them.
    pub fn verify(&self) -> Result<TaskTerms, VerifyError> {
        self.task.verify(&self.owner)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it does not have the form of a signed task.
    pub fn from_text(text: &str) -> Result<Self, TaskFileError> {
        let text: Text = toml::from_str(text).map_err(|e| TaskFileError::Parse(e.to_string()))?;
        let wrong = |key, expected| TaskFileError::Value { key, expected };
        if text.format != FORMAT {
            return Err(wrong("format", FORMAT));
        }
        let owner = hex::decode(&text.owner).and_then(|bytes| bytes.try_into().ok());
        let owner = owner.and_then(|bytes: [u8; 32]| VerifyingKey::from_bytes(&bytes).ok());
        let signature = hex::decode(&text.signature).and_then(|bytes| bytes.try_into().ok());
        let signature = signature.ok_or_else(|| wrong("signature", "64 bytes in hexadecimal"))?;
        let terms = hex::decode(&text.terms).ok_or_else(|| wrong("terms", "bytes in lower-case hexadecimal"))?;
        let task = SignedTask::from_parts(&terms, signature).map_err(|_| wrong("terms", "at most 4096 bytes"))?;
        Ok(Self { owner: owner.ok_or_else(|| wrong("owner", "an Ed25519 key, 32 bytes in hexadecimal"))?, task })
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let (terms, signature) = self.task.parts();
        let mut text =
            "# The terms of a task, signed by its owner; `silhouette task inspect` says what they are.\n".to_owned();
        for (key, value) in [
            ("format", FORMAT.to_owned()),
            ("owner", hex::encode(self.owner.as_bytes())),
            ("terms", hex::encode(terms)),
            ("signature", hex::encode(&signature)),
        ] {
            let _ = writeln!(text, "{key} = \"{value}\"");
        }
        text
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it can't be read, or is none.
    pub fn load(path: &Path) -> Result<Self, TaskFileError> {
        let io = |source| TaskFileError::Io { path: path.to_owned(), source };
        let found = std::fs::metadata(path).map_err(io)?.len();
        if found > MAX_FILE_BYTES {
            return Err(TaskFileError::Length { path: path.to_owned(), found });
        }
        Self::from_text(&std::fs::read_to_string(path).map_err(io)?)
    }

    /// The same; `None` if there is no such file.
    pub(super) fn load_if_there(path: &Path) -> Result<Option<Self>, TaskFileError> {
        match Self::load(path) {
            Err(TaskFileError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    /// Writes the file: whole or not at all.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn store(&self, path: &Path) -> Result<(), TaskFileError> {
        let io = |source| TaskFileError::Io { path: path.to_owned(), source };
        let text = self.to_text();
        if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        files::replace(path, text.as_bytes(), files::Readers::All).map_err(io)
    }
}
