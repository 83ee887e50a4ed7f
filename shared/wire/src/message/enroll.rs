use serde::{Deserialize, Serialize};

use super::Message;
use crate::{
    bounded::{Bytes, List},
    defaults::{MAX_CERTIFICATE_BYTES, MAX_CHAIN, MAX_CSR_BYTES, MAX_TASKS, MAX_TOKEN_BYTES},
    error_code::ErrorCode,
    frame::MessageType,
    ids::TaskId,
};

/// An enrolment token.
pub type Token = Bytes<MAX_TOKEN_BYTES>;

/// The DER of a certificate signing request.
pub type CertificateRequest = Bytes<MAX_CSR_BYTES>;

/// The DER of a certificate.
pub type Certificate = Bytes<MAX_CERTIFICATE_BYTES>;

/// Trades a one-time token for a certificate. The private key stays on the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enroll {
    /// The token, handed out by the operator.
    pub token: Token,
    /// The request, signed with the device's key.
    pub csr_der: CertificateRequest,
}

impl Message for Enroll {
    const TYPE: MessageType = MessageType::Enroll;
}

/// What a device needs to take part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The device's certificate first, then what links it to the authority.
    pub certificate_chain_der: List<Certificate, MAX_CHAIN>,
    /// The authority that signs the aggregator's certificate.
    pub ca_der: Certificate,
    /// Ed25519 key of the task owner: manifests signed by anyone else are refused.
    pub owner_public_key: [u8; 32],
    /// Tasks the device may check in to.
    pub tasks: List<TaskId, MAX_TASKS>,
}

/// Answer to [`Enroll`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnrollReply {
    /// Enrolled.
    Issued(Issued),
    /// Not enrolled.
    Refused(ErrorCode),
}

impl Message for EnrollReply {
    const TYPE: MessageType = MessageType::EnrollReply;

    fn check(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Issued(issued) if issued.certificate_chain_der.as_slice().is_empty() => Err(ErrorCode::Malformed),
            _ => Ok(()),
        }
    }
}
