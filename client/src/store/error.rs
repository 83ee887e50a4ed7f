//! What can be wrong with the store.

use std::io;

use thiserror::Error;

use crate::keys::KeyError;

/// Why the store did not do what was asked. No message quotes an event.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file can't be made.
    #[error("store: the file can't be made: {0}")]
    Create(io::Error),
    /// SQLite failed.
    #[error("store: {0}")]
    Database(#[from] rusqlite::Error),
    /// An event can't be written as JSON.
    #[error("store: an event can't be written as json")]
    Event,
    /// The export's target failed.
    #[error("store: the export can't be written: {0}")]
    Export(io::Error),
    /// The key can't be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There are sealed events and no key.
    #[error("store: expected the key its events are sealed under, found none")]
    KeyMissing,
    /// The file is a store of another version, or none of ours.
    #[error("store: expected schema version {expected}, found {found}")]
    Schema {
        /// Ours.
        expected: i64,
        /// The file's.
        found: i64,
    },
    /// An event was tampered with.
    #[error("store: event {id} can't be unsealed")]
    Sealed {
        /// Its number.
        id: i64,
    },
    /// The owner's word can't be written as JSON, or was tampered with.
    #[error("store: the owner's word can't be sealed or unsealed")]
    Owner,
    /// Sealing failed.
    #[error("store: an event can't be sealed")]
    Sealing,
    /// The key is not the one the events are sealed under.
    #[error("store: the key is not the one its events are sealed under")]
    WrongKey,
}
