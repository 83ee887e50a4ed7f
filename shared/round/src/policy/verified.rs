//! What every device would find alike in a signed manifest.

use ed25519_dalek::VerifyingKey;
use silhouette_privacy::{ParameterError, ReleaseParameters};
use silhouette_wire::ContentHash;
use silhouette_wire::manifest::{Manifest, SignedManifest};

use super::Refusal;

/// A signed manifest whose signatures hold, and what follows from it alone: the same for every device that
/// trusts this owner.
#[derive(Clone, Debug)]
pub struct Verified {
    pub(super) owner: VerifyingKey,
    hash: ContentHash,
    pub(super) manifest: Manifest,
    pub(super) parameters: Result<ReleaseParameters, ParameterError>,
    pub(super) endorser: Option<[u8; 32]>,
}

impl Verified {
    /// Checks the signatures.
    ///
    /// # Errors
    /// When one does not hold under `owner`'s key, or the signed bytes are no manifest.
    pub fn new(signed: &SignedManifest, owner: &VerifyingKey) -> Result<Self, Refusal> {
        let (task, manifest) = signed.verify_with_task(owner).map_err(|e| Refusal::Signature(e.to_string()))?;
        let parameters = ReleaseParameters::try_from(&manifest);
        Ok(Self { owner: *owner, hash: signed.hash(), manifest, parameters, endorser: task.endorser })
    }

    /// SHA-256 of the signed manifest.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }
}
