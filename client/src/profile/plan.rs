//! What a profile is about: dimensions, declared in a file.
//!
//! A plan (`profile.toml`) lists dimensions: what each is called, in which part of the profile it stands, whether it is
//! sensitive, and where its value comes from: the owner's own word, a head of the model, or a list of words. A field that
//! nobody thought of, a language or a whole domain is another file, not other code; [`ProfilePlan::pack`] has those that
//! come with the crate.
//!
//! ```
//! let plan = silhouette_client::profile::ProfilePlan::from_toml(r#"
//!     name = "running-club"
//!
//!     [[dimension]]
//!     name = "surface"
//!     section = "interests"
//!     display = { zh = "路面" }
//!     [[dimension.label]]
//!     name = "trail"
//!     words = ["trail", "mud", "越野"]
//!     [[dimension.label]]
//!     name = "road"
//!     words = ["road", "tarmac", "公路"]
//!
//!     [[dimension]]
//!     name = "age_group"
//!     section = "demographics"
//!     sensitive = true
//!     source = "declared"
//! "#).unwrap();
//! assert_eq!(plan.dimensions.len(), 2);
//! ```

mod check;
mod packs;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use silhouette_model::Head;
use thiserror::Error;

use super::sentiment::HEAD as SENTIMENT;

pub use packs::PACKS;

/// Where in the profile a dimension stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Section {
    /// A mixture: what the person is about, each label with its share.
    Interests,
    /// How the texts feel; its head is judged text by text.
    Sentiment,
    /// One value that holds of the person: age group, region, occupation.
    Demographics,
    /// One value that holds of the person: lifestyle, risk appetite, a trait.
    Psychographics,
}

/// Who may say what the value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// The owner alone.
    Declared,
    /// The texts alone.
    Inferred,
    /// The owner where they said it, else the texts.
    #[default]
    Both,
}

/// One dimension of a profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Its name, unlike any other's.
    pub name: String,
    /// Where it stands.
    pub section: Section,
    /// The model's head that infers it; where the model has none of that name, its word lists do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Who may say what the value is.
    #[serde(default)]
    pub source: Source,
    /// Whether it is off until the owner agrees to it by name.
    #[serde(default)]
    pub sensitive: bool,
    /// Its name by language (`en`, `zh`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub display: BTreeMap<String, String>,
    /// Its labels; those of its head where there are none here.
    #[serde(default, rename = "label", skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
}

/// One label of a dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// The label above it, where the dimension is a taxonomy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Words of any language that speak for it where no head does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Its name by language (`en`, `zh`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub display: BTreeMap<String, String>,
}

/// What a profile is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfilePlan {
    /// The plan's name.
    pub name: String,
    /// Its dimensions, in the order in which they are shown.
    #[serde(default, rename = "dimension")]
    pub dimensions: Vec<Dimension>,
}

/// A plan that can't be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// The file is not TOML, or has keys that no plan has.
    #[error("profile plan: {0}")]
    Parse(String),
    /// A field is not as it must be.
    #[error("profile plan {plan}, {field}: expected {expected}, found {found}")]
    Field {
        /// The plan's name.
        plan: String,
        /// The field.
        field: String,
        /// What is accepted.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// No pack of this name comes with the crate.
    #[error("profile pack: expected one of {known}, found {found}")]
    UnknownPack {
        /// What was found.
        found: String,
        /// The packs there are.
        known: String,
    },
}

/// Heads of these names say something about the person that is nobody's business but theirs.
const DEMOGRAPHIC: [&str; 10] = [
    "age",
    "age_group",
    "education",
    "family",
    "gender",
    "income",
    "industry",
    "marital_status",
    "occupation",
    "region",
];

/// Heads of these names are about how a person is.
const PSYCHOGRAPHIC: [&str; 6] = ["lifestyle", "personality", "risk", "risk_appetite", "trait", "values"];

impl ProfilePlan {
    /// Reads and checks a plan.
    ///
    /// # Errors
    /// When the file is not TOML, has unknown keys, or says no usable plan: names the field.
    pub fn from_toml(text: &str) -> Result<Self, PlanError> {
        let plan: Self = toml::from_str(text).map_err(|e| PlanError::Parse(e.to_string()))?;
        plan.validate()?;
        Ok(plan)
    }

    /// The plan as a file.
    ///
    /// # Errors
    /// When it can't be written as TOML.
    pub fn to_toml(&self) -> Result<String, PlanError> {
        toml::to_string_pretty(self).map_err(|e| PlanError::Parse(e.to_string()))
    }

    /// One of the plans that come with the crate: see [`PACKS`].
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn pack(name: &str) -> Result<Self, PlanError> {
        let text = PACKS.iter().find(|(pack, _)| *pack == name).map(|(_, text)| text);
        let unknown =
            || PlanError::UnknownPack { found: name.to_owned(), known: PACKS.map(|(pack, _)| pack).join(", ") };
        Self::from_toml(text.ok_or_else(unknown)?)
    }

    /// What a model's heads imply where no plan says more: a head of a demographic or psychographic name is what its
    /// name says and sensitive, `sentiment` is the sentiment, every other head of labels an interest.
    pub fn of_heads(heads: &[Head]) -> Self {
        let dimension = |head: &Head| {
            let is = |names: &[&str]| names.contains(&head.name.to_lowercase().as_str());
            let section = if is(&DEMOGRAPHIC) {
                Section::Demographics
            } else if is(&PSYCHOGRAPHIC) {
                Section::Psychographics
            } else if head.name == SENTIMENT {
                Section::Sentiment
            } else {
                Section::Interests
            };
            Dimension {
                name: head.name.clone(),
                section,
                head: Some(head.name.clone()),
                source: Source::Both,
                sensitive: matches!(section, Section::Demographics | Section::Psychographics),
                display: BTreeMap::new(),
                labels: Vec::new(),
            }
        };
        Self { name: "heads".into(), dimensions: heads.iter().map(dimension).collect() }
    }

    /// This plan's dimensions, then those of `other` whose names are new.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        let new = |d: &Dimension| {
            !self.dimensions.iter().any(|own| own.name == d.name || (own.head.is_some() && own.head == d.head))
        };
        let new: Vec<_> = other.dimensions.into_iter().filter(|d| new(d)).collect();
        self.dimensions.extend(new);
        self
    }

    /// The dimension of this name.
    pub fn dimension(&self, name: &str) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.name == name)
    }
}

impl Dimension {
    /// The label of this name.
    pub fn label(&self, name: &str) -> Option<&Label> {
        self.labels.iter().find(|label| label.name == name)
    }

    /// A label's place in the taxonomy, from the top down to itself.
    pub fn path(&self, label: &str) -> Vec<String> {
        let mut path = vec![label.to_owned()];
        let mut at = self.label(label);
        while let Some(parent) = at.and_then(|label| label.parent.as_ref()) {
            // A plan that was checked has no circles; one that was not must still end.
            if path.contains(parent) {
                break;
            }
            path.push(parent.clone());
            at = self.label(parent);
        }
        path.reverse();
        path
    }

    /// Whether `value` may be declared: one of the labels, where there are any.
    pub fn admits(&self, value: &str) -> bool {
        self.labels.is_empty() || self.label(value).is_some()
    }
}

#[cfg(test)]
mod tests;
