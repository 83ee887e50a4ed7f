//! The active mode's identities: who stands behind an advert.

use ed25519_dalek::{SigningKey, VerifyingKey};
use silhouette_wire::TaskId;
use silhouette_wire::message::{AdvertSignature, RosterEntry, SignatureBytes};
use silhouette_wire::signature::{holds, sign};

use super::{Terms, transcript};

/// The enrolment authority states that `identity` is one device of `task`.
///
/// The protection of the active mode rests on it: the aggregator must not be able to make these
/// statements itself, and the authority must make one for each device only.
pub fn endorse(authority: &SigningKey, task: &TaskId, identity: &VerifyingKey) -> SignatureBytes {
    sign(&[&transcript::identity(task, identity.as_bytes())], authority)
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
        holds(&[&transcript::identity(task, &self.public())], self.endorsement, &self.authority)
    }

    pub(super) fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub(super) fn sign_advert(&self, terms: &Terms, share_key: &[u8; 32], mask_key: &[u8; 32]) -> AdvertSignature {
        AdvertSignature {
            identity: self.public(),
            endorsement: self.endorsement,
            signature: sign(&[&transcript::advert(terms, share_key, mask_key)], &self.key),
        }
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> SignatureBytes {
        sign(&[bytes], &self.key)
    }
}

/// Whether the authority endorsed the entry's identity, and the identity signed its keys.
pub(super) fn advert_holds(terms: &Terms, authority: &VerifyingKey, entry: &RosterEntry) -> bool {
    let Some(signed) = &entry.signature else { return false };
    let Ok(key) = VerifyingKey::from_bytes(&signed.identity) else { return false };
    holds(&[&transcript::identity(&terms.task, &signed.identity)], signed.endorsement, authority)
        && holds(&[&transcript::advert(terms, &entry.share_key, &entry.mask_key)], signed.signature, &key)
}

/// Whether the member of this entry signed these bytes.
pub(super) fn signature_holds(entry: &RosterEntry, bytes: &[u8], signature: SignatureBytes) -> bool {
    entry
        .signature
        .and_then(|signed| VerifyingKey::from_bytes(&signed.identity).ok())
        .is_some_and(|key| holds(&[bytes], signature, &key))
}
