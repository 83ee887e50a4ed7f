use serde::{Deserialize, Serialize};

use super::{Participation, check_names};
use crate::{
    bounded::{Bytes, List},
    defaults::{MAX_NEIGHBOURS, SEALED_SHARE_BYTES},
    error_code::ErrorCode,
    frame::MessageType,
    message::Message,
};

/// Two Shamir shares, sealed for one neighbour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedShare {
    /// The receiver in [`SecaggShares`], the sender in [`SecaggInbox`].
    pub member: u32,
    /// ChaCha20-Poly1305 over the two shares; always the same length.
    pub sealed: Bytes<SEALED_SHARE_BYTES>,
}

/// Sealed shares by ascending member.
pub type SealedShares = List<SealedShare, MAX_NEIGHBOURS>;

fn check_shares(shares: &SealedShares) -> Result<(), ErrorCode> {
    if shares.as_slice().iter().any(|share| share.sealed.as_slice().len() != SEALED_SHARE_BYTES) {
        return Err(ErrorCode::WrongLength);
    }
    check_names(shares.as_slice().iter().map(|share| share.member))
}

/// Round 1: shares of a device's two secrets, one pair for each neighbour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecaggShares {
    /// The participation.
    pub at: Participation,
    /// The shares, by receiver.
    pub shares: SealedShares,
}

impl Message for SecaggShares {
    const TYPE: MessageType = MessageType::SecaggShares;

    fn check(&self) -> Result<(), ErrorCode> {
        check_shares(&self.shares)
    }
}

/// Answer to [`SecaggShares`]: what the neighbours sealed for this device. Whoever is missing has
/// dropped out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecaggInbox {
    /// The shares, by sender.
    pub shares: SealedShares,
}

impl Message for SecaggInbox {
    const TYPE: MessageType = MessageType::SecaggInbox;

    fn check(&self) -> Result<(), ErrorCode> {
        check_shares(&self.shares)
    }
}
