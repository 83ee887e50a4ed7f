//! The document: one JSON object, its top-level keys fixed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use silhouette_text::Language;

use crate::persona::Clause;

pub use attribute::{Attribute, Completeness, Gap, Need, Origin};
pub use behavior::{
    Behavior, CategoryShare, NextCategory, RatingBias, ReturnTime, ScoreMean, Sessions, Social, Style, Tie, Value,
};
pub use sentiment::{Aspect, LabelShare, Sentiment, SentimentSource, TrendPoint};

mod attribute;
mod behavior;
mod sentiment;

/// A person's profile. Only ever handed out inside [`Private`](silhouette_privacy::Private).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// What the owner declared, or agreed to have inferred, of age, region, occupation and the like.
    pub demographics: Vec<Attribute>,
    /// How they are: habits from what they did, lifestyle and traits from what they wrote.
    pub psychographics: Vec<Attribute>,
    /// What they write in, largest share first.
    pub languages: Vec<LanguageShare>,
    /// Words they use often that people in general use rarely.
    pub keywords: Vec<Keyword>,
    /// The places in their texts that everything above stands on.
    pub evidence: Vec<Evidence>,
    /// The profile in sentences.
    pub persona: PersonaTexts,
    /// What is still missing, and what would fill it.
    pub completeness: Completeness,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interest {
    /// The head's name.
    pub head: String,
    /// The label.
    pub label: String,
    /// Its place in the dimension's taxonomy, from the top down to itself; the label alone without one.
    pub path: Vec<String>,
    /// Its share of the mixture, 0 to 1; the shares of a head sum to 1.
    pub share: f64,
    /// The same with every text weighing half as much as one that is [`HALF_LIFE_DAYS`](super::HALF_LIFE_DAYS) newer.
    pub recent: f64,
    /// How far the share can be relied on, 0 to 1.
    pub confidence: f64,
    /// Texts of which this is the likeliest label.
    pub texts: usize,
    /// Who says so.
    pub origin: Origin,
    /// Names shown instead of head and label, by language (`en`, `zh`), where the task gives them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shown: BTreeMap<String, Shown>,
    /// Places in [`ProfileDocument::evidence`].
    pub evidence: Vec<usize>,
}

/// How one label of one head is shown in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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

/// A language and its share of the texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LanguageShare {
    /// The language.
    #[schemars(with = "String")]
    pub language: Language,
    /// Its share.
    pub share: f64,
    /// Places in [`ProfileDocument::evidence`].
    pub evidence: Vec<usize>,
}

/// One place in one text that something in the profile stands on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonaTexts {
    /// In Chinese.
    pub zh: Vec<Clause>,
    /// In English.
    pub en: Vec<Clause>,
}

/// What made the profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Hash of the model's file; none without a model.
    pub model: Option<String>,
    /// What ran the model.
    pub engine: Option<String>,
    /// The round the model came out of, where known.
    pub round: Option<u64>,
    /// When, in unix seconds.
    pub made_at: i64,
    /// The newest event's time, in unix seconds: the profile says how the person was then.
    pub as_of: Option<i64>,
    /// The plan's name.
    pub plan: String,
    /// How far each mixture has moved from the first half of the person's texts to the second.
    pub drift: Vec<Drift>,
}

/// How far a mixture moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// The field.
    pub field: String,
    /// Jensen-Shannon divergence between the earlier and the later half of the texts that have times, in bits, 0 to 1.
    pub bits: f64,
    /// The label that gained most.
    pub towards: String,
    /// The label that lost most.
    pub away_from: String,
}

/// The JSON Schema (draft 2020-12) of the document, made of the types.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(ProfileDocument);
    schema.insert("$id".into(), format!("urn:silhouette:profile:{}", super::SCHEMA_VERSION).into());
    schema.to_value()
}
