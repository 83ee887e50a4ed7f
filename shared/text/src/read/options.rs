//! How to read.

use serde::{Deserialize, Serialize};

/// Longest row, in bytes. A person's longest post is thousands of times shorter; a longer row is a
/// broken file or an attack on the memory of a small device.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Most bytes read from one file after decompression: far above any real log, and a stop for a
/// decompression bomb, which gzip can make a thousand times larger than its file.
const MAX_TOTAL_BYTES: u64 = 8 << 30;

/// Most bad rows kept in the report as examples.
const KEEP_ERRORS: usize = 20;

/// How to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// End at the first bad row instead of skipping it.
    pub strict: bool,
    /// Rows longer than this are bad rows, and are never held in memory.
    pub max_line_bytes: usize,
    /// Reading ends once a file has given this many bytes after decompression.
    pub max_total_bytes: u64,
    /// Reading ends once this many events were kept.
    pub limit: Option<u64>,
    /// The user of rows without a user column: on a device there is only one.
    pub default_user: Option<String>,
    /// Accept rows without text, such as views and purchases.
    pub allow_empty_text: bool,
    /// How many bad rows the report keeps as examples.
    pub keep_errors: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            strict: false,
            max_line_bytes: MAX_LINE_BYTES,
            max_total_bytes: MAX_TOTAL_BYTES,
            limit: None,
            default_user: None,
            allow_empty_text: false,
            keep_errors: KEEP_ERRORS,
        }
    }
}
