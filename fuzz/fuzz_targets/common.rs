//! Shared by the targets.

use silhouette_wire::{Message, decode_body, encode_body};

/// Decoding must not panic, and whatever decodes must be the one spelling of its value.
pub fn canonical<M: Message>(body: &[u8]) {
    if let Ok((message, extensions)) = decode_body::<M>(body) {
        assert_eq!(encode_body(&message, &extensions).as_deref(), Ok(body));
    }
}
