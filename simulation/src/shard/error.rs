//! Why a shard's work does not fit the run.

use serde::Deserialize;
use silhouette_model::{ModelError, TaskError};
use silhouette_privacy::FoldError;
use silhouette_wire::ContentHash;
use thiserror::Error;

/// Why a round, a range of it or a partial sum does not fit the run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShardError {
    /// Driver and shard work with other data or other settings.
    #[error(
        "shard: expected a round of the data and settings {expected}, found one of {found}: driver and shards need the \
         same file, the same settings and the same version"
    )]
    OtherRun {
        /// The shard's fingerprint.
        expected: ContentHash,
        /// The round's.
        found: ContentHash,
    },
    /// A partial sum of another round.
    #[error("partial sum: expected one of round {expected}, found one of {found}")]
    OtherRound {
        /// The round at hand.
        expected: u64,
        /// The sum's.
        found: u64,
    },
    /// A round that the run does not have.
    #[error("shard: expected a round from 1 to {rounds}, found {found}")]
    Round {
        /// Rounds of the run.
        rounds: u64,
        /// The round asked for.
        found: u64,
    },
    /// More groups than the run splits a round into.
    #[error("shard: expected a round of at most {groups} groups, found {found}")]
    Groups {
        /// Groups of the run's rounds.
        groups: usize,
        /// The round's.
        found: usize,
    },
    /// A range outside the round.
    #[error("shard: expected a range within the round's {devices} devices, found {start} to {end}")]
    Range {
        /// Devices in the round.
        devices: usize,
        /// Start of the range.
        start: usize,
        /// End of the range.
        end: usize,
    },
    /// The same devices twice.
    #[error("partial sum: the devices from place {0} on are in both parts")]
    Twice(usize),
    /// Devices that no part has.
    #[error("partial sum: expected all {expected} devices of the round, found {found}: a shard's part is missing")]
    Missing {
        /// Devices of the round.
        expected: usize,
        /// Devices covered.
        found: usize,
    },
    /// Bytes that are no round and no partial sum.
    #[error("{what}: expected {expected}, found {found}")]
    Bytes {
        /// What was read.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Two sums that can't be added.
    #[error("partial sum: {0}")]
    Fold(#[from] FoldError),
    /// The model of the round.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The task of the data set.
    #[error(transparent)]
    Task(#[from] TaskError),
}

/// Bytes that are not what they should be.
pub(super) fn garbled(what: &'static str, expected: impl Into<String>, found: impl Into<String>) -> ShardError {
    ShardError::Bytes { what, expected: expected.into(), found: found.into() }
}

/// What these bytes of a head say, all of them.
pub(super) fn decoded<'b, T: Deserialize<'b>>(head: &'b [u8], what: &'static str) -> Result<T, ShardError> {
    match postcard::take_from_bytes(head) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(garbled(what, "nothing behind the head's last field", format!("{} bytes", rest.len()))),
        Err(error) => Err(garbled(what, "a head", error.to_string())),
    }
}

/// A head of no more bytes than there can be, checked before anything is kept for what it says.
pub(super) fn at_most(head: &[u8], most: usize, what: &'static str) -> Result<(), ShardError> {
    if head.len() > most {
        return Err(garbled(what, format!("a head of at most {most} bytes"), format!("{} bytes", head.len())));
    }
    Ok(())
}

/// The head and what follows it: its length in 8 bytes, little-endian, comes first.
pub(super) fn split_head<'b>(bytes: &'b [u8], what: &'static str) -> Result<(&'b [u8], &'b [u8]), ShardError> {
    let cut = || garbled(what, "a head, its length first", format!("{} bytes", bytes.len()));
    let (len, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut)?;
    let len = usize::try_from(u64::from_le_bytes(*len)).map_err(|_| cut())?;
    rest.split_at_checked(len).ok_or_else(cut)
}
