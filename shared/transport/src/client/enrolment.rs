use std::net::SocketAddr;

use quinn::Connection as Link;
use rustls::pki_types::CertificateDer;
use silhouette_wire::{
    Enroll, EnrollReply, ErrorCode, Limits,
    bounded::TooLong,
    message::{CertificateRequest, Issued, Token},
};

use super::{ClientLimits, ConnectError, Connection, FAREWELL, dial};
use crate::{
    defaults::close,
    identity::{DeviceIdentity, DeviceKey, EnrolmentTerms, IdentityError},
    stream::{ExchangeError, expect_end, read_frame, within, write_message},
};

/// Why a device was not enrolled, or its certificate not renewed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollError {
    /// The token or the signing request is too long to be sent.
    #[error("the token or the signing request is too long: {0}")]
    TooLong(#[from] TooLong),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The exchange failed; the token may have been used up.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The server refused.
    #[error("enrolment refused: {0}")]
    Refused(ErrorCode),
    /// The server answered with an authority other than the one this device trusts.
    #[error("the server answered with another authority")]
    OtherAuthority,
    /// The certificate or key cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Enrols with a new key: trades a one-time token for a certificate.
///
/// `authority` comes with the token, from the operator; the server has to prove itself with it. A
/// device that wants to be able to retry makes and stores its key first, and uses [`enroll_with`].
pub async fn enroll(
    address: SocketAddr,
    server_name: &str,
    authority: &CertificateDer<'static>,
    token: &[u8],
) -> Result<DeviceIdentity, EnrollError> {
    let key = DeviceKey::generate()?;
    let issued = enroll_with(address, server_name, authority, token, &key).await?;
    Ok(DeviceIdentity::from_enrolment(key, issued)?)
}

/// Enrols an existing key; [`DeviceIdentity::from_enrolment`] puts the answer and the key together.
pub async fn enroll_with(
    address: SocketAddr,
    server_name: &str,
    authority: &CertificateDer<'static>,
    token: &[u8],
    key: &DeviceKey,
) -> Result<Issued, EnrollError> {
    let request = enrolment_request(key, Token::new(token)?)?;
    let limits = ClientLimits::default();
    let (endpoint, link) = dial(address, server_name, authority, None, &limits).await?;
    let reply = within(limits.reply_timeout, ask(&link, &request)).await;
    link.close(close::DONE.into(), b"");
    let _ = tokio::time::timeout(FAREWELL, endpoint.wait_idle()).await;
    judge(reply, authority)
}

/// The request that trades a token for a certificate of this key and for endorsements of its identity.
///
/// # Errors
/// When the key can't sign it.
pub fn enrolment_request(key: &DeviceKey, token: Token) -> Result<Enroll, EnrollError> {
    let csr_der: CertificateRequest = key.signing_request()?.try_into()?;
    let possession = key.prove_possession(&csr_der);
    Ok(Enroll { token, csr_der, identity: key.identity(), possession })
}

async fn ask(link: &Link, request: &Enroll) -> Result<EnrollReply, ExchangeError> {
    let (mut send, mut recv) = link.open_bi().await?;
    write_message(&mut send, request).await?;
    let _ = send.finish();
    let reply = read_frame(&mut recv, &Limits::default()).await?.reply()?;
    expect_end(&mut recv).await?;
    Ok(reply)
}

fn judge(reply: Result<EnrollReply, ExchangeError>, authority: &CertificateDer<'_>) -> Result<Issued, EnrollError> {
    match reply {
        Ok(EnrollReply::Issued(issued)) if issued.ca_der.as_slice() == authority.as_ref() => Ok(issued),
        Ok(EnrollReply::Issued(_)) => Err(EnrollError::OtherAuthority),
        Ok(EnrollReply::Refused(code)) | Err(ExchangeError::Refused(code)) => Err(EnrollError::Refused(code)),
        Err(error) => Err(error.into()),
    }
}

fn unpack(issued: Issued) -> (Vec<CertificateDer<'static>>, EnrolmentTerms) {
    let chain = issued.certificate_chain_der.into_vec().into_iter();
    let chain = chain.map(|der| CertificateDer::from(der.into_vec())).collect();
    let Issued { owner_public_key, tasks, endorser, endorsements, .. } = issued;
    let (tasks, endorsements) = (tasks.into_vec(), endorsements.into_vec());
    (chain, EnrolmentTerms { owner_public_key, tasks, endorser, endorsements })
}

impl DeviceIdentity {
    /// Puts the answer to an enrolment and the key it was for together.
    pub fn from_enrolment(key: DeviceKey, issued: Issued) -> Result<Self, IdentityError> {
        let authority = CertificateDer::from(issued.ca_der.as_slice().to_vec());
        let (chain, terms) = unpack(issued);
        Self::new(key, chain, authority, terms)
    }
}

impl Connection {
    /// Asks for a new certificate for the key of this connection, before the old one ends. The owner
    /// key pinned at enrolment stays: a renewal that names another is refused.
    pub async fn renew(&self, identity: &mut DeviceIdentity) -> Result<(), EnrollError> {
        let request = enrolment_request(identity.key(), Token::default())?;
        let reply = self.ask(&request, self.limits.reply_timeout).await;
        let (chain, terms) = unpack(judge(reply, identity.authority())?);
        if terms.owner_public_key != *identity.owner_public_key() {
            return Err(EnrollError::OtherAuthority);
        }
        Ok(identity.renewed(chain, terms)?)
    }
}
