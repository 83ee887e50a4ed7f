//! Manifests and the terms of tasks: the signed envelopes as they arrive, and arbitrary content behind
//! good signatures.
#![no_main]

use ed25519_dalek::SigningKey;
use libfuzzer_sys::fuzz_target;
use silhouette_wire::{Manifest, SignedManifest, SignedTask, TaskTerms};

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
    // Two documents in a row: a task's terms, and a manifest that they allow or do not.
    let Ok((terms, rest)) = postcard::take_from_bytes::<TaskTerms>(bytes) else { return };
    let Ok(task) = SignedTask::sign(&terms, &owner) else { return };
    assert_eq!(task.verify(&owner.verifying_key()), Ok(terms.clone()));
    let (parts, signature) = task.parts();
    assert_eq!(SignedTask::from_parts(parts, signature), Ok(task.clone()));
    let Ok(manifest) = postcard::from_bytes::<Manifest>(rest) else { return };
    let Ok(signed) = SignedManifest::sign_round(&manifest, &task, &owner) else { return };
    let verified = signed.verify(&owner.verifying_key());
    let named = terms.round_key == owner.verifying_key().to_bytes();
    assert_eq!(verified.is_ok(), named && terms.allows(&manifest).is_ok());
});
