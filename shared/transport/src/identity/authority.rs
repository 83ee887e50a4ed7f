use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use ed25519_dalek::SigningKey;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData,
};
use rustls::pki_types::CertificateDer;
use silhouette_privacy::secagg::endorse;
use silhouette_wire::message::SignatureBytes;
use silhouette_wire::{DeviceId, TaskId};
use time::OffsetDateTime;

use super::{IdentityError, ServerIdentity, files};
use crate::{
    defaults::{AUTHORITY_VALIDITY, CLOCK_SKEW},
    quic,
};

const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca-key.pem";
const ENDORSER_FILE: &str = "endorser-key.hex";

/// A certificate for a device, fresh from the authority.
#[derive(Debug, Clone)]
pub struct IssuedCertificate {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// The device it names.
    pub device: DeviceId,
}

/// Signs the certificates of the aggregator and of every device, and endorses the identities with
/// which devices sign in masked rounds of the active mode.
pub struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    endorser: SigningKey,
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CertificateAuthority").finish_non_exhaustive()
    }
}

impl CertificateAuthority {
    /// Makes a new authority. `name` appears in every certificate it signs.
    pub fn create(name: &str, now: SystemTime) -> Result<Self, IdentityError> {
        let key = new_key()?;
        let mut params = parameters(name, now, AUTHORITY_VALIDITY)?;
        // No authorities below this one.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?.der().clone();
        Ok(Self { issuer: Issuer::new(params, key), certificate, endorser: super::new_signing_key()? })
    }

    /// Reads the authority from its files in a directory.
    pub fn load(directory: &Path) -> Result<Self, IdentityError> {
        let path = directory.join(CERTIFICATE_FILE);
        let certificate = files::certificate(&path)?;
        let key = files::key(&directory.join(KEY_FILE))?;
        let of_key = DeviceId::of_public_key(&key.subject_public_key_info());
        if super::device_of(&certificate)? != of_key {
            return Err(IdentityError::OtherKey);
        }
        let issuer =
            Issuer::from_ca_cert_der(&certificate, key).map_err(|_| files::content(&path, "authority certificate"))?;
        let endorser = files::signing_key(&directory.join(ENDORSER_FILE))?;
        Ok(Self { issuer, certificate, endorser })
    }

    /// Writes the authority to `ca.pem`, `ca-key.pem` and `endorser-key.hex`, readable by the owner
    /// only.
    pub fn store(&self, directory: &Path) -> Result<(), IdentityError> {
        files::write_signing_key(&directory.join(ENDORSER_FILE), &self.endorser)?;
        files::write(&directory.join(KEY_FILE), &self.issuer.key().serialize_pem())?;
        let certificate = files::to_pem(std::slice::from_ref(&self.certificate));
        files::write(&directory.join(CERTIFICATE_FILE), &certificate)
    }

    /// Reads the authority, or makes and stores one where there is none.
    pub fn load_or_create(directory: &Path, name: &str, now: SystemTime) -> Result<Self, IdentityError> {
        if directory.join(KEY_FILE).exists() {
            return Self::load(directory);
        }
        let authority = Self::create(name, now)?;
        authority.store(directory)?;
        Ok(authority)
    }

    /// The public key that endorses identities: it stands in the task's signed terms.
    pub fn endorser(&self) -> [u8; 32] {
        self.endorser.verifying_key().to_bytes()
    }

    /// States that `identity` is one device of `task`. To be said of one identity of each device only.
    ///
    /// # Errors
    /// When `identity` is no key.
    pub fn endorse(&self, task: &TaskId, identity: &[u8; 32]) -> Result<SignatureBytes, IdentityError> {
        let identity = ed25519_dalek::VerifyingKey::from_bytes(identity).map_err(|_| IdentityError::Request)?;
        Ok(endorse(&self.endorser, task, &identity))
    }

    /// The certificate devices pin.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Issues the aggregator's certificate for host names and addresses.
    pub fn issue_server(
        &self,
        names: &[String],
        now: SystemTime,
        validity: Duration,
    ) -> Result<ServerIdentity, IdentityError> {
        let key = new_key()?;
        let mut params = parameters(&random_name()?, now, validity)?;
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        leaf(&mut params, ExtendedKeyUsagePurpose::ServerAuth);
        let certificate = params.signed_by(&key, &self.issuer)?.der().clone();
        Ok(ServerIdentity::new(vec![certificate], key))
    }

    /// Issues a device's certificate.
    ///
    /// Of the request only the public key is used: names and extensions a device asks for are
    /// ignored, and the subject is drawn at random for every certificate.
    pub fn issue_device(
        &self,
        csr_der: &[u8],
        now: SystemTime,
        validity: Duration,
    ) -> Result<IssuedCertificate, IdentityError> {
        // Parsing also verifies the signature: the sender holds the key.
        let request = CertificateSigningRequestParams::from_der(&csr_der.into()).map_err(|_| IdentityError::Request)?;
        if request.public_key.algorithm() != &PKCS_ECDSA_P256_SHA256 {
            return Err(IdentityError::Request);
        }
        let mut params = parameters(&random_name()?, now, validity)?;
        leaf(&mut params, ExtendedKeyUsagePurpose::ClientAuth);
        let certificate = params.signed_by(&request.public_key, &self.issuer)?.der().clone();
        let device = DeviceId::of_public_key(&request.public_key.subject_public_key_info());
        Ok(IssuedCertificate { certificate, device })
    }
}

pub(super) fn new_key() -> Result<KeyPair, IdentityError> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
}

fn leaf(params: &mut CertificateParams, purpose: ExtendedKeyUsagePurpose) {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // One purpose each: a device's certificate must not pass for the aggregator's.
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
}

fn parameters(name: &str, now: SystemTime, validity: Duration) -> Result<CertificateParams, IdentityError> {
    let start = now.checked_sub(CLOCK_SKEW).ok_or(IdentityError::Validity)?;
    let end = now.checked_add(validity).ok_or(IdentityError::Validity)?;
    let mut params = CertificateParams::default();
    params.not_before = OffsetDateTime::from(start);
    params.not_after = OffsetDateTime::from(end);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

/// A pseudonym: 64 random bits say nothing and hardly ever repeat.
fn random_name() -> Result<String, IdentityError> {
    let mut bytes = [0; 8];
    let random = quic::provider().secure_random;
    random.fill(&mut bytes).map_err(|_| rcgen::Error::RingUnspecified)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
