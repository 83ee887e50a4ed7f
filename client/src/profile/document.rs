//! The document: one JSON object, its top-level keys fixed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use silhouette_text::Language;

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
    /// The places in their texts that everything above stands on.
    pub evidence: Vec<Evidence>,
    /// The profile in sentences.
    pub persona: PersonaTexts,
    /// What made it.
    pub provenance: Provenance,
}

impl ProfileDocument {
    /// Up to `most` places behind a field, as a [`Clause`] names it: the best of each label, word,
    /// language or hour first, then the second best of each.
    pub fn evidence_for(&self, field: &str, most: usize) -> Vec<&Evidence> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut found: Vec<(usize, &Evidence)> = Vec::new();
        for evidence in self.evidence.iter().filter(|e| e.field == field) {
            let rank = seen.entry(&evidence.label).or_insert(0);
            found.push((*rank, evidence));
            *rank += 1;
        }
        found.sort_by_key(|&(rank, _)| rank);
        found.into_iter().take(most).map(|(_, evidence)| evidence).collect()
    }
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
    /// Names shown instead of head and label, by language (`en`, `zh`), where the task gives them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shown: BTreeMap<String, Shown>,
    /// Places in [`ProfileDocument::evidence`].
    pub evidence: Vec<usize>,
}

/// How one label of one head is shown in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The head's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// The label's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A word they use often that people in general use rarely.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keyword {
    /// The word, in small letters.
    pub term: String,
    /// How much it says about the person.
    pub score: f64,
    /// How often they used it.
    pub count: u32,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LanguageShare {
    /// The language.
    pub language: Language,
    /// Its share.
    pub share: f64,
    /// Places in [`ProfileDocument::evidence`].
    pub evidence: Vec<usize>,
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
    /// Places in [`ProfileDocument::evidence`]: of the busiest hours and day, and of the ratings.
    pub evidence: Vec<usize>,
}

/// One place in one text that something in the profile stands on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it speaks for, as a [`Clause`] names it: `interests.HEAD`, `sentiment`, `keywords`,
    /// `languages`, `behavior.busiest_hours` or `behavior.mean_rating`.
    pub field: String,
    /// Which part of that: the label, the word, the language, the hour in UTC (`20:00`), the day
    /// (`saturday`) or the rating.
    pub label: String,
    /// The event, counted from 0 in the order given.
    pub event: usize,
    /// When that was, in unix seconds, where known.
    pub time: Option<i64>,
    /// First byte in the event's text.
    pub start: usize,
    /// First byte after it. Equal to `start` where the event itself is the evidence and has no text.
    pub end: usize,
    /// The place with a little around it, in whole words; `…` where the sentence goes on.
    pub quote: String,
    /// How much it counts for the label: for a model, what it adds to the label's raw output over the
    /// mean of the head's other labels; for the word list, its weight there; for a keyword, its score;
    /// for a rating, the rating; else the label's share.
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
