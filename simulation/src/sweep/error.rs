//! Why a sweep stopped.

use std::path::PathBuf;

use thiserror::Error;

use crate::config::ConfigError;

/// Why a sweep can't begin, or stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{}: {why}", file.display())]
    Toml {
        /// The sweep file.
        file: PathBuf,
        /// Where, and why.
        why: String,
    },
    /// An entry of the file.
    #[error("{}, {field}: expected {expected}, found {found}", file.display())]
    Field {
        /// The sweep file.
        file: PathBuf,
        /// The entry.
        field: String,
        /// What is accepted.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Settings that make no run together.
    #[error("{}, cell {cell}: {source}", file.display())]
    Settings {
        /// The sweep file.
        file: PathBuf,
        /// The cell.
        cell: String,
        /// Why.
        source: ConfigError,
    },
    /// A folder with results of other data or settings.
    #[error(
        "{}: expected results of this sweep, found others: {what}: {expected} here, {found} there; use another folder, \
         or delete this one",
        folder.display()
    )]
    Differs {
        /// The cell's folder.
        folder: PathBuf,
        /// What differs.
        what: String,
        /// Of this sweep.
        expected: String,
        /// In the folder.
        found: String,
    },
    /// Results that can't be read again.
    #[error("{}: expected the results of a finished run, found {found}; delete the folder to run it again", path.display())]
    Results {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// A cell failed.
    #[error("cell {cell}: {why}")]
    Cell {
        /// The cell.
        cell: String,
        /// Why.
        why: Box<dyn std::error::Error + Send + Sync>,
    },
}
