use serde::{Deserialize, Serialize};

use super::{Message, SignatureBytes};
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

/// Goes before the request in what an identity signs.
const IDENTITY_DOMAIN: &[u8] = b"silhouette/enrol/1\0";

/// Trades a one-time token for a certificate. The private keys stay on the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enroll {
    /// The token, handed out by the operator.
    pub token: Token,
    /// The request, signed with the device's key.
    pub csr_der: CertificateRequest,
    /// Ed25519 key with which the device signs in masked rounds of the active mode.
    pub identity: [u8; 32],
    /// The identity's signature over the request ([`Enroll::identity_bytes`]): whoever asks holds its
    /// key, and the two keys belong together.
    pub possession: SignatureBytes,
}

impl Enroll {
    /// What the identity signs.
    pub fn identity_bytes(csr_der: &CertificateRequest) -> Vec<u8> {
        [IDENTITY_DOMAIN, csr_der.as_slice()].concat()
    }
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
    /// Ed25519 key that endorses identities.
    pub endorser: [u8; 32],
    /// The endorser's statement on the device's identity for each of the tasks, in their order.
    pub endorsements: List<SignatureBytes, MAX_TASKS>,
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
            Self::Issued(issued)
                if issued.certificate_chain_der.as_slice().is_empty()
                    || issued.endorsements.as_slice().len() != issued.tasks.as_slice().len() =>
            {
                Err(ErrorCode::Malformed)
            }
            _ => Ok(()),
        }
    }
}
