//! What is to be learned: heads and their labels, read from a task file.

mod head;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use silhouette_text::Event;
use silhouette_wire::TaskId;
use thiserror::Error;

pub use self::head::{DisplayNames, Head, HeadKind, Target, Unit};
use crate::encoder::EncoderSpec;

/// A task: an encoder and the heads on it.
///
/// ```
/// let task = silhouette_model::Task::from_toml(r#"
///     name = "reviews"
///
///     [[head]]
///     name = "sentiment"
///     kind = "classes"
///     labels = ["negative", "positive"]
///     field = "sentiment"
/// "#).unwrap();
/// assert_eq!(task.outputs(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The task's name, also its id on the wire.
    pub name: String,
    /// How text becomes numbers.
    #[serde(default)]
    pub encoder: EncoderSpec,
    /// What is predicted.
    #[serde(rename = "head")]
    pub heads: Vec<Head>,
}

/// A task file or a label that can't be used.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum TaskError {
    /// The TOML does not say a task.
    #[error("task file: {0}")]
    Parse(String),
    /// A field is not as it must be.
    #[error("task {task}, {field}: expected {expected}, found {found}")]
    Field {
        /// The task's name.
        task: String,
        /// The field.
        field: String,
        /// What is accepted.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A label the task does not know.
    #[error("column {field}: expected one of {expected}, found an unknown label of {found} characters")]
    UnknownLabel {
        /// The column.
        field: String,
        /// The labels known.
        expected: String,
        /// The length of what was found; its text stays private.
        found: usize,
    },
    /// A score outside its range, or not a number.
    #[error("column {field}: expected a number from {min} to {max}")]
    Score {
        /// The column.
        field: String,
        /// Smallest.
        min: f32,
        /// Largest.
        max: f32,
    },
}

impl Task {
    /// Reads and checks a task file.
    ///
    /// # Errors
    /// When the file is not TOML, has unknown keys, or describes no usable task.
    pub fn from_toml(text: &str) -> Result<Self, TaskError> {
        Self::from_toml_stating(text).map(|(task, _)| task)
    }

    /// The same, with whether the file states an encoder. Where it does not, the task has the
    /// default one, and who reads the file may choose another.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn from_toml_stating(text: &str) -> Result<(Self, bool), TaskError> {
        let parse = |e: toml::de::Error| TaskError::Parse(e.to_string());
        let task: Self = toml::from_str(text).map_err(parse)?;
        task.validate()?;
        let keys: toml::Table = toml::from_str(text).map_err(parse)?;
        Ok((task, keys.contains_key("encoder")))
    }

    /// A task of one head whose labels are the given ones, sorted.
    ///
    /// # Errors
    /// When there are fewer than two labels, or the name is no task id.
    pub fn of_labels(field: &str, labels: BTreeSet<String>, encoder: EncoderSpec) -> Result<Self, TaskError> {
        let kind = HeadKind::Classes { labels: labels.into_iter().collect() };
        let head = Head::new(field, field, kind);
        let task = Self { name: field.to_owned(), encoder, heads: vec![head] };
        task.validate()?;
        Ok(task)
    }

    /// The task file.
    ///
    /// # Errors
    /// When the task can't be written as TOML.
    pub fn to_toml(&self) -> Result<String, TaskError> {
        toml::to_string_pretty(self).map_err(|e| TaskError::Parse(e.to_string()))
    }

    /// Checks what the types can't.
    ///
    /// # Errors
    /// Names the first field that is wrong.
    pub fn validate(&self) -> Result<(), TaskError> {
        let fail = |field: &str, expected, found: String| {
            Err(TaskError::Field { task: self.name.clone(), field: field.to_owned(), expected, found })
        };
        if self.name.parse::<TaskId>().is_err() {
            return fail("name", "1 to 64 characters of a-z 0-9 . _ -", self.name.clone());
        }
        if self.heads.is_empty() || self.heads.len() > 64 {
            return fail("head", "1 to 64 heads", self.heads.len().to_string());
        }
        let mut names = BTreeSet::new();
        for head in &self.heads {
            if !names.insert(&head.name) {
                return fail("head.name", "a name once", head.name.clone());
            }
            head.validate().or_else(|(key, expected, found)| fail(&format!("{}.{key}", head.name), expected, found))?;
        }
        self.encoder.validate().map_err(|e| TaskError::Parse(e.to_string()))
    }

    /// The task's id on the wire.
    ///
    /// # Errors
    /// When the name is no task id.
    pub fn id(&self) -> Result<TaskId, TaskError> {
        self.name.parse().map_err(|_| TaskError::Parse(format!("{} is not a task id", self.name)))
    }

    /// Outputs of all heads together.
    pub fn outputs(&self) -> usize {
        self.heads.iter().map(Head::outputs).sum()
    }

    /// Each head with the range of its outputs.
    pub fn ranges(&self) -> impl Iterator<Item = (&Head, std::ops::Range<usize>)> {
        self.heads.iter().scan(0, |start, head| {
            let range = *start..*start + head.outputs();
            *start = range.end;
            Some((head, range))
        })
    }

    /// The targets of an event, one per head; `None` where the event has no label.
    ///
    /// # Errors
    /// When a label is there and is not one of the task's.
    pub fn targets(&self, event: &Event) -> Result<Vec<Option<Target>>, TaskError> {
        self.heads.iter().map(|head| head.target(event)).collect()
    }
}

#[cfg(test)]
mod tests;
