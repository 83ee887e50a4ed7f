//! What is kept of a round.

use serde::{Deserialize, Serialize};
use silhouette_query::evaluate::Evaluation;
use silhouette_query::label_counts::LabelCounts;
use silhouette_wire::QueryKind;

/// What records of before there were kinds are of.
fn training() -> QueryKind {
    QueryKind::Train
}

/// What a round did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundRecord {
    /// The round, from 1; 0 describes the start.
    pub round: u64,
    /// What it asked for.
    #[serde(default = "training")]
    pub query: QueryKind,
    /// What a private evaluation made public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// What label counts made public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_counts: Option<LabelCounts>,
    /// Devices invited.
    pub invited: usize,
    /// Reports in the result; 0 of an abandoned round, which leaves the model as it was.
    pub reports: usize,
    /// Groups in the result.
    #[serde(default)]
    pub groups: usize,
    /// Groups whose sum was too long and is left out.
    #[serde(default)]
    pub groups_lost: usize,
    /// Accuracy on texts of held-out people.
    pub accuracy: Option<f64>,
    /// Macro F1 there.
    pub macro_f1: Option<f64>,
    /// Mean cross-entropy there.
    pub loss: Option<f64>,
    /// Accuracy on the later texts of those who train, where a run keeps them out of training to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later_accuracy: Option<f64>,
    /// Clip norm of the round.
    pub clip: f64,
    /// With an adaptive clip: the noisy share of the reports within it.
    pub within_clip: Option<f64>,
    /// Epsilon the most charged device has spent.
    pub epsilon: Option<f64>,
    /// Rho the most charged device has spent.
    pub rho: Option<f64>,
    /// Payload the devices sent.
    pub bytes_up: u64,
    /// Payload the devices fetched.
    pub bytes_down: u64,
    /// Seconds, evaluation left out.
    pub seconds: f64,
    /// The published model.
    pub model_sha256: String,
}
