//! Who is who: the authority, the aggregator's certificate, and what a device keeps.
//!
//! Keys of connections are P-256. A device makes its key itself and sends a signing request; the key
//! never leaves it. The certificate says nothing about the device but its public key: the subject is
//! random. Beside it a device has an Ed25519 key, its identity in masked rounds of the active mode,
//! which the authority endorses for each task.

mod authority;
mod device;
mod files;
mod server;

use std::path::PathBuf;

use ed25519_dalek::SigningKey;
use rustls::{pki_types::CertificateDer, server::ParsedCertificate};
use silhouette_wire::DeviceId;

use crate::quic;

pub use authority::{CertificateAuthority, IssuedCertificate};
pub use device::{DeviceIdentity, DeviceKey, EnrolmentTerms};
pub use server::ServerIdentity;

/// Why keys or certificates cannot be made, stored or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A file cannot be read or written.
    #[error("cannot access {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what its name promises.
    #[error("{} does not hold a valid {expected}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// A key or certificate cannot be made.
    #[error("cannot make a key or certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// A signing request is malformed, not signed with its own key, or not for a P-256 key.
    #[error("the signing request is not a self-signed request for a p-256 key")]
    Request,
    /// A certificate cannot be parsed.
    #[error("the certificate cannot be parsed")]
    Certificate,
    /// A certificate is for another key.
    #[error("the certificate is for another key")]
    OtherKey,
    /// A validity period lies outside what a certificate can express.
    #[error("the validity period cannot be expressed")]
    Validity,
}

/// A new Ed25519 key.
fn new_signing_key() -> Result<SigningKey, IdentityError> {
    let mut secret = [0; 32];
    quic::provider().secure_random.fill(&mut secret).map_err(|_| rcgen::Error::RingUnspecified)?;
    Ok(SigningKey::from_bytes(&secret))
}

/// Reads the first certificate of a PEM file, such as the authority that came with a token.
///
/// # Errors
/// When the file can't be read or holds no certificate.
pub fn read_certificate(path: &std::path::Path) -> Result<CertificateDer<'static>, IdentityError> {
    files::certificate(path)
}

/// The device's name, from its certificate.
pub fn device_of(certificate: &CertificateDer<'_>) -> Result<DeviceId, IdentityError> {
    let parsed = ParsedCertificate::try_from(certificate).map_err(|_| IdentityError::Certificate)?;
    Ok(DeviceId::of_public_key(&parsed.subject_public_key_info()))
}
