use std::path::PathBuf;

use silhouette_wire::ContentHash;
use thiserror::Error;

/// The store could not do what it was asked for. What was being written is not there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// What a round made public beside a model could not be written or read as JSON.
    #[error("figures of a round: {0}")]
    Figures(#[from] serde_json::Error),
    /// A newer version of this program wrote the folder.
    #[error("database: expected schema version {expected} or older, found {found}")]
    Schema {
        /// The newest version this program knows.
        expected: i64,
        /// The version found.
        found: i64,
    },
    /// A file's content is not what its name says.
    #[error("{path}: its content does not hash to {hash}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The hash in its name.
        hash: ContentHash,
    },
    /// The round is not in the state that the step needs.
    #[error("round {0} is not open")]
    NotOpen(u64),
    /// A number is too large for the database.
    #[error("a number exceeds 63 bits")]
    Range,
}

impl StorageError {
    /// Attaches a path to an I/O error.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
