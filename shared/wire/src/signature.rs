//! Ed25519 signatures as they travel.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// An Ed25519 signature in two halves, because serde stops at arrays of 32; on the wire they are 64
/// bytes in a row.
pub type SignatureBytes = [[u8; 32]; 2];

/// Signs the bytes of all parts in a row.
pub fn sign(parts: &[&[u8]], key: &SigningKey) -> SignatureBytes {
    let signature = key.sign(&parts.concat());
    [*signature.r_bytes(), *signature.s_bytes()]
}

/// Whether this key signed the bytes of all parts in a row. Strict: keys of small order, and
/// signatures in any but the one canonical form, are refused.
pub fn holds(parts: &[&[u8]], [r, s]: SignatureBytes, key: &VerifyingKey) -> bool {
    key.verify_strict(&parts.concat(), &Signature::from_components(r, s)).is_ok()
}
