use super::{
    SecaggAdvert, SecaggConsistency, SecaggInbox, SecaggMaskedInput, SecaggRevealed, SecaggRoster, SecaggShares,
    SecaggSurvivors, SecaggUnmask,
};
use crate::{error_code::ErrorCode, message::UploadReply};

/// What a device sends in one of the exchanges of a secure aggregation. Not a message itself: each
/// variant travels under its own type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecaggRequest {
    /// Round 0.
    Advert(SecaggAdvert),
    /// Round 1.
    Shares(SecaggShares),
    /// Round 2; the masked vector follows its announcement.
    MaskedInput(SecaggMaskedInput),
    /// Round 2b, in the active mode.
    Consistency(SecaggConsistency),
    /// Round 3.
    Revealed(SecaggRevealed),
}

/// What the aggregator answers when the step is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecaggReply {
    /// To an advert.
    Roster(SecaggRoster),
    /// To shares.
    Inbox(SecaggInbox),
    /// To a masked input in the active mode.
    Survivors(SecaggSurvivors),
    /// To a masked input, or to a signature.
    Unmask(SecaggUnmask),
    /// To revealed shares: the device has done its part.
    Done(UploadReply),
    /// To anything: the device is not, or no longer, part of the round.
    Refused(ErrorCode),
}
