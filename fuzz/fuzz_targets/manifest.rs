//! Manifests: the signed envelope as it arrives, and arbitrary content behind a good signature.
#![no_main]

use ed25519_dalek::SigningKey;
use libfuzzer_sys::fuzz_target;
use silhouette_wire::{Manifest, SignedManifest};

fuzz_target!(|bytes: &[u8]| {
    let owner = SigningKey::from_bytes(&[7; 32]);
    if let Ok(signed) = postcard::from_bytes::<SignedManifest>(bytes) {
        let _ = signed.verify(&owner.verifying_key());
    }
    if let Ok(manifest) = postcard::from_bytes::<Manifest>(bytes)
        && let Ok(signed) = SignedManifest::sign(&manifest, &owner)
    {
        assert_eq!(signed.verify(&owner.verifying_key()), Ok(manifest));
    }
});
