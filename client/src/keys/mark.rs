//! How far a device's ledger has come.

use serde::Deserialize;
use silhouette_wire::ContentHash;

/// The last acknowledged record of a ledger. It only ever moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The record's number; 0 for an empty ledger.
    pub seq: u64,
    /// The record's authentication code (HMAC-SHA-256), which covers every record before it.
    pub mac: ContentHash,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    seq: u64,
    mac: String,
}

impl Mark {
    /// The mark of an empty ledger.
    pub const BEGINNING: Self = Self { seq: 0, mac: ContentHash([0; 32]) };

    /// One line of JSON.
    pub fn to_text(self) -> String {
        format!("{{\"seq\":{},\"mac\":\"{}\"}}\n", self.seq, self.mac)
    }

    /// The mark in `bytes`; `None` if they are not exactly what [`to_text`](Self::to_text) makes.
    pub fn from_text(bytes: &[u8]) -> Option<Self> {
        let text: Text = serde_json::from_slice(bytes).ok()?;
        let mark = Self { seq: text.seq, mac: text.mac.parse().ok()? };
        (mark.to_text().as_bytes() == bytes).then_some(mark)
    }
}
