//! What holds of the person as a whole: demographics, psychographics, habits.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LabelShare, Shown};

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Origin {
    /// The owner.
    Declared,
    /// The owner, against what was inferred.
    Corrected,
    /// A head of the model, from the texts.
    Model,
    /// A list of words, from the texts.
    Words,
    /// What the person did.
    Events,
}

/// One value that holds of the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// The dimension's name.
    pub name: String,
    /// What it is: the likeliest label, or the owner's word.
    pub value: String,
    /// How likely each label is, largest first; empty where the owner alone says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distribution: Vec<LabelShare>,
    /// For habits: where on its scale, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// How far it can be relied on, 0 to 1; 1 for the owner's word.
    pub confidence: f64,
    /// Who says so.
    pub origin: Origin,
    /// Whether it is shown only because the owner agreed.
    pub sensitive: bool,
    /// Texts or events it rests on.
    pub texts: usize,
    /// Names shown instead, by language (`en`, `zh`), where there are any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shown: BTreeMap<String, Shown>,
    /// Places in [`ProfileDocument::evidence`](super::ProfileDocument::evidence).
    pub evidence: Vec<usize>,
}

/// What the profile lacks, and what would fill it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Completeness {
    /// Weight of the parts that are filled with enough confidence, over that of all parts, 0 to 1.
    pub score: f64,
    /// The parts that are.
    pub filled: Vec<String>,
    /// The parts that are not, weightiest first.
    pub gaps: Vec<Gap>,
}

/// A part that is missing or unsure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The field.
    pub field: String,
    /// Its share of all parts' weight.
    pub weight: f64,
    /// What would fill it.
    pub needs: Need,
}

/// What would fill a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Need {
    /// More texts.
    Texts,
    /// Events with times.
    Times,
    /// Events with categories.
    Categories,
    /// Events with ratings.
    Ratings,
    /// Purchases with prices.
    Prices,
    /// A model that knows this head.
    Model,
    /// The owner's consent.
    Consent,
    /// The owner's word.
    Declaration,
}
