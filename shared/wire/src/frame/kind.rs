use crate::defaults::{
    CHECK_IN_REPLY_BYTES, ENROLL_BYTES, ENROLL_REPLY_BYTES, SECAGG_LISTS_BYTES, SECAGG_ROSTER_BYTES,
    SECAGG_SHARES_BYTES, SMALL_MESSAGE_BYTES,
};

/// Type number of a message. A published number keeps its layout for good; a changed message gets
/// a new number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum MessageType {
    /// [`Hello`](crate::Hello), version 1.
    Hello = 1,
    /// [`HelloReply`](crate::HelloReply), version 1.
    HelloReply = 2,
    /// [`CheckIn`](crate::CheckIn), version 1.
    CheckIn = 3,
    /// [`CheckInReply`](crate::CheckInReply), version 1.
    CheckInReply = 4,
    /// [`Fetch`](crate::Fetch), version 1.
    Fetch = 5,
    /// [`BodyHeader`](crate::BodyHeader), version 1.
    BodyHeader = 6,
    /// [`Upload`](crate::Upload), version 1.
    Upload = 7,
    /// [`UploadReply`](crate::UploadReply), version 1.
    UploadReply = 8,
    /// [`Enroll`](crate::Enroll), version 1.
    Enroll = 9,
    /// [`EnrollReply`](crate::EnrollReply), version 1.
    EnrollReply = 10,
    /// [`Refusal`](crate::Refusal), version 1.
    Refusal = 11,
    /// [`SecaggAdvert`](crate::message::SecaggAdvert), version 1.
    SecaggAdvert = 12,
    /// [`SecaggRoster`](crate::message::SecaggRoster), version 1.
    SecaggRoster = 13,
    /// [`SecaggShares`](crate::message::SecaggShares), version 1.
    SecaggShares = 14,
    /// [`SecaggInbox`](crate::message::SecaggInbox), version 1.
    SecaggInbox = 15,
    /// [`SecaggMaskedInput`](crate::message::SecaggMaskedInput), version 1.
    SecaggMaskedInput = 16,
    /// [`SecaggSurvivors`](crate::message::SecaggSurvivors), version 1.
    SecaggSurvivors = 17,
    /// [`SecaggConsistency`](crate::message::SecaggConsistency), version 1.
    SecaggConsistency = 18,
    /// [`SecaggUnmask`](crate::message::SecaggUnmask), version 1.
    SecaggUnmask = 19,
    /// [`SecaggRevealed`](crate::message::SecaggRevealed), version 1.
    SecaggRevealed = 20,
}

impl MessageType {
    /// Every type, in the order of the numbers.
    pub const ALL: [Self; 20] = [
        Self::Hello,
        Self::HelloReply,
        Self::CheckIn,
        Self::CheckInReply,
        Self::Fetch,
        Self::BodyHeader,
        Self::Upload,
        Self::UploadReply,
        Self::Enroll,
        Self::EnrollReply,
        Self::Refusal,
        Self::SecaggAdvert,
        Self::SecaggRoster,
        Self::SecaggShares,
        Self::SecaggInbox,
        Self::SecaggMaskedInput,
        Self::SecaggSurvivors,
        Self::SecaggConsistency,
        Self::SecaggUnmask,
        Self::SecaggRevealed,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The type with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

/// Longest body of each message type, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Everything that has no limit of its own.
    pub small: u64,
    /// Check-in replies, which may carry a manifest.
    pub check_in_reply: u64,
    /// Enrolment requests.
    pub enroll: u64,
    /// Enrolment replies.
    pub enroll_reply: u64,
    /// Rosters of secure aggregation.
    pub secagg_roster: u64,
    /// Sealed shares, in both directions.
    pub secagg_shares: u64,
    /// Lists of survivors, requests to unmask and the answers to them.
    pub secagg_lists: u64,
}

impl Limits {
    /// The limit of one type.
    pub const fn of(&self, kind: MessageType) -> u64 {
        match kind {
            MessageType::CheckInReply => self.check_in_reply,
            MessageType::Enroll => self.enroll,
            MessageType::EnrollReply => self.enroll_reply,
            MessageType::SecaggRoster => self.secagg_roster,
            MessageType::SecaggShares | MessageType::SecaggInbox => self.secagg_shares,
            MessageType::SecaggSurvivors | MessageType::SecaggUnmask | MessageType::SecaggRevealed => self.secagg_lists,
            _ => self.small,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            small: SMALL_MESSAGE_BYTES,
            check_in_reply: CHECK_IN_REPLY_BYTES,
            enroll: ENROLL_BYTES,
            enroll_reply: ENROLL_REPLY_BYTES,
            secagg_roster: SECAGG_ROSTER_BYTES,
            secagg_shares: SECAGG_SHARES_BYTES,
            secagg_lists: SECAGG_LISTS_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stable() {
        for (place, kind) in MessageType::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.number()), place + 1);
            assert_eq!(MessageType::from_number(kind.number()), Some(kind));
        }
        assert_eq!(MessageType::from_number(0), None);
        assert_eq!(MessageType::from_number(21), None);
    }
}
