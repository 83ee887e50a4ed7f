//! What a file of encoded people says of itself.

use serde::{Deserialize, Serialize};
use silhouette_model::Task;

use crate::partition::Dealt;

/// The header, as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// The task, with the encoder whose vectors the records hold.
    pub(crate) task: Task,
    /// Rows the reader kept and skipped.
    pub(crate) rows_kept: u64,
    pub(crate) rows_skipped: u64,
    /// Texts left out as repeats.
    pub(crate) duplicates: u64,
    /// Held-out texts whose label is none of the task's.
    pub(crate) unseen: usize,
    /// What a partition came to.
    pub(crate) dealt: Option<Dealt>,
    pub(crate) notes: Vec<String>,
}
