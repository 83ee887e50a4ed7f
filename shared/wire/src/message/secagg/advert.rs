use serde::{Deserialize, Serialize};

use super::{Participation, check_names};
use crate::{
    bounded::List,
    defaults::{MAX_COHORT, MAX_NEIGHBOURS},
    error_code::ErrorCode,
    frame::MessageType,
    ids::ContentHash,
    message::Message,
    signature::SignatureBytes,
};

/// Who stands behind an advert, in the active mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvertSignature {
    /// Ed25519 key of the device.
    pub identity: [u8; 32],
    /// The enrolment authority's signature over `identity`, for this task.
    pub endorsement: SignatureBytes,
    /// The device's signature over task, round, hash of the manifest and both public keys.
    pub signature: SignatureBytes,
}

/// Round 0: a device's fresh X25519 keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecaggAdvert {
    /// The participation.
    pub at: Participation,
    /// The manifest the device acts on.
    pub manifest: ContentHash,
    /// X25519 key that shares are sealed to.
    pub share_key: [u8; 32],
    /// X25519 key that pairwise masks are agreed with.
    pub mask_key: [u8; 32],
    /// Who stands behind the keys; only in the active mode.
    pub signature: Option<AdvertSignature>,
}

impl Message for SecaggAdvert {
    const TYPE: MessageType = MessageType::SecaggAdvert;
}

/// One neighbour in a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterEntry {
    /// Its place in the roster.
    pub member: u32,
    /// Its key for shares.
    pub share_key: [u8; 32],
    /// Its key for masks.
    pub mask_key: [u8; 32],
    /// Who stands behind the keys; only in the active mode.
    pub signature: Option<AdvertSignature>,
}

/// Answer to [`SecaggAdvert`]: who takes part, as far as this device has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecaggRoster {
    /// Members of the round.
    pub members: u32,
    /// This device's place among them. Places follow the order of the mask keys.
    pub own: u32,
    /// k: neighbours of each member.
    pub degree: u16,
    /// t: shares that reconstruct a secret.
    pub threshold: u16,
    /// Hash over the keys of all members in their order.
    pub roster: ContentHash,
    /// The device's neighbours, by ascending place.
    pub neighbours: List<RosterEntry, MAX_NEIGHBOURS>,
}

impl Message for SecaggRoster {
    const TYPE: MessageType = MessageType::SecaggRoster;

    fn check(&self) -> Result<(), ErrorCode> {
        let neighbours = self.neighbours.as_slice();
        if self.members > MAX_COHORT
            || self.own >= self.members
            || self.threshold > self.degree
            || usize::from(self.degree) != neighbours.len()
            || neighbours.iter().any(|entry| entry.member >= self.members)
        {
            return Err(ErrorCode::Malformed);
        }
        check_names(neighbours.iter().map(|entry| entry.member))
    }
}
