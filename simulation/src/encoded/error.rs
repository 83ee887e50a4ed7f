//! Why a file of encoded people can't be written or read.

use std::io;
use std::path::PathBuf;

use silhouette_model::TaskError;
use silhouette_model::record::RecordError;
use thiserror::Error;

use crate::people::PersonError;

/// Why a file of encoded people can't be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodedError {
    /// Bytes that are not what they should be.
    #[error("{}: byte {byte}, {field}: expected {expected}, found {found}", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where.
        byte: u64,
        /// What.
        field: &'static str,
        /// What is accepted.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The operating system refused.
    #[error("{}: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name that is too long to be written.
    #[error("person {person}, {field}: expected at most 65535 bytes, found {found}")]
    LongName {
        /// Whose, from 0.
        person: usize,
        /// The id or a label.
        field: &'static str,
        /// Its length.
        found: usize,
    },
    /// A file of another task than the one asked for.
    #[error("{}: expected people encoded for task {expected}, found ones for {found}", .file.display())]
    OtherTask {
        /// The file.
        file: PathBuf,
        /// The task asked for.
        expected: String,
        /// The file's.
        found: String,
    },
    /// A person who could not be made.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// A person's record.
    #[error("{}: record at byte {at}: {source}", .file.display())]
    Record {
        /// The file.
        file: PathBuf,
        /// Where the record begins.
        at: u64,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The task in the header.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The header could not be written.
    #[error("header: {0}")]
    Json(#[from] serde_json::Error),
}
