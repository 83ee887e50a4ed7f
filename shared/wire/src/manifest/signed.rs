use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{Manifest, ManifestError, SignedTask, TaskTerms};
use crate::{
    bounded::{Bytes, TooLong},
    codec::{self, DecodeError},
    defaults::MAX_MANIFEST_BYTES,
    ids::ContentHash,
    signature::{SignatureBytes, holds, sign},
};

/// Goes before the manifest in what is signed, so that a signature over anything else can never pass
/// for a signature over a manifest.
const DOMAIN: &[u8] = b"silhouette/manifest/1\0";

/// Why a manifest, or the terms of a task, can't be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// A field is outside its range.
    #[error(transparent)]
    Field(#[from] ManifestError),
    /// The terms are too large; only extensions can make them so.
    #[error("the terms are too large: {0}")]
    Size(#[from] TooLong),
    /// The extensions are not in order, or critical and unknown to this build.
    #[error(transparent)]
    Extensions(#[from] DecodeError),
    /// The serialiser refused a value.
    #[error("a value cannot be serialised")]
    Value,
}

/// Why a signed manifest, or a signed task, is not to be acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The owner of the task did not sign these bytes.
    #[error("the task is not signed by its owner")]
    Signature,
    /// The key that the owner named for it did not sign the manifest of this round.
    #[error("the round's manifest is not signed by the key that the task's owner named")]
    RoundSignature,
    /// The owner's terms do not allow this round.
    #[error("not allowed by the task's owner: {0}")]
    NotAllowed(ManifestError),
    /// The signed bytes are not a manifest.
    #[error("the signed bytes are not a manifest: {0}")]
    Decode(#[from] DecodeError),
    /// A field is outside its range.
    #[error(transparent)]
    Field(#[from] ManifestError),
}

/// A manifest as it travels: the task's terms as its owner signed them, the bytes of the manifest,
/// and the Ed25519 signature over both by the key that the owner named.
///
/// The fields of the manifest are only to be had through [`SignedManifest::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedManifest {
    task: SignedTask,
    manifest: Bytes<MAX_MANIFEST_BYTES>,
    signature: SignatureBytes,
}

impl SignedManifest {
    /// Validates and signs a round of `task` with the round key that its owner named.
    ///
    /// # Errors
    /// When a field is outside its range. Whether the task allows the round is for
    /// [`TaskTerms::allows`] to say, and for whoever verifies.
    pub fn sign_round(manifest: &Manifest, task: &SignedTask, round_key: &SigningKey) -> Result<Self, SignError> {
        manifest.validate()?;
        codec::check_extensions(&manifest.extensions)?;
        let bytes = codec::to_bytes(manifest).map_err(|_| SignError::Value)?;
        let bytes = Bytes::new(bytes)?;
        let signature = sign(&[DOMAIN, &task.hash().0, bytes.as_slice()], round_key);
        Ok(Self { task: task.clone(), manifest: bytes, signature })
    }

    /// Signs as an owner that signs every round itself: the task's terms allow this round and those
    /// before it, and the owner's key is the round key too.
    ///
    /// # Errors
    /// When a field is outside its range.
    pub fn sign(manifest: &Manifest, owner: &SigningKey) -> Result<Self, SignError> {
        let terms = TaskTerms::up_to(manifest, owner.verifying_key().to_bytes(), None);
        Self::sign_round(manifest, &SignedTask::sign(&terms, owner)?, owner)
    }

    /// Checks the signatures first, then the layout, then every range, then that the owner's terms
    /// allow the round.
    ///
    /// Verification is strict: keys of small order, and signatures in any but the one canonical
    /// form, are refused.
    ///
    /// # Errors
    /// Why the manifest is not to be acted on.
    pub fn verify(&self, owner: &VerifyingKey) -> Result<Manifest, VerifyError> {
        self.verify_with_task(owner).map(|(_, manifest)| manifest)
    }

    /// The same, with the task's terms.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_with_task(&self, owner: &VerifyingKey) -> Result<(TaskTerms, Manifest), VerifyError> {
        let task = self.task.verify(owner)?;
        let round_key = VerifyingKey::from_bytes(&task.round_key).map_err(|_| VerifyError::RoundSignature)?;
        if !holds(&[DOMAIN, &self.task.hash().0, self.manifest.as_slice()], self.signature, &round_key) {
            return Err(VerifyError::RoundSignature);
        }
        let manifest: Manifest = codec::from_bytes(self.manifest.as_slice())?;
        codec::check_extensions(&manifest.extensions)?;
        manifest.validate()?;
        task.allows(&manifest).map_err(VerifyError::NotAllowed)?;
        Ok((task, manifest))
    }

    /// Names the terms: SHA-256 of the task's hash and the manifest's bytes. The signatures are left
    /// out, as the encoding is canonical and the terms are what counts.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of(&[&self.task.hash().0, self.manifest.as_slice()].concat())
    }
}
