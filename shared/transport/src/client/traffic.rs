use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of messages and bodies in both directions. What QUIC and UDP add is not counted.
#[derive(Debug, Default)]
pub struct Traffic {
    up: AtomicU64,
    down: AtomicU64,
}

impl Traffic {
    /// Bytes sent.
    pub fn up(&self) -> u64 {
        self.up.load(Ordering::Relaxed)
    }

    /// Bytes received.
    pub fn down(&self) -> u64 {
        self.down.load(Ordering::Relaxed)
    }

    pub(super) fn sent(&self, bytes: u64) {
        self.up.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn received(&self, bytes: u64) {
        self.down.fetch_add(bytes, Ordering::Relaxed);
    }
}
