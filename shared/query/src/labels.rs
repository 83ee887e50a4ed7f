//! The head that evaluation and label counts are about.

use std::ops::Range;

use silhouette_model::{Example, Target, Task};
use silhouette_wire::ContentHash;

/// The first head of a task that has labels.
pub(crate) struct Labelled<'a> {
    index: usize,
    /// Its outputs among those of all heads.
    pub(crate) outputs: Range<usize>,
    name: &'a str,
    labels: &'a [String],
}

impl<'a> Labelled<'a> {
    pub(crate) fn of(task: &'a Task) -> Option<Self> {
        let (index, (head, outputs)) = task.ranges().enumerate().find(|(_, (head, _))| !head.labels().is_empty())?;
        Some(Self { index, outputs, name: &head.name, labels: head.labels() })
    }

    /// C: how many labels it has.
    pub(crate) fn count(&self) -> usize {
        self.labels.len()
    }

    /// The label that a text is known to have under this head.
    pub(crate) fn truth(&self, example: &Example) -> Option<usize> {
        match example.targets.get(self.index)? {
            Some(Target::Class(label)) => Some(*label as usize),
            _ => None,
        }
    }

    /// Names what the entries of a query's vector stand for: the query, the head, the labels in their order.
    pub(crate) fn layout(&self, query: &str) -> ContentHash {
        let mut bytes = Vec::new();
        for part in [query, self.name].into_iter().chain(self.labels.iter().map(String::as_str)) {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part.as_bytes());
        }
        ContentHash::of(&bytes)
    }
}
