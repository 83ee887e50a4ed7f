//! Keys of one round: fresh X25519 pairs, and what two members derive from them.

mod seal;

use chacha20::ChaCha20Rng;
use hkdf::Hkdf;
use sha2::Sha256;
use silhouette_wire::ContentHash;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

pub(super) use seal::{SHARE_BYTES, open, seal};

/// 32 bytes that must not be seen; erased when dropped. No `Debug`, no `Serialize`.
pub(super) type Secret = Zeroizing<[u8; 32]>;

const LABEL: &[u8] = b"silhouette/v1";

/// The peer's public key has small order: the agreed secret would be known to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WeakKey;

/// An X25519 pair. The secret half is erased when dropped.
pub(super) struct KeyPair {
    secret: StaticSecret,
    public: [u8; 32],
}

impl KeyPair {
    pub(super) fn generate(rng: &mut ChaCha20Rng) -> Self {
        let secret = StaticSecret::random_from_rng(rng);
        let public = PublicKey::from(&secret).to_bytes();
        Self { secret, public }
    }

    /// The pair of a secret that was put together again from its shares.
    pub(super) fn of_secret(secret: &Secret) -> Self {
        let secret = StaticSecret::from(**secret);
        let public = PublicKey::from(&secret).to_bytes();
        Self { secret, public }
    }

    pub(super) fn public(&self) -> [u8; 32] {
        self.public
    }

    /// The secret half, to be shared.
    pub(super) fn secret(&self) -> &[u8; 32] {
        self.secret.as_bytes()
    }

    pub(super) fn agree(&self, peer: [u8; 32]) -> Result<Agreed, WeakKey> {
        let shared = self.secret.diffie_hellman(&PublicKey::from(peer));
        if shared.was_contributory() { Ok(Agreed(Zeroizing::new(shared.to_bytes()))) } else { Err(WeakKey) }
    }
}

/// Whether a public key has small order. Any scalar shows it: X25519 clears the cofactor.
pub(super) fn is_weak(public: [u8; 32]) -> bool {
    KeyPair::of_secret(&Zeroizing::new([1; 32])).agree(public).is_err()
}

/// What two members agreed on, the input of the key derivation.
pub(super) struct Agreed(Secret);

/// What a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The mask of a pair; both derive the same.
    Mask,
    /// What one member seals for the other; one key for each direction.
    Share,
}

impl Agreed {
    /// `HKDF-SHA256(salt = H(manifest), ikm = agreed, info = "silhouette/v1" | purpose | lo | hi |
    /// direction)`: members in little-endian, direction 0 for a mask, else 1 upwards and 2
    /// downwards. Members that act on different manifests derive different keys.
    pub(super) fn derive(&self, manifest: ContentHash, purpose: Purpose, from: u32, to: u32) -> Secret {
        let (name, direction): (&[u8], u8) = match purpose {
            Purpose::Mask => (b"mask", 0),
            Purpose::Share if from < to => (b"share", 1),
            Purpose::Share => (b"share", 2),
        };
        let mut key = Zeroizing::new([0; 32]);
        let ends = [from.min(to).to_le_bytes(), from.max(to).to_le_bytes()];
        let info = [LABEL, name, &ends[0], &ends[1], &[direction]];
        let expanded = Hkdf::<Sha256>::new(Some(&manifest.0), &*self.0).expand_multi_info(&info, &mut *key);
        debug_assert!(expanded.is_ok(), "32 bytes are within what HKDF-SHA256 can give");
        key
    }
}

#[cfg(test)]
mod tests;
