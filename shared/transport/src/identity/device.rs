use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use ed25519_dalek::{SigningKey, VerifyingKey};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use silhouette_privacy::secagg::Identity;
use silhouette_wire::message::{CertificateRequest, SignatureBytes};
use silhouette_wire::signature::sign;
use silhouette_wire::{ContentHash, DeviceId, Enroll, TaskId};

use super::{IdentityError, authority::new_key, files, server::pkcs8};

const KEY_FILE: &str = "device-key.pem";
const CHAIN_FILE: &str = "device.pem";
const AUTHORITY_FILE: &str = "ca.pem";
const OWNER_FILE: &str = "owner-key.hex";
const TASKS_FILE: &str = "tasks.txt";
const SIGNING_FILE: &str = "signing-key.hex";
const ENDORSEMENTS_FILE: &str = "endorsements.txt";

/// A device's private keys, before and after it is enrolled: one for its connections, one with which
/// it signs in masked rounds of the active mode.
pub struct DeviceKey {
    connection: KeyPair,
    signing: SigningKey,
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "DeviceKey({})", self.device_id())
    }
}

impl DeviceKey {
    /// Makes a key.
    pub fn generate() -> Result<Self, IdentityError> {
        Ok(Self { connection: new_key()?, signing: super::new_signing_key()? })
    }

    /// Whether a directory holds a key, readable or not. The key of connections is written last.
    pub fn is_in(directory: &Path) -> bool {
        directory.join(KEY_FILE).exists()
    }

    /// Reads `device-key.pem` and `signing-key.hex` in a directory.
    pub fn load(directory: &Path) -> Result<Self, IdentityError> {
        let signing = files::signing_key(&directory.join(SIGNING_FILE))?;
        Ok(Self { connection: files::key(&directory.join(KEY_FILE))?, signing })
    }

    /// Writes `device-key.pem` and `signing-key.hex`, readable by the owner only.
    ///
    /// Storing the keys before enrolling lets a device that lost the reply try again as itself.
    pub fn store(&self, directory: &Path) -> Result<(), IdentityError> {
        files::write_signing_key(&directory.join(SIGNING_FILE), &self.signing)?;
        files::write(&directory.join(KEY_FILE), &self.connection.serialize_pem())
    }

    /// The public key with which this device signs in the active mode.
    pub fn identity(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// The identity's signature over a request, which shows that this device holds its key.
    pub fn prove_possession(&self, csr_der: &CertificateRequest) -> SignatureBytes {
        sign(&[&Enroll::identity_bytes(csr_der)], &self.signing)
    }

    /// The DER of a signing request, with an empty subject.
    pub fn signing_request(&self) -> Result<Vec<u8>, IdentityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        Ok(params.serialize_request(&self.connection)?.der().to_vec())
    }

    /// The name certificates for this key carry.
    pub fn device_id(&self) -> DeviceId {
        DeviceId::of_public_key(&self.connection.subject_public_key_info())
    }
}

/// What a device learns when it enrols, besides its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentTerms {
    /// Ed25519 key of the task owner; manifests signed by anyone else are refused.
    pub owner_public_key: [u8; 32],
    /// Tasks the device may check in to.
    pub tasks: Vec<TaskId>,
    /// Ed25519 key that endorsed the device's identity.
    pub endorser: [u8; 32],
    /// What it states of the identity for each of the tasks, in their order.
    pub endorsements: Vec<SignatureBytes>,
}

impl EnrolmentTerms {
    /// Terms without endorsements: for tasks whose masked rounds do not run in the active mode.
    pub fn unendorsed(owner_public_key: [u8; 32], tasks: Vec<TaskId>) -> Self {
        Self { owner_public_key, tasks, endorser: [0; 32], endorsements: Vec::new() }
    }
}

/// Everything a device needs to connect: its key, its certificate, the authority it trusts.
#[derive(Debug)]
pub struct DeviceIdentity {
    key: DeviceKey,
    chain: Vec<CertificateDer<'static>>,
    authority: CertificateDer<'static>,
    terms: EnrolmentTerms,
    expires: SystemTime,
}

impl DeviceIdentity {
    /// Puts an identity together and checks that the certificate is for the key.
    pub fn new(
        key: DeviceKey,
        chain: Vec<CertificateDer<'static>>,
        authority: CertificateDer<'static>,
        terms: EnrolmentTerms,
    ) -> Result<Self, IdentityError> {
        let leaf = chain.first().ok_or(IdentityError::Certificate)?;
        if super::device_of(leaf)? != key.device_id() {
            return Err(IdentityError::OtherKey);
        }
        let expires = expiry(leaf)?;
        Ok(Self { key, chain, authority, terms, expires })
    }

