//! What rounds beside training make public.

use serde::{Deserialize, Serialize};
use silhouette_model::Task;
use silhouette_privacy::NoisySum;
use silhouette_wire::QueryKind;

use crate::evaluate::{self, Evaluation};
use crate::label_counts::{self, LabelCounts, LengthError};

/// The figures of one round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Figures {
    /// Of an evaluation.
    Evaluation(Evaluation),
    /// Of label counts.
    LabelCounts(LabelCounts),
}

impl Figures {
    /// The aggregator's half of a query that publishes figures, of all groups' sums; `None` for training, which
    /// publishes a model.
    ///
    /// # Errors
    /// When the sums are of another length than the task's labels ask for.
    pub fn of(query: QueryKind, sums: &[NoisySum], task: &Task) -> Result<Option<Self>, LengthError> {
        let labels = label_counts::dimension(task).unwrap_or(0);
        Ok(match query {
            QueryKind::Train => None,
            QueryKind::Evaluate => Some(Self::Evaluation(evaluate::absorb(sums, labels)?)),
            QueryKind::LabelCounts => Some(Self::LabelCounts(label_counts::absorb(sums, labels)?)),
        })
    }

    /// Of an evaluation.
    pub fn evaluation(&self) -> Option<&Evaluation> {
        match self {
            Self::Evaluation(evaluation) => Some(evaluation),
            Self::LabelCounts(_) => None,
        }
    }

    /// Of label counts.
    pub fn label_counts(&self) -> Option<&LabelCounts> {
        match self {
            Self::LabelCounts(counts) => Some(counts),
            Self::Evaluation(_) => None,
        }
    }
}
