//! Trading one-time tokens for certificates.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use ed25519_dalek::VerifyingKey;
use quinn::{Connection, RecvStream, SendStream};
use silhouette_wire::{
    DeviceId, Enroll, EnrollReply, ErrorCode, Limits, TaskId,
    bounded::List,
    message::{Certificate, Issued},
    signature::holds,
};
use tracing::{debug, error};

use super::{BindError, Bound, ServerLimits, accept, exchange};
use crate::{
    defaults::{DEVICE_VALIDITY, ENROLMENT_ALPN, close},
    identity::{CertificateAuthority, IssuedCertificate, ServerIdentity},
    stream::{ExchangeError, expect_end, read_frame, within, write_message},
};

/// Why a token buys nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// It was used before, by another device.
    #[error("the token was used before")]
    Used,
    /// It was never issued, or has run out.
    #[error("the token is unknown")]
    Unknown,
    /// The store cannot tell now.
    #[error("the token store is not available")]
    Unavailable,
}

impl From<TokenRefusal> for ErrorCode {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Used => Self::TokenUsed,
            TokenRefusal::Unknown => Self::TokenUnknown,
            TokenRefusal::Unavailable => Self::Busy,
        }
    }
}

/// Where the operator keeps the tokens.
pub trait TokenStore: Send + Sync + 'static {
    /// Uses up a token for a device, atomically: of two calls with one token and different devices
    /// exactly one succeeds, also across processes and crashes.
    ///
    /// A store may let the same device use its token again. That serves a device which lost the
    /// reply, and gives nothing to anyone who does not hold that device's key.
    ///
    /// `identity` is the key the device signs with in the active mode. A device has one identity for
    /// good: the store remembers the first, and refuses a device that comes back with another.
    fn consume(
        &self,
        token: &[u8],
        device: DeviceId,
        identity: [u8; 32],
    ) -> impl Future<Output = Result<(), TokenRefusal>> + Send;
}

/// What enrolled devices get.
#[derive(Debug, Clone)]
pub struct EnrolmentPolicy {
    /// Ed25519 key of the task owner.
    pub owner_public_key: [u8; 32],
    /// Tasks devices may check in to.
    pub tasks: Vec<TaskId>,
    /// Validity of a device's certificate.
    pub validity: Duration,
}

impl EnrolmentPolicy {
    /// A policy with certificates of the default validity.
    pub fn new(owner_public_key: [u8; 32], tasks: Vec<TaskId>) -> Self {
        Self { owner_public_key, tasks, validity: DEVICE_VALIDITY }
    }
}

/// Issues certificates for tokens, and new ones for old ones.
#[derive(Debug)]
pub struct Enroller<T> {
    authority: Arc<CertificateAuthority>,
    tokens: T,
    policy: EnrolmentPolicy,
}

impl<T: TokenStore> Enroller<T> {
    /// Puts an enroller together.
    pub fn new(authority: Arc<CertificateAuthority>, tokens: T, policy: EnrolmentPolicy) -> Self {
        Self { authority, tokens, policy }
    }

    /// The token store.
    pub fn tokens(&self) -> &T {
        &self.tokens
    }

    /// Checks the request, then uses up the token: a bad request costs no token.
    pub async fn enroll(&self, request: &Enroll) -> EnrollReply {
        let issued = match self.issue(request) {
            Ok(issued) => issued,
            Err(code) => return EnrollReply::Refused(code),
        };
        match self.tokens.consume(request.token.as_slice(), issued.device, request.identity).await {
            Ok(()) => self.reply(&issued, &request.identity),
            Err(refusal) => EnrollReply::Refused(refusal.into()),
        }
    }

    /// A new certificate for a device that is connected with its old one. Whether the device is
    /// still welcome, and whether this is its identity, is for the caller to know.
    pub fn renew(&self, device: DeviceId, request: &Enroll) -> EnrollReply {
        match self.issue(request) {
            Ok(issued) if issued.device == device => self.reply(&issued, &request.identity),
            Ok(_) => EnrollReply::Refused(ErrorCode::NotEnrolled),
            Err(code) => EnrollReply::Refused(code),
        }
    }