    /// Reads an identity from its directory.
    pub fn load(directory: &Path) -> Result<Self, IdentityError> {
        let owner = directory.join(OWNER_FILE);
        let owner_public_key =
            files::read(&owner)?.trim().parse::<ContentHash>().map_err(|_| files::content(&owner, "owner key"))?.0;
        let names = directory.join(TASKS_FILE);
        let tasks: Result<Vec<TaskId>, _> = files::read(&names)?.lines().map(str::parse).collect();
        let tasks = tasks.map_err(|_| files::content(&names, "list of tasks"))?;
        let (endorser, endorsements) = endorsements(&directory.join(ENDORSEMENTS_FILE))?;
        Self::new(
            DeviceKey::load(directory)?,
            files::certificates(&directory.join(CHAIN_FILE))?,
            files::certificate(&directory.join(AUTHORITY_FILE))?,
            EnrolmentTerms { owner_public_key, tasks, endorser, endorsements },
        )
    }

    /// Writes an identity to a directory, every file readable by the owner only.
    pub fn store(&self, directory: &Path) -> Result<(), IdentityError> {
        self.key.store(directory)?;
        let authority = files::to_pem(std::slice::from_ref(&self.authority));
        files::write(&directory.join(AUTHORITY_FILE), &authority)?;
        let owner = ContentHash(self.terms.owner_public_key);
        files::write(&directory.join(OWNER_FILE), &format!("{owner}\n"))?;
        let tasks: String = self.terms.tasks.iter().map(|task| format!("{task}\n")).collect();
        files::write(&directory.join(TASKS_FILE), &tasks)?;
        let hashes = |[r, s]: &SignatureBytes| format!("{}{}\n", ContentHash(*r), ContentHash(*s));
        let endorsements: String = self.terms.endorsements.iter().map(hashes).collect();
        let endorsements = format!("{}\n{endorsements}", ContentHash(self.terms.endorser));
        files::write(&directory.join(ENDORSEMENTS_FILE), &endorsements)?;
        files::write(&directory.join(CHAIN_FILE), &files::to_pem(&self.chain))
    }

    /// The name the aggregator knows this device by.
    pub fn device_id(&self) -> DeviceId {
        self.key.device_id()
    }

    /// The key, for instance to enrol again with it.
    pub fn key(&self) -> &DeviceKey {
        &self.key
    }

    /// Gives the key back.
    pub fn into_key(self) -> DeviceKey {
        self.key
    }

    /// The authority whose certificates this device trusts.
    pub fn authority(&self) -> &CertificateDer<'static> {
        &self.authority
    }

    /// What the device learned when it enrolled.
    pub fn terms(&self) -> &EnrolmentTerms {
        &self.terms
    }

    /// Ed25519 key of the task owner.
    pub fn owner_public_key(&self) -> &[u8; 32] {
        &self.terms.owner_public_key
    }

    /// Tasks the device may check in to.
    pub fn tasks(&self) -> &[TaskId] {
        &self.terms.tasks
    }

    /// What the device signs with in masked rounds of the active mode of `task`; `None` if nobody
    /// endorsed it for that.
    pub fn secagg_identity(&self, task: &TaskId) -> Option<Identity> {
        let place = self.terms.tasks.iter().position(|known| known == task)?;
        let endorsement = *self.terms.endorsements.get(place)?;
        let endorser = VerifyingKey::from_bytes(&self.terms.endorser).ok()?;
        Some(Identity::new(self.key.signing.clone(), endorsement, endorser))
    }

    /// When the certificate ends.
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// Takes over a renewed certificate for the same key.
    pub(crate) fn renewed(
        &mut self,
        chain: Vec<CertificateDer<'static>>,
        terms: EnrolmentTerms,
    ) -> Result<(), IdentityError> {
        let leaf = chain.first().ok_or(IdentityError::Certificate)?;
        if super::device_of(leaf)? != self.key.device_id() {
            return Err(IdentityError::OtherKey);
        }
        self.expires = expiry(leaf)?;
        self.chain = chain;
        self.terms = terms;
        Ok(())
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        pkcs8(&self.key.connection)
    }
}

/// The endorser's key on the first line, then a signature of 128 digits for each task.
fn endorsements(path: &Path) -> Result<([u8; 32], Vec<SignatureBytes>), IdentityError> {
    let text = files::read(path)?;
    let mut lines = text.lines();
    let wrong = || files::content(path, "list of endorsements");
    let hash = |digits: &str| digits.parse::<ContentHash>().map(|hash| hash.0).ok();
    let endorser = lines.next().and_then(hash).ok_or_else(wrong)?;
    let signature = |line: &str| Some([hash(line.get(..64)?)?, hash(line.get(64..)?)?]);
    let signatures: Option<Vec<SignatureBytes>> = lines.map(signature).collect();
    Ok((endorser, signatures.ok_or_else(wrong)?))
}

fn expiry(certificate: &CertificateDer<'_>) -> Result<SystemTime, IdentityError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|_| IdentityError::Certificate)?;
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).map_err(|_| IdentityError::Validity)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or(IdentityError::Validity)
}
