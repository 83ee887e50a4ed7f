//! The active mode's identities: who stands behind an advert.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use silhouette_wire::TaskId;
use silhouette_wire::message::{AdvertSignature, RosterEntry, SignatureBytes};

use super::{Terms, transcript};

fn to_wire(signature: &Signature) -> SignatureBytes {
    [*signature.r_bytes(), *signature.s_bytes()]
}

/// Strict: keys of small order and other than canonical signatures are refused.
fn holds(key: &VerifyingKey, bytes: &[u8], [r, s]: SignatureBytes) -> bool {
    key.verify_strict(bytes, &Signature::from_components(r, s)).is_ok()
}

/// The enrolment authority states that `identity` is one device of `task`.
///
/// The protection of the active mode rests on it: the aggregator must not be able to make these
/// statements itself, and the authority must make one for each device only.
pub fn endorse(authority: &SigningKey, task: &TaskId, identity: &VerifyingKey) -> SignatureBytes {
    to_wire(&authority.sign(&transcript::identity(task, identity.as_bytes())))
}

/// A device's long-term Ed25519 key, with what the enrolment authority states about it.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
    endorsement: SignatureBytes,
    authority: VerifyingKey,
}

impl Identity {
    /// `endorsement` comes from [`endorse`], by `authority`.
    pub fn new(key: SigningKey, endorsement: SignatureBytes, authority: VerifyingKey) -> Self {
        Self { key, endorsement, authority }
    }

    /// Who endorsed it.
    pub fn authority(&self) -> &VerifyingKey {
        &self.authority
    }

    /// Whether the authority really endorsed this key for this task.
    pub fn is_endorsed_for(&self, task: &TaskId) -> bool {
        holds(&self.authority, &transcript::identity(task, &self.public()), self.endorsement)
    }

    pub(super) fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub(super) fn sign_advert(&self, terms: &Terms, share_key: &[u8; 32], mask_key: &[u8; 32]) -> AdvertSignature {
        AdvertSignature {
            identity: self.public(),
            endorsement: self.endorsement,
            signature: to_wire(&self.key.sign(&transcript::advert(terms, share_key, mask_key))),
        }
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> SignatureBytes {
        to_wire(&self.key.sign(bytes))
    }
}

/// Whether the authority endorsed the entry's identity, and the identity signed its keys.
pub(super) fn advert_holds(terms: &Terms, authority: &VerifyingKey, entry: &RosterEntry) -> bool {
    let Some(signed) = &entry.signature else { return false };
    let Ok(key) = VerifyingKey::from_bytes(&signed.identity) else { return false };
    holds(authority, &transcript::identity(&terms.task, &signed.identity), signed.endorsement)
        && holds(&key, &transcript::advert(terms, &entry.share_key, &entry.mask_key), signed.signature)
}

/// Whether the member of this entry signed these bytes.
pub(super) fn signature_holds(entry: &RosterEntry, bytes: &[u8], signature: SignatureBytes) -> bool {
    entry
        .signature
        .and_then(|signed| VerifyingKey::from_bytes(&signed.identity).ok())
        .is_some_and(|key| holds(&key, bytes, signature))
}
