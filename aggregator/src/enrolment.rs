//! Who may take part: one-time tokens, the authority that issues certificates.
//!
//! The operator hands out a token with the address and the authority's certificate; a device trades
//! it, once, for a certificate of its own key. Tokens are stored hashed: they hold 256 random bits,
//! so a plain SHA-256 can not be searched.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::TryRng;
use rand::rngs::SysRng;
use silhouette_transport::TokenStore;
use silhouette_transport::defaults::DEVICE_VALIDITY;
use silhouette_transport::server::TokenRefusal;
use silhouette_wire::{ContentHash, DeviceId};
use thiserror::Error;
use tracing::{error, info};

use crate::storage::{Storage, StorageError, TokenOutcome};

/// Marks a token for what it is, wherever it turns up.
const PREFIX: &str = "silhouette-";

/// Why keys or tokens could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EnrolmentError {
    /// The system has no randomness to give.
    #[error("the system has no randomness to give")]
    Entropy,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Makes `count` one-time tokens. They are shown once, here: the store keeps their hashes. Works on
/// the folder of a running aggregator too.
///
/// # Errors
/// When the system has no randomness, or the store fails; then no token is good.
pub fn create_tokens(storage: &Storage, count: usize) -> Result<Vec<String>, EnrolmentError> {
    let tokens = (0..count).map(|_| new_token()).collect::<Result<Vec<_>, _>>()?;
    let hashes: Vec<_> = tokens.iter().map(|token| ContentHash::of(token.as_bytes())).collect();
    storage.add_tokens(&hashes)?;
    Ok(tokens)
}

fn new_token() -> Result<String, EnrolmentError> {
    // A hash prints as 64 hexadecimal digits, which is all that is wanted of it here.
    random().map(|bytes| format!("{PREFIX}{}", ContentHash(bytes)))
}

pub(crate) fn random() -> Result<[u8; 32], EnrolmentError> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| EnrolmentError::Entropy)?;
    Ok(bytes)
}

/// When a certificate issued now ends, in seconds since 1970.
pub(crate) fn certificate_end() -> i64 {
    let end = SystemTime::now() + DEVICE_VALIDITY;
    let seconds = end.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// The tokens of one folder.
#[derive(Debug)]
pub(crate) struct Tokens(pub(crate) Arc<Storage>);

impl TokenStore for Tokens {
    async fn consume(&self, token: &[u8], device: DeviceId, identity: [u8; 32]) -> Result<(), TokenRefusal> {
        let (storage, hash) = (Arc::clone(&self.0), ContentHash::of(token));
        let consumed =
            tokio::task::spawn_blocking(move || storage.consume_token(&hash, &device, &identity, certificate_end()))
                .await;
        match consumed {
            Ok(Ok(TokenOutcome::Consumed | TokenOutcome::Repeated)) => {
                info!("a device enrolled");
                Ok(())
            }
            Ok(Ok(TokenOutcome::Used)) => Err(TokenRefusal::Used),
            // A revoked device, or one with a second identity, learns no more than a stranger, and uses up
            // nothing.
            Ok(Ok(_)) => Err(TokenRefusal::Unknown),
            Ok(Err(error)) => {
                error!(%error, "the store failed");
                Err(TokenRefusal::Unavailable)
            }
            Err(_) => Err(TokenRefusal::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unlike_each_other_and_stored_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path()).unwrap();
        let tokens = create_tokens(&storage, 3).unwrap();
        assert_eq!(storage.unused_tokens().unwrap(), 3);
        assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2]);
        drop(storage);
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let Ok(content) = std::fs::read(&path) else {
                continue;
            };
            let secret = tokens[0].as_bytes();
            assert!(!content.windows(secret.len()).any(|w| w == secret), "{path:?}");
        }
    }
}
