//! Sealing a pair of shares for one neighbour.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use zeroize::Zeroizing;

use super::Secret;

/// A share: its coordinate and 32 bytes.
pub(in crate::secagg) const SHARE_BYTES: usize = 33;

/// ChaCha20-Poly1305. The key seals this one message and no other, so the nonce is zero.
pub(in crate::secagg) fn seal(key: &Secret, context: &[u8], shares: &[u8; 2 * SHARE_BYTES]) -> Option<Vec<u8>> {
    let payload = Payload { msg: shares, aad: context };
    ChaCha20Poly1305::new((&**key).into()).encrypt(&Nonce::default(), payload).ok()
}

/// The two shares, if key and context are those they were sealed with.
pub(in crate::secagg) fn open(key: &Secret, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<[u8; 2 * SHARE_BYTES]>> {
    let payload = Payload { msg: sealed, aad: context };
    let opened = ChaCha20Poly1305::new((&**key).into()).decrypt(&Nonce::default(), payload).ok()?;
    let opened = Zeroizing::new(opened);
    Some(Zeroizing::new(opened.as_slice().try_into().ok()?))
}
