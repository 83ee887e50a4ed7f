use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{Manifest, ManifestError};
use crate::{
    bounded::{Bytes, TooLong},
    codec::{self, DecodeError},
    defaults::MAX_MANIFEST_BYTES,
    ids::ContentHash,
};

/// Goes before the manifest in what is signed, so that the owner's signature over anything else can
/// never pass for a signature over a manifest.
const DOMAIN: &[u8] = b"silhouette/manifest/1\0";

/// Why a manifest cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// A field is outside its range.
    #[error(transparent)]
    Field(#[from] ManifestError),
    /// The manifest is too large; only extensions can make it so.
    #[error("the manifest is too large: {0}")]
    Size(#[from] TooLong),
    /// The extensions are not in order, or critical and unknown to this build.
    #[error(transparent)]
    Extensions(#[from] DecodeError),
    /// The serialiser refused a value.
    #[error("a value cannot be serialised")]
    Value,
}

/// Why a signed manifest is not to be acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The owner of the task did not sign these bytes.
    #[error("the manifest is not signed by the owner of the task")]
    Signature,
    /// The signed bytes are not a manifest.
    #[error("the signed bytes are not a manifest: {0}")]
    Decode(#[from] DecodeError),
    /// A field is outside its range.
    #[error(transparent)]
    Field(#[from] ManifestError),
}

/// A manifest as it travels: its bytes, and the owner's Ed25519 signature over them.
///
/// The fields of the manifest are only to be had through [`SignedManifest::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedManifest {
    manifest: Bytes<MAX_MANIFEST_BYTES>,
    // Two halves, because serde stops at arrays of 32; on the wire they are 64 bytes in a row.
    signature: [[u8; 32]; 2],
}

impl SignedManifest {
    /// Validates and signs.
    pub fn sign(manifest: &Manifest, key: &SigningKey) -> Result<Self, SignError> {
        manifest.validate()?;
        codec::check_extensions(&manifest.extensions)?;
        let bytes = codec::to_bytes(manifest).map_err(|_| SignError::Value)?;
        let bytes = Bytes::new(bytes)?;
        let signature = key.sign(&signed_bytes(bytes.as_slice()));
        let signature = [*signature.r_bytes(), *signature.s_bytes()];
        Ok(Self { manifest: bytes, signature })
    }

    /// Checks the signature first, then the layout, then every range.
    ///
    /// Verification is strict: keys of small order, and signatures in any but the one canonical
    /// form, are refused.
    pub fn verify(&self, owner: &VerifyingKey) -> Result<Manifest, VerifyError> {
        let [r, s] = self.signature;
        let signature = Signature::from_components(r, s);
        owner.verify_strict(&signed_bytes(self.manifest.as_slice()), &signature).map_err(|_| VerifyError::Signature)?;
        let manifest: Manifest = codec::from_bytes(self.manifest.as_slice())?;
        codec::check_extensions(&manifest.extensions)?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// Names the terms: SHA-256 of the manifest's bytes. The signature is left out, as the encoding
    /// is canonical and the terms are what counts.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of(self.manifest.as_slice())
    }
}

fn signed_bytes(manifest: &[u8]) -> Vec<u8> {
    [DOMAIN, manifest].concat()
}
