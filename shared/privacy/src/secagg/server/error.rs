use silhouette_wire::{DeviceId, ErrorCode};
use thiserror::Error;

use super::super::graph::GraphError;
use super::super::terms::TermsError;

/// The steps of a round, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Round 0.
    Advertise,
    /// Round 1.
    Share,
    /// Round 2.
    MaskedInput,
    /// Round 2b, in the active mode.
    Consistency,
    /// Round 3.
    Unmask,
}

impl std::fmt::Display for Step {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Advertise => "advertise",
            Self::Share => "share",
            Self::MaskedInput => "masked input",
            Self::Consistency => "consistency",
            Self::Unmask => "unmask",
        })
    }
}

/// A device that took part no longer, and the step it did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lost {
    /// Where it was lost.
    pub step: Step,
    /// Who.
    pub device: DeviceId,
}

/// Why a message was not taken. The round goes on.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// Its step, or the whole round, is over.
    #[error("the step is over")]
    Late,
    /// Its step has not begun.
    #[error("the step has not begun")]
    Early,
    /// The device already did this step.
    #[error("the device already did this step")]
    Duplicate,
    /// The device is not invited, or was lost in an earlier step.
    #[error("the device is not part of this step")]
    Unknown,
    /// The nonce is not the one of the assignment.
    #[error("the nonce is not the one that was assigned")]
    Nonce,
    /// Another task or round.
    #[error("the message belongs to another task or round")]
    OtherRound,
    /// The device acts on another manifest.
    #[error("the device acts on another manifest")]
    Manifest,
    /// A public key or identity that occurs already, or has small order.
    #[error("a key or identity occurs twice, or has small order")]
    Key,
    /// A signature does not hold, or is missing, or is there where none belongs.
    #[error("a signature does not hold")]
    Signature,
    /// The members named are not those of this step.
    #[error("the members named are not those of this step")]
    Members,
    /// The vector is not of the terms' size.
    #[error("the vector is not of the terms' size")]
    Size,
    /// The body does not have the announced hash.
    #[error("the body does not have the announced hash")]
    Hash,
}

impl Refused {
    /// What to answer the device.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Late => ErrorCode::Late,
            Self::Duplicate => ErrorCode::Duplicate,
            Self::Unknown => ErrorCode::NotSelected,
            Self::Nonce => ErrorCode::BadNonce,
            Self::OtherRound => ErrorCode::UnknownRound,
            Self::Size => ErrorCode::WrongLength,
            Self::Manifest | Self::Hash => ErrorCode::HashMismatch,
            Self::Early | Self::Key | Self::Signature | Self::Members => ErrorCode::Malformed,
        }
    }
}

/// Why a round ended without a sum.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// The terms are out of range.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// No graph protects the members under the terms.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// More devices invited than the terms allow.
    #[error("invited: expected at most {cohort}, found {found}")]
    Invited {
        /// The cohort of the terms.
        cohort: u32,
        /// Devices invited.
        found: usize,
    },
    /// The authority's key is missing in the active mode, or given in another.
    #[error("the authority's key: expected in the active mode and only there")]
    Authority,
    /// The deadline has passed.
    #[error("the deadline of the round has passed")]
    Deadline,
    /// The round was over before.
    #[error("the round is over")]
    Over,
    /// Fewer devices than a sum may cover completed a step. Nothing is revealed.
    #[error("{step}: expected at least {least} devices, found {found}")]
    TooFew {
        /// The step.
        step: Step,
        /// `N_min`.
        least: u32,
        /// How many did.
        found: usize,
    },
    /// So many neighbours of a member dropped out that its masks can't be taken off.
    #[error("{step}: too few neighbours of member {member} are left to take its masks off")]
    Unrecoverable {
        /// The step.
        step: Step,
        /// Whose masks.
        member: u32,
    },
    /// The survivors fell apart into groups that share no mask: their sums would be separate.
    #[error("the survivors fell apart into groups that share no mask")]
    Disconnected,
    /// Too few members signed the survivors.
    #[error("signatures: expected more than {threshold}, found {found}")]
    TooFewSignatures {
        /// t.
        threshold: u32,
        /// Signatures in all.
        found: usize,
    },
    /// The shares of a member's secret contradict each other or its public key: a holder lied.
    #[error("the shares of member {member} are false")]
    FalseShare {
        /// Whose secret.
        member: u32,
    },
}

/// How a round ended without a sum, and where devices were lost until then.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{why}")]
pub struct Ended {
    /// Why.
    pub why: Failure,
    /// Devices lost, by step.
    pub lost: Vec<Lost>,
}
