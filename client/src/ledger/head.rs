//! The mirror of the ledger's end.

use std::io;
use std::path::Path;

use serde::Deserialize;
use silhouette_wire::ContentHash;

use super::record::{GENESIS, Record};
use crate::durable;

/// The last acknowledged record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Its number; 0 for an empty ledger.
    pub(super) seq: u64,
    /// Its hash.
    pub(super) hash: ContentHash,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    seq: u64,
    hash: String,
}

impl Head {
    /// The head of an empty ledger.
    pub(super) const EMPTY: Self = Self { seq: 0, hash: GENESIS };

    pub(super) fn of(record: &Record) -> Self {
        Self { seq: record.seq, hash: record.hash }
    }

    /// Replaces the head file in one step and flushes it.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        durable::replace(path, self.to_text().as_bytes())
    }

    pub(super) fn to_text(self) -> String {
        format!("{{\"seq\":{},\"hash\":\"{}\"}}\n", self.seq, self.hash)
    }

    /// The head in a file's bytes; `None` if they are not exactly what [`write`](Self::write) makes.
    pub(super) fn from_text(bytes: &[u8]) -> Option<Self> {
        let text: Text = serde_json::from_slice(bytes).ok()?;
        let head = Self { seq: text.seq, hash: text.hash.parse().ok()? };
        (head.to_text().as_bytes() == bytes).then_some(head)
    }
}
