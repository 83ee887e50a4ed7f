//! One thing that a task predicts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use silhouette_text::Event;

use super::TaskError;

/// Longest display name, in characters.
const LONGEST_NAME: usize = 64;

/// Languages that have display names.
const LANGUAGES: [&str; 2] = ["en", "zh"];

/// One thing that is predicted of a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub struct Head {
    /// The head's name.
    pub name: String,
    /// Where the label is found: a column of the data.
    pub field: String,
    /// What kind of label.
    pub kind: HeadKind,
    /// What has the label: a text, or the person.
    pub unit: Unit,
    /// Names shown to readers, by language (`en`, `zh`). What has none is shown as it is.
    pub display: BTreeMap<String, DisplayNames>,
}

/// What a label is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Unit {
    /// Each text has its own.
    #[default]
    Text,
    /// The person has one, and all of their texts together speak for it: age group, gender, region. A device trains on
    /// one example, whatever the number of its texts.
    Person,
}

/// The kind of a head.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadKind {
    /// One of several labels; softmax and cross-entropy.
    Classes {
        /// The labels, in the order of the outputs. They are public.
        labels: Vec<String>,
    },
    /// A number; one output, squared error on the value scaled to [0, 1].
    Score {
        /// The smallest value.
        min: f32,
        /// The largest value.
        max: f32,
    },
}

/// How a head is shown in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DisplayNames {
    /// The head's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Names of labels, by label; labels may be left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What a text is known to be under one head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The label's index.
    Class(u32),
    /// The value, scaled to [0, 1].
    Score(f32),
}

/// A head as it stands in a file: every key by name, so that an unknown one is an error (serde can't
/// tell them next to a flattened enum).
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    field: String,
    kind: Kind,
    #[serde(default, skip_serializing_if = "is_text")]
    unit: Unit,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<f32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    display: BTreeMap<String, DisplayNames>,
}

fn is_text(unit: &Unit) -> bool {
    *unit == Unit::Text
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Classes,
    Score,
}

impl TryFrom<Row> for Head {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let kind = match (row.kind, row.labels, row.min, row.max) {
            (Kind::Classes, Some(labels), None, None) => HeadKind::Classes { labels },
            (Kind::Score, None, Some(min), Some(max)) => HeadKind::Score { min, max },
            (Kind::Classes, labels, ..) => {
                let found = if labels.is_none() { "no labels" } else { "min or max" };
                return Err(format!("head {}: expected labels alone for kind classes, found {found}", row.name));
            }
            (Kind::Score, labels, ..) => {
                let found = if labels.is_some() { "labels" } else { "one of them or none" };
                return Err(format!("head {}: expected min and max for kind score, found {found}", row.name));
            }
        };
        Ok(Self { name: row.name, field: row.field, kind, unit: row.unit, display: row.display })
    }
}

impl From<Head> for Row {
    fn from(head: Head) -> Self {
        let (kind, labels, min, max) = match head.kind {
            HeadKind::Classes { labels } => (Kind::Classes, Some(labels), None, None),
            HeadKind::Score { min, max } => (Kind::Score, None, Some(min), Some(max)),
        };
        Self { name: head.name, field: head.field, kind, unit: head.unit, labels, min, max, display: head.display }
    }
}

/// What of a head is wrong: the key, what is accepted, what was found.
type Wrong = (&'static str, &'static str, String);

impl Head {
    /// A head that is shown as it is called.
    pub fn new(name: impl Into<String>, field: impl Into<String>, kind: HeadKind) -> Self {
        Self { name: name.into(), field: field.into(), kind, unit: Unit::Text, display: BTreeMap::new() }
    }

    /// How many outputs the head has.
    pub fn outputs(&self) -> usize {
        match &self.kind {
            HeadKind::Classes { labels } => labels.len(),
            HeadKind::Score { .. } => 1,
        }
    }

    /// The labels, empty for a score.
    pub fn labels(&self) -> &[String] {
        match &self.kind {
            HeadKind::Classes { labels } => labels,
            HeadKind::Score { .. } => &[],
        }
    }

    /// What `event` is known to be under this head; `None` where it has no label.
    ///
    /// # Errors
    /// When a label is there and is not one of the head's.
    pub fn target(&self, event: &Event) -> Result<Option<Target>, TaskError> {
        let Some(value) = event.field(&self.field) else { return Ok(None) };
        let value = value.to_string();
        match &self.kind {
            HeadKind::Classes { labels } => match labels.iter().position(|l| *l == value) {
                Some(i) => Ok(Some(Target::Class(i as u32))),
                None => Err(TaskError::UnknownLabel {
                    field: self.field.clone(),
                    expected: labels.join(", "),
                    found: value.chars().count(),
                }),
            },
            HeadKind::Score { min, max } => match value.parse::<f32>() {
                Ok(v) if v.is_finite() && (*min..=*max).contains(&v) => {
                    Ok(Some(Target::Score((v - min) / (max - min))))
                }
                _ => Err(TaskError::Score { field: self.field.clone(), min: *min, max: *max }),
            },
        }
    }

    pub(super) fn validate(&self) -> Result<(), Wrong> {
        match &self.kind {
            HeadKind::Classes { labels } => {
                if !(2..=4096).contains(&labels.len()) {
                    return Err(("labels", "2 to 4096 labels", labels.len().to_string()));
                }
                if labels.iter().collect::<BTreeSet<_>>().len() != labels.len() {
                    return Err(("labels", "each label once", "a repeated label".into()));
                }
            }
            HeadKind::Score { min, max } => {
                if !(min.is_finite() && max.is_finite() && min < max) {
                    return Err(("min", "min below max", format!("{min} to {max}")));
                }
            }
        }
        self.display.iter().try_for_each(|(language, names)| self.validate_names(language, names))
    }

    fn validate_names(&self, language: &str, names: &DisplayNames) -> Result<(), Wrong> {
        if !LANGUAGES.contains(&language) {
            return Err(("display", "the languages en and zh", language.to_owned()));
        }
        if let Some(label) = names.labels.keys().find(|key| !self.labels().contains(key)) {
            return Err(("display", "names for the head's labels", label.clone()));
        }
        // They come with a model from the network and end in a person's terminal and in HTML.
        let fits =
            |name: &String| (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        match names.name.iter().chain(names.labels.values()).find(|name| !fits(name)) {
            Some(name) => {
                let found = format!("{} characters", name.chars().count());
                Err(("display", "names of 1 to 64 characters without control characters", found))
            }
            None => Ok(()),
        }
    }
}
