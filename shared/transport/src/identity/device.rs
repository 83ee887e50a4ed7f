use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use rcgen::{CertificateParams, DistinguishedName, KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use silhouette_wire::{ContentHash, DeviceId, TaskId};

use super::{IdentityError, authority::new_key, files, server::pkcs8};

const KEY_FILE: &str = "device-key.pem";
const CHAIN_FILE: &str = "device.pem";
const AUTHORITY_FILE: &str = "ca.pem";
const OWNER_FILE: &str = "owner-key.hex";
const TASKS_FILE: &str = "tasks.txt";

/// A device's private key, before and after it is enrolled.
pub struct DeviceKey(KeyPair);

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "DeviceKey({})", self.device_id())
    }
}

impl DeviceKey {
    /// Makes a key.
    pub fn generate() -> Result<Self, IdentityError> {
        new_key().map(Self)
    }

    /// Reads `device-key.pem` in a directory.
    pub fn load(directory: &Path) -> Result<Self, IdentityError> {
        files::key(&directory.join(KEY_FILE)).map(Self)
    }

    /// Writes `device-key.pem`, readable by the owner only.
    ///
    /// Storing the key before enrolling lets a device that lost the reply try again as itself.
    pub fn store(&self, directory: &Path) -> Result<(), IdentityError> {
        files::write(&directory.join(KEY_FILE), &self.0.serialize_pem())
    }

    /// The DER of a signing request, with an empty subject.
    pub fn signing_request(&self) -> Result<Vec<u8>, IdentityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        Ok(params.serialize_request(&self.0)?.der().to_vec())
    }

    /// The name certificates for this key carry.
    pub fn device_id(&self) -> DeviceId {
        DeviceId::of_public_key(&self.0.subject_public_key_info())
    }
}

/// What a device learns when it enrols, besides its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentTerms {
    /// Ed25519 key of the task owner; manifests signed by anyone else are refused.
    pub owner_public_key: [u8; 32],
    /// Tasks the device may check in to.
    pub tasks: Vec<TaskId>,
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
        Self::new(
            DeviceKey::load(directory)?,
            files::certificates(&directory.join(CHAIN_FILE))?,
            files::certificate(&directory.join(AUTHORITY_FILE))?,
            EnrolmentTerms { owner_public_key, tasks },
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
        pkcs8(&self.key.0)
    }
}

fn expiry(certificate: &CertificateDer<'_>) -> Result<SystemTime, IdentityError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|_| IdentityError::Certificate)?;
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).map_err(|_| IdentityError::Validity)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or(IdentityError::Validity)
}
