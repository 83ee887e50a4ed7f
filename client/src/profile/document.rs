//! The document: one JSON object, its top-level keys fixed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use silhouette_text::{Keyword, Language};

use crate::persona::Clause;

/// A person's profile. Only ever handed out inside [`Private`](silhouette_privacy::Private).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileDocument {
    /// [`SCHEMA_VERSION`](super::SCHEMA_VERSION).
    pub schema_version: u32,
    /// Every head of classes but `sentiment`, as a mixture of its labels; heads in the order of the
    /// task, labels by share.
    pub interests: Vec<Interest>,
    /// How the person's texts feel.
    pub sentiment: Sentiment,
    /// What they did and when.
    pub behavior: Behavior,
    /// What they write in, largest share first.
    pub languages: Vec<LanguageShare>,
    /// Words they use often that people in general use rarely.
    pub keywords: Vec<Keyword>,
    /// The places in their texts that led to the labels above.
    pub evidence: Vec<Evidence>,
    /// The profile in sentences.
    pub persona: PersonaTexts,
    /// What made it.
    pub provenance: Provenance,
}

/// One label of one head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interest {
    /// The head's name.
    pub head: String,
    /// The label.
    pub label: String,
    /// Its share of the mixture, 0 to 1; the shares of a head sum to 1.
    pub share: f64,
    /// How far the share can be relied on, 0 to 1.
    pub confidence: f64,
    /// Texts of which this is the likeliest label.
    pub texts: usize,
    /// Places in [`ProfileDocument::evidence`].
    pub evidence: Vec<usize>,
}

/// How the person's texts feel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Places in [`ProfileDocument::evidence`].
    pub evidence: Vec<usize>,
}

/// What judged the sentiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SentimentSource {
    /// A list of words.
    Lexicon,
    /// The model's head named `sentiment`.
    Model,
}

/// A label and its share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelShare {
    /// The label.
    pub label: String,
    /// Its share.
    pub share: f64,
}

/// A language and its share of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LanguageShare {
    /// The language.
    pub language: Language,
    /// Its share.
    pub share: f64,
}

/// The mean of a head that predicts a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreMean {
    /// The head's name.
    pub head: String,
    /// The mean, on the head's own scale.
    pub mean: f64,
    /// The scale's ends.
    pub range: (f32, f32),
}

/// What the person did and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Behavior {
    /// All events.
    pub events: usize,
    /// Those with a text.
    pub texts: usize,
    /// Events by kind.
    pub kinds: BTreeMap<String, usize>,
    /// Mean length of a text, in characters.
    pub mean_length: f64,
    /// Mean rating given, where there are ratings.
    pub mean_rating: Option<f64>,
    /// Events with a time; the figures below are of these.
    pub timed: usize,
    /// The first, in unix seconds.
    pub first: Option<i64>,
    /// The last.
    pub last: Option<i64>,
    /// Events by hour of the day in UTC, 0 to 23; empty without times.
    pub hours: Vec<usize>,
    /// Events by day of the week in UTC, Monday first; empty without times.
    pub weekdays: Vec<usize>,
    /// Up to three busiest hours, busiest first.
    pub busiest_hours: Vec<u8>,
    /// Events a week between the first and the last; a span under a week counts as one.
    pub events_per_week: Option<f64>,
    /// Means of the heads that predict numbers.
    pub scores: Vec<ScoreMean>,
}

/// One place in one text that led to a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The head.
    pub head: String,
    /// The label it speaks for.
    pub label: String,
    /// The event, counted from 0 in the order given.
    pub event: usize,
    /// First byte in the event's text.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// The place with a little around it.
    pub quote: String,
    /// How much it adds to the label's raw output over the mean of the head's other labels.
    pub weight: f64,
}

/// The persona in both languages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonaTexts {
    /// In Chinese.
    pub zh: Vec<Clause>,
    /// In English.
    pub en: Vec<Clause>,
}

/// What made the profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Hash of the model's file; none without a model.
    pub model: Option<String>,
    /// What ran the model.
    pub engine: Option<String>,
    /// The round the model came out of, where known.
    pub round: Option<u64>,
    /// When, in unix seconds.
    pub made_at: i64,
}
