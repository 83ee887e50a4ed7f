//! A trace that can't be used.

use std::path::PathBuf;

use thiserror::Error;

/// A trace that can't be used: which file, which line, which field, what was expected.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The file could not be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than a trace may be.
    #[error("{path}: expected at most {most} bytes, found {found}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound.
        most: u64,
        /// Its size.
        found: u64,
    },
    /// It is no TOML of a trace; the message names line and field.
    #[error("{path}: {message}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// A value outside its range.
    #[error("{path}: {field}: expected {expected}, found {found}")]
    Field {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What is accepted.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A line of a list of devices.
    #[error("{path}, line {line}: {field}: expected {expected}, found {found}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The field.
        field: &'static str,
        /// What is accepted.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Intervals are listed by user, and the data's people have no names to look up.
    #[error("trace: a list of devices goes with the people of a file, found people that are made up")]
    Nameless,
    /// None of the list's users trains.
    #[error(
        "trace: expected intervals of the {expected} training users, found none of them among {listed} listed users"
    )]
    NobodyListed {
        /// Training users.
        expected: usize,
        /// Users in the list.
        listed: usize,
    },
}
