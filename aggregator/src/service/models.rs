//! Model files in memory, shared by everyone who fetches them.

use std::sync::Arc;

use silhouette_wire::ContentHash;
use tokio::sync::Mutex;

use crate::storage::{Storage, StorageError};

/// Files kept: the one the round's devices fetch, the one published last, and one for a straggler.
const KEPT: usize = 3;

pub(super) struct Models {
    storage: Arc<Storage>,
    /// Most recently used last. Held while a file is read, so that a crowd that asks for the same
    /// model after a restart reads it once, and nobody can make us hold more than `KEPT` of them.
    recent: Mutex<Vec<(ContentHash, Arc<[u8]>)>>,
}

impl Models {
    pub(super) fn new(storage: Arc<Storage>) -> Self {
        Self { storage, recent: Mutex::default() }
    }

    /// The file of this hash, if there is one.
    pub(super) async fn get(&self, hash: ContentHash) -> Option<Arc<[u8]>> {
        let mut recent = self.recent.lock().await;
        let entry = match recent.iter().position(|(kept, _)| *kept == hash) {
            Some(place) => recent.remove(place),
            None => (hash, self.read(hash).await?),
        };
        let content = Arc::clone(&entry.1);
        recent.push(entry);
        let surplus = recent.len().saturating_sub(KEPT);
        recent.drain(..surplus);
        Some(content)
    }

    async fn read(&self, hash: ContentHash) -> Option<Arc<[u8]>> {
        let storage = Arc::clone(&self.storage);
        let read = tokio::task::spawn_blocking(move || storage.model(&hash)).await.ok()?;
        match read {
            Ok(bytes) => Some(bytes.into()),
            // Somebody asked for what was never here.
            Err(StorageError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::error!(%error, "a model cannot be read");
                None
            }
        }
    }
}
