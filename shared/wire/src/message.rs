//! The messages, in the order of an exchange.
//!
//! A device opens one bidirectional stream per exchange, sends one request and reads one reply. A
//! request that cannot be answered in kind is answered with a [`Refusal`].

mod check_in;
mod enroll;
mod fetch;
mod hello;
mod secagg;
mod upload;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use check_in::{Availability, CheckIn, CheckInReply};
pub use enroll::{Certificate, CertificateRequest, Enroll, EnrollReply, Issued, Token};
pub use fetch::{BodyHeader, Fetch};
pub use hello::{AnnouncedLimits, Build, Hello, HelloReply};
pub use secagg::{
    AdvertSignature, MemberList, Participation, RevealedShare, RosterEntry, SealedShare, SealedShares, SecaggAdvert,
    SecaggConsistency, SecaggInbox, SecaggMaskedInput, SecaggReply, SecaggRequest, SecaggRevealed, SecaggRoster,
    SecaggShares, SecaggSurvivors, SecaggUnmask, SignatureBytes, Signed,
};
pub use upload::{Upload, UploadReply};

use crate::{error_code::ErrorCode, frame::MessageType};

/// A message with a frozen layout under its own type number.
pub trait Message: Serialize + DeserializeOwned {
    /// The number of the layout.
    const TYPE: MessageType;

    /// Checks what the layout alone cannot: that the fields agree with each other. The code is what
    /// to answer a peer that sent such a message.
    fn check(&self) -> Result<(), ErrorCode> {
        Ok(())
    }
}

/// Answer to a request that cannot be answered in kind: not understood, or not granted where the
/// reply has no word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub code: ErrorCode,
}

impl Message for Refusal {
    const TYPE: MessageType = MessageType::Refusal;
}
