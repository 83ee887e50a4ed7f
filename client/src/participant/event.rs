//! What an observer is told. No event holds a text, or a number derived from one.

use std::fmt;
use std::time::Duration;

use silhouette_round::Refusal;
use silhouette_wire::{ContentHash, ErrorCode, QueryKind};

/// Why a participant came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The task is over.
    Finished {
        /// Its last model.
        model: ContentHash,
        /// Whether the model is in this device's cache.
        cached: bool,
    },
    /// It was told to stop.
    Stopped,
}

/// What happens while taking part.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParticipantEvent {
    /// The charge is in the ledger and on the disk.
    Charged {
        /// The round.
        round: u64,
        /// Rho.
        rho: f64,
    },
    /// Waiting for an answer to a check-in.
    CheckedIn {
        /// The last round charged for.
        last_round: u64,
    },
    /// Connected to the aggregator.
    Connected,
    /// A connection failed and is tried again.
    ConnectionFailed {
        /// Why.
        reason: String,
        /// When it is tried again.
        retry_in: Duration,
    },
    /// Not taking part in a round. Nothing was sent; what was charged stays charged.
    Declined(Refusal),
    /// An exchange broke and is tried again or given up.
    Interrupted {
        /// Which: `check-in`, `fetch`, `masked round`, `renewal` or `upload`.
        exchange: &'static str,
        /// Why.
        reason: String,
    },
    /// In an exchange of a masked round, counted from 0: keys, shares, the vector, what takes masks
    /// off.
    Masking {
        /// The round.
        round: u64,
        /// The exchange.
        exchange: u8,
    },
    /// A model is on this device and is what its hash names.
    ModelReady {
        /// The model.
        model: ContentHash,
        /// Whether it was here already.
        cached: bool,
    },
    /// The aggregator refused; what was charged stays charged.
    Rejected(ErrorCode),
    /// The device has a new certificate, which is on the disk.
    Renewed,
    /// Waiting before the next check-in.
    Resting(Duration),
    /// The contribution counts.
    Took {
        /// The round.
        round: u64,
    },
    /// Training, or whatever else the round asks for.
    Training {
        /// The round.
        round: u64,
        /// What it asks for.
        query: QueryKind,
    },
    /// Sending the release.
    Uploading {
        /// The round.
        round: u64,
        /// Its size in bytes, the same for every device.
        bytes: u64,
        /// The try, from 1.
        attempt: u32,
    },
}

impl fmt::Display for ParticipantEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Charged { round, rho } => write!(f, "round {round}: charged rho {rho:.6}"),
            Self::CheckedIn { last_round } => write!(f, "checked in, last round {last_round}"),
            Self::Connected => f.write_str("connected"),
            Self::ConnectionFailed { reason, retry_in } => {
                write!(f, "no connection ({reason}), again in {:.1} s", retry_in.as_secs_f64())
            }
            Self::Declined(why) => write!(f, "declined: {why}"),
            Self::Interrupted { exchange, reason } => write!(f, "{exchange} interrupted: {reason}"),
            Self::Masking { round, exchange } => {
                let names = ["keys", "shares", "masked vector", "revealed shares"];
                write!(f, "round {round}: {}", names.get(usize::from(*exchange)).unwrap_or(&"signature"))
            }
            Self::ModelReady { model, cached: true } => write!(f, "model {model} (kept)"),
            Self::ModelReady { model, cached: false } => write!(f, "model {model} (fetched)"),
            Self::Rejected(code) => write!(f, "refused by the aggregator: {code}"),
            Self::Renewed => f.write_str("certificate renewed"),
            Self::Resting(time) => write!(f, "resting for {:.1} s", time.as_secs_f64()),
            Self::Took { round } => write!(f, "round {round}: took part"),
            Self::Training { round, query } => write!(f, "round {round}: {query}"),
            Self::Uploading { round, bytes, attempt } => {
                write!(f, "round {round}: uploading {bytes} bytes, try {attempt}")
            }
        }
    }
}
