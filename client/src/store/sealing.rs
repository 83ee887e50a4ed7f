//! Sealing and unsealing single events.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use silhouette_text::Event;
use zeroize::Zeroizing;

use super::StoreError;
use crate::keys::{SecretKey, fill_random, keyed_hash};
use crate::profile::OwnerWord;

/// What the check value seals, to tell a wrong key from a damaged event.
const CHECK: &[u8] = b"silhouette/store/1";

const NONCE_BYTES: usize = 12;

/// What the owner's word is sealed for: it can't stand in an event's place.
const OWNER: &[u8] = b"silhouette/store/2/owner";

/// A sealed event as it lies in its row.
pub(super) struct Sealed {
    pub(super) digest: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

/// Seals with one derived key and names contents with another.
///
/// Nonces are random: after 2^32 events, far more than a person has, the chance of a repeated nonce
/// is 2^-33.
pub(super) struct Sealer {
    cipher: ChaCha20Poly1305,
    digest_key: SecretKey,
}

impl Sealer {
    pub(super) fn new(key: &SecretKey) -> Self {
        let seal_key = keyed_hash(key, b"silhouette/store/1/seal");
        Self {
            cipher: ChaCha20Poly1305::new(&(*seal_key).into()),
            digest_key: keyed_hash(key, b"silhouette/store/1/digest"),
        }
    }

    pub(super) fn seal(&self, event: &Event) -> Result<Sealed, StoreError> {
        let plain = Zeroizing::new(serde_json::to_vec(event).map_err(|_| StoreError::Event)?);
        let digest = keyed_hash(&self.digest_key, &plain).to_vec();
        let (nonce, bytes) = self.encrypt(&plain, &digest)?;
        Ok(Sealed { digest, nonce, bytes })
    }

    /// `None` if any of the three was changed, or belongs to another row.
    pub(super) fn open(&self, digest: &[u8], nonce: &[u8], bytes: &[u8]) -> Option<Event> {
        let plain = Zeroizing::new(self.decrypt(digest, nonce, bytes)?);
        serde_json::from_slice(&plain).ok()
    }

    /// The owner's word: nonce and ciphertext.
    pub(super) fn seal_owner(&self, word: &OwnerWord) -> Result<Vec<u8>, StoreError> {
        let plain = Zeroizing::new(serde_json::to_vec(word).map_err(|_| StoreError::Owner)?);
        let (nonce, bytes) = self.encrypt(&plain, OWNER)?;
        Ok([nonce, bytes].concat())
    }

    /// `None` if it was changed.
    pub(super) fn open_owner(&self, sealed: &[u8]) -> Option<OwnerWord> {
        let (nonce, bytes) = sealed.split_at_checked(NONCE_BYTES)?;
        serde_json::from_slice(&Zeroizing::new(self.decrypt(OWNER, nonce, bytes)?)).ok()
    }

    /// A value that only this key opens: nonce and ciphertext.
    pub(super) fn check(&self) -> Result<Vec<u8>, StoreError> {
        let (nonce, bytes) = self.encrypt(CHECK, CHECK)?;
        Ok([nonce, bytes].concat())
    }

    pub(super) fn verify(&self, check: &[u8]) -> Result<(), StoreError> {
        let opened = check.split_at_checked(NONCE_BYTES).and_then(|(nonce, bytes)| self.decrypt(CHECK, nonce, bytes));
        if opened.as_deref() == Some(CHECK) { Ok(()) } else { Err(StoreError::WrongKey) }
    }

    fn encrypt(&self, plain: &[u8], aad: &[u8]) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce)?;
        let bytes = self.cipher.encrypt(&nonce.into(), Payload { msg: plain, aad }).map_err(|_| StoreError::Sealing)?;
        Ok((nonce.to_vec(), bytes))
    }

    fn decrypt(&self, aad: &[u8], nonce: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        self.cipher.decrypt(&nonce.into(), Payload { msg: bytes, aad }).ok()
    }
}
