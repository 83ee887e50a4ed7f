//! What became of the rows of a file.

use std::collections::BTreeMap;

use serde::Serialize;

use super::RowError;

/// What became of the rows of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReadReport {
    /// Rows met, blank lines not counted.
    pub rows: u64,
    /// Rows that became events.
    pub kept: u64,
    /// Bad rows.
    pub skipped: u64,
    /// Bad rows by [`RowReason::name`](super::RowReason::name).
    pub by_reason: BTreeMap<&'static str, u64>,
    /// Why reading ended before the end of the file, if it did so because of an error.
    pub ended_early: Option<RowError>,
    /// The first bad rows.
    pub first_errors: Vec<RowError>,
}

impl ReadReport {
    pub(super) fn keep(&mut self) {
        self.rows += 1;
        self.kept += 1;
    }

    pub(super) fn skip(&mut self, error: &RowError, keep_errors: usize) {
        self.rows += 1;
        self.skipped += 1;
        *self.by_reason.entry(error.reason.name()).or_default() += 1;
        if error.reason.ends_the_stream() {
            self.ended_early = Some(error.clone());
        }
        if self.first_errors.len() < keep_errors {
            self.first_errors.push(error.clone());
        }
    }
}
