//! How the texts feel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the person's texts feel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sentiment {
    /// Mean over texts, -1 to 1.
    pub mean: f64,
    /// Share of positive texts.
    pub positive: f64,
    /// Share of texts that are neither.
    pub neutral: f64,
    /// Share of negative texts.
    pub negative: f64,
    /// How far this can be relied on, 0 to 1.
    pub confidence: f64,
    /// What judged.
    pub source: SentimentSource,
    /// The model's own labels, where a model judged.
    pub labels: Vec<LabelShare>,
    /// How it went, in up to twelve stretches of equal length; those without a text are left out. Empty without times.
    pub trend: Vec<TrendPoint>,
    /// How the person feels about what they are about, most texts first.
    pub aspects: Vec<Aspect>,
    /// Places in [`ProfileDocument::evidence`](super::ProfileDocument::evidence).
    pub evidence: Vec<usize>,
}

/// What judged the sentiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SentimentSource {
    /// A list of words.
    Lexicon,
    /// The model's head named `sentiment`.
    Model,
}

/// A label and its share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LabelShare {
    /// The label.
    pub label: String,
    /// Its share.
    pub share: f64,
}

/// The mean sentiment of one stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrendPoint {
    /// When it begins, in unix seconds.
    pub start: i64,
    /// Mean over its texts, -1 to 1.
    pub mean: f64,
    /// How many they are; at least one.
    pub texts: usize,
}

/// How the person's texts about one thing feel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aspect {
    /// The interest it belongs to, as a clause names it; `keywords` for a word.
    pub field: String,
    /// The label or the word.
    pub label: String,
    /// Mean over its texts, -1 to 1.
    pub mean: f64,
    /// How many they are.
    pub texts: usize,
}
