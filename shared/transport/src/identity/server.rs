use std::path::Path;

use rcgen::KeyPair;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{IdentityError, files};

const CHAIN_FILE: &str = "server.pem";
const KEY_FILE: &str = "server-key.pem";

/// The aggregator's certificate and key.
pub struct ServerIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl std::fmt::Debug for ServerIdentity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ServerIdentity").finish_non_exhaustive()
    }
}

impl ServerIdentity {
    pub(super) fn new(chain: Vec<CertificateDer<'static>>, key: KeyPair) -> Self {
        Self { chain, key }
    }

    /// Reads `server.pem` and `server-key.pem` in a directory.
    pub fn load(directory: &Path) -> Result<Self, IdentityError> {
        let chain = files::certificates(&directory.join(CHAIN_FILE))?;
        Ok(Self { chain, key: files::key(&directory.join(KEY_FILE))? })
    }

    /// Writes `server.pem` and `server-key.pem`, readable by the owner only.
    pub fn store(&self, directory: &Path) -> Result<(), IdentityError> {
        files::write(&directory.join(KEY_FILE), &self.key.serialize_pem())?;
        files::write(&directory.join(CHAIN_FILE), &files::to_pem(&self.chain))
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        pkcs8(&self.key)
    }
}

/// A key in the form TLS takes it.
pub(super) fn pkcs8(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}
