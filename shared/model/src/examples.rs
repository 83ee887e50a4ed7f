//! One person's labelled texts as numbers: what local training works on.

use silhouette_text::Event;

use crate::task::{Target, Task, TaskError};
use crate::vector::{TextVector, Vectoriser};

/// One text with what is known of it.
#[derive(Clone, Debug)]
pub struct Example {
    /// The text as numbers.
    pub vector: TextVector,
    /// One target per head.
    pub targets: Vec<Option<Target>>,
}

/// A person's labelled texts. Made once and kept: with a frozen table a round only trains the head
/// on these vectors.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    items: Vec<Example>,
}

impl Examples {
    /// Encodes the events that carry at least one of the task's labels.
    ///
    /// # Errors
    /// When an event has a label that the task does not know.
    pub fn of(task: &Task, vectoriser: &Vectoriser, events: &[Event]) -> Result<Self, TaskError> {
        let mut items = Vec::new();
        for event in events {
            let targets = task.targets(event)?;
            if targets.iter().any(Option::is_some) {
                items.push(Example { vector: vectoriser.vectorise(&event.text), targets });
            }
        }
        Ok(Self { items })
    }

    /// Examples made elsewhere.
    pub fn from_items(items: Vec<Example>) -> Self {
        Self { items }
    }

    /// The examples in the order of their events.
    pub fn items(&self) -> &[Example] {
        &self.items
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