    /// Both keys have to be the sender's: the request is signed with the one, and the other has signed
    /// the request.
    fn issue(&self, request: &Enroll) -> Result<IssuedCertificate, ErrorCode> {
        let identity = VerifyingKey::from_bytes(&request.identity).map_err(|_| ErrorCode::Malformed)?;
        if !holds(&[&Enroll::identity_bytes(&request.csr_der)], request.possession, &identity) {
            return Err(ErrorCode::Malformed);
        }
        self.authority
            .issue_device(request.csr_der.as_slice(), SystemTime::now(), self.policy.validity)
            .map_err(|_| ErrorCode::Malformed)
    }

    fn reply(&self, issued: &IssuedCertificate, identity: &[u8; 32]) -> EnrollReply {
        let endorse = |task| self.authority.endorse(task, identity);
        let Ok(endorsements) = self.policy.tasks.iter().map(endorse).collect::<Result<Vec<_>, _>>() else {
            return EnrollReply::Refused(ErrorCode::Malformed);
        };
        let certificate = |der: &[u8]| Certificate::new(der);
        let built = certificate(&issued.certificate).and_then(|leaf| {
            Ok(Issued {
                certificate_chain_der: List::new([leaf])?,
                ca_der: certificate(self.authority.certificate())?,
                owner_public_key: self.policy.owner_public_key,
                tasks: List::new(self.policy.tasks.clone())?,
                endorser: self.authority.endorser(),
                endorsements: List::new(endorsements)?,
            })
        });
        built.map_or_else(
            |error| {
                error!(%error, "the enrolment reply does not fit its message");
                EnrollReply::Refused(ErrorCode::Internal)
            },
            EnrollReply::Issued,
        )
    }
}

/// The endpoint devices enrol at. Only the server shows a certificate here.
#[derive(Debug)]
pub struct EnrolmentEndpoint(Bound);

impl EnrolmentEndpoint {
    /// Opens the endpoint. Port 0 picks a free port; needs a tokio runtime around it.
    pub fn bind(address: SocketAddr, identity: &ServerIdentity, limits: ServerLimits) -> Result<Self, BindError> {
        Bound::open(address, identity, None, ENROLMENT_ALPN, 1, limits).map(Self)
    }

    /// The address devices connect to.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.address
    }

    /// Serves until `shutdown` completes, then lets open enrolments finish.
    pub async fn serve<T: TokenStore>(self, enroller: Arc<Enroller<T>>, shutdown: impl Future<Output = ()>) {
        let Bound { endpoint, limits, .. } = self.0;
        accept::serve(endpoint, &limits, shutdown, |connection, _| {
            serve_one(Arc::clone(&enroller), connection, limits.clone())
        })
        .await;
    }
}

/// One enrolment per connection, within fixed times.
async fn serve_one<T: TokenStore>(enroller: Arc<Enroller<T>>, connection: Connection, limits: ServerLimits) {
    let stream = async { Ok(connection.accept_bi().await?) };
    if let Ok(stream) = within(limits.request_timeout, stream).await {
        answer(&enroller, stream, &limits).await;
    }
    connection.close(close::DONE.into(), b"");
}

async fn answer<T: TokenStore>(
    enroller: &Enroller<T>,
    (mut send, mut recv): (SendStream, RecvStream),
    limits: &ServerLimits,
) {
    let request = async {
        let frame = read_frame(&mut recv, &Limits::default()).await?;
        expect_end(&mut recv).await?;
        frame.message::<Enroll>()
    };
    let reply = match within(limits.request_timeout, request).await {
        Ok(request) => Ok(enroller.enroll(&request).await),
        Err(error) => Err(error),
    };
    let writing = async {
        match reply {
            Ok(reply) => write_message(&mut send, &reply).await,
            Err(error @ ExchangeError::Lost(_)) => Err(error),
            Err(error) => exchange::refuse(&mut send, error.code()).await,
        }
    };
    match within(limits.reply_timeout, writing).await {
        Ok(_) => exchange::delivered(&mut send, limits.reply_timeout).await,
        Err(error) => debug!(%error, "enrolment failed"),
    }
}
