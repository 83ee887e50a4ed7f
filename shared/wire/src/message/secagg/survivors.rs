use serde::{Deserialize, Serialize};

use super::{MemberList, Participation, SignatureBytes, check_names};
use crate::{
    bounded::List,
    defaults::{MAX_COHORT, MAX_NEIGHBOURS},
    error_code::ErrorCode,
    frame::MessageType,
    message::Message,
};

/// Who is still there, as the aggregator claims. The receiver counts in `survivors` and stands in
/// neither list.
fn check_lists(survivors: u32, alive: &MemberList, dropped: &MemberList) -> Result<(), ErrorCode> {
    if survivors > MAX_COHORT {
        return Err(ErrorCode::Malformed);
    }
    check_names(alive.as_slice().iter().copied())?;
    check_names(dropped.as_slice().iter().copied())?;
    // Both ascend, so one binary search each finds a name that stands in both.
    if alive.as_slice().iter().any(|name| dropped.as_slice().binary_search(name).is_ok()) {
        return Err(ErrorCode::Malformed);
    }
    Ok(())
}

/// Answer to [`SecaggMaskedInput`](super::SecaggMaskedInput) in the active mode: the survivors, to
/// be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecaggSurvivors {
    /// Members whose masked input arrived, in the whole round.
    pub survivors: u32,
    /// Neighbours among them.
    pub alive: MemberList,
    /// Neighbours that shared and then dropped out.
    pub dropped: MemberList,
}

impl Message for SecaggSurvivors {
    const TYPE: MessageType = MessageType::SecaggSurvivors;

    fn check(&self) -> Result<(), ErrorCode> {
        check_lists(self.survivors, &self.alive, &self.dropped)
    }
}

/// Round 2b (active mode): the device's signature over the hash of the survivors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecaggConsistency {
    /// The participation.
    pub at: Participation,
    /// Ed25519, by the identity key of the advert.
    pub signature: SignatureBytes,
}

impl Message for SecaggConsistency {
    const TYPE: MessageType = MessageType::SecaggConsistency;
}

/// One neighbour's signature over the survivors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The neighbour.
    pub member: u32,
    /// Its signature.
    pub signature: SignatureBytes,
}

/// Asks for the shares that remove the masks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecaggUnmask {
    /// Members whose masked input arrived, in the whole round.
    pub survivors: u32,
    /// Neighbours whose self mask is to be removed.
    pub alive: MemberList,
    /// Neighbours whose pairwise masks are to be removed.
    pub dropped: MemberList,
    /// What the neighbours signed; empty outside the active mode.
    pub signatures: List<Signed, MAX_NEIGHBOURS>,
}

impl Message for SecaggUnmask {
    const TYPE: MessageType = MessageType::SecaggUnmask;

    fn check(&self) -> Result<(), ErrorCode> {
        check_names(self.signatures.as_slice().iter().map(|signed| signed.member))?;
        check_lists(self.survivors, &self.alive, &self.dropped)
    }
}

/// A share of exactly one of a neighbour's two secrets.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RevealedShare {
    /// Of the seed of its self mask; it survived.
    SelfMask([u8; 32]),
    /// Of its private mask key; it dropped out.
    MaskKey([u8; 32]),
}

impl std::fmt::Debug for RevealedShare {
    // Enough for a log; the bytes belong to nobody but the aggregator.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::SelfMask(_) => "SelfMask(..)",
            Self::MaskKey(_) => "MaskKey(..)",
        })
    }
}

/// Round 3: one share for each neighbour that shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecaggRevealed {
    /// The participation.
    pub at: Participation,
    /// The shares, by ascending owner: a name can stand here only once.
    pub shares: List<(u32, RevealedShare), MAX_NEIGHBOURS>,
}

impl Message for SecaggRevealed {
    const TYPE: MessageType = MessageType::SecaggRevealed;

    fn check(&self) -> Result<(), ErrorCode> {
        check_names(self.shares.as_slice().iter().map(|(owner, _)| *owner))
    }
}
