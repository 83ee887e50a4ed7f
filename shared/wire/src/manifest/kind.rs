use std::fmt;

use serde::{Deserialize, Serialize};

/// What a round computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryKind {
    /// The change of the model after local training.
    Train,
    /// How often the published model is right on texts that nobody trained on.
    Evaluate,
    /// How common each label is.
    LabelCounts,
}

impl QueryKind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 3] = [Self::Train, Self::Evaluate, Self::LabelCounts];

    /// The name in files: `train`, `evaluate`, `label_counts`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Evaluate => "evaluate",
            Self::LabelCounts => "label_counts",
        }
    }
}

/// In words that a person understands.
impl fmt::Display for QueryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Train => "training",
            Self::Evaluate => "evaluation",
            Self::LabelCounts => "label counts",
        })
    }
}
