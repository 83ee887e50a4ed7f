//! One person's labelled texts as numbers: what local training works on.

mod held_out;
mod person;

pub use person::person_text;

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
    compact: Compact,
}

/// The texts' vectors over the rows that this person's texts touch, side by side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compact {
    /// Rows touched by any text, sorted.
    pub(crate) rows: Vec<u32>,
    /// Text `i` has the entries from `offsets[i]` to `offsets[i + 1]`.
    offsets: Vec<u32>,
    /// The place of each entry's row among `rows`, and its value.
    entries: Vec<(u32, f32)>,
}

impl Compact {
    fn of(items: &[Example]) -> Self {
        let mut rows: Vec<u32> = items.iter().flat_map(|e| e.vector.indices().iter().copied()).collect();
        let mut compact = Self { offsets: vec![0], entries: Vec::with_capacity(rows.len()), ..Self::default() };
        rows.sort_unstable();
        rows.dedup();
        for item in items {
            // Every row of a text is among them.
            let local = |row: &u32| rows.binary_search(row).unwrap_or(0) as u32;
            let entries = item.vector.indices().iter().map(local).zip(item.vector.values().iter().copied());
            compact.entries.extend(entries);
            compact.offsets.push(compact.entries.len() as u32);
        }
        Self { rows, ..compact }
    }

    /// Parts that are known to fit: sorted rows, each in some text; `offsets` from 0 on, one more than there are texts;
    /// entries with places among the rows.
    pub(crate) fn from_parts(rows: Vec<u32>, offsets: Vec<u32>, entries: Vec<(u32, f32)>) -> Self {
        Self { rows, offsets, entries }
    }

    /// The entries of text `i`.
    #[inline]
    pub(crate) fn text(&self, i: usize) -> &[(u32, f32)] {
        &self.entries[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }
}

impl Examples {
    /// Encodes the events that carry at least one of the task's labels, and all of them as one text where the person
    /// has a label ([`Unit::Person`]).
    ///
    /// # Errors
    /// When an event has a label that the task does not know.
    pub fn of(task: &Task, vectoriser: &Vectoriser, events: &[Event]) -> Result<Self, TaskError> {
        let targets = events.iter().map(|event| task.targets(event)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of_targets(task, vectoriser, events, targets))
    }

    /// The same, a label that the task does not know counting as none; the second number says how many events have
    /// one. For a device, whose texts nobody else can mend: one odd label must not keep it from taking part.
    pub fn of_known(task: &Task, vectoriser: &Vectoriser, events: &[Event]) -> (Self, usize) {
        let mut unknown = 0;
        let known = |event: &Event| {
            let found: Vec<_> = task.heads.iter().map(|head| head.target(event)).collect();
            unknown += usize::from(found.iter().any(Result::is_err));
            found.into_iter().map(|target| target.ok().flatten()).collect()
        };
        let targets = events.iter().map(known).collect();
        (Self::of_targets(task, vectoriser, events, targets), unknown)
    }

    fn of_targets(
        task: &Task,
        vectoriser: &Vectoriser,
        events: &[Event],
        mut targets: Vec<Vec<Option<Target>>>,
    ) -> Self {
        let person = person::example(task, vectoriser, events, &mut targets);
        let labelled = events.iter().zip(targets).filter(|(_, targets)| targets.iter().any(Option::is_some));
        let (texts, targets): (Vec<&str>, Vec<_>) = labelled.map(|(event, targets)| (&*event.text, targets)).unzip();
        let vectors = vectoriser.vectorise_all(&texts);
        let examples = vectors.into_iter().zip(targets).map(|(vector, targets)| Example { vector, targets });
        Self::from_items(examples.chain(person).collect())
    }

    /// These examples in two: those to train on, and those held out for evaluation, which no device ever
    /// trains on.
    ///
    /// Whether a text is held out hangs on the text alone, by a hash of its vector: of all texts about
    /// `percent` per cent are. It stays on its side when others come or go, so that no text is trained on
    /// in one round and evaluated in another, and a text that several people have is on the same side for all
    /// of them. A person may have none.
    pub fn parted(&self, percent: u8) -> (Self, Self) {
        let (out, kept) = self.items.iter().cloned().partition(|e| held_out::is_held_out(&e.vector, percent));
        (Self::from_items(kept), Self::from_items(out))
    }

    /// Examples made elsewhere.
    pub fn from_items(items: Vec<Example>) -> Self {
        let compact = Compact::of(&items);
        Self { items, compact }
    }

    /// Examples with their vectors side by side, made elsewhere.
    pub(crate) fn from_parts(items: Vec<Example>, compact: Compact) -> Self {
        Self { items, compact }
    }

    /// The texts' vectors, side by side.
    pub(crate) fn compact(&self) -> &Compact {
        &self.compact
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_label_leaves_the_text_its_other_labels() {
        let task = Task::from_toml(
            r#"
            name = "t"
            [[head]]
            name = "a"
            kind = "classes"
            labels = ["x", "y"]
            field = "a"
            [[head]]
            name = "b"
            kind = "score"
            min = 0.0
            max = 1.0
            field = "b"
            "#,
        )
        .unwrap();
        let event = |a: &str, b: f64| {
            let mut event = Event::new("me", "some text");
            event.extra.insert("a".into(), a.into());
            event.extra.insert("b".into(), b.into());
            event
        };
        let events = [event("x", 0.5), event("z", 0.5), event("z", 7.0)];
        let vectoriser = Vectoriser::new(&task.encoder).unwrap();
        let (examples, unknown) = Examples::of_known(&task, &vectoriser, &events);
        assert_eq!(examples.items()[0].targets, [Some(Target::Class(0)), Some(Target::Score(0.5))]);
        assert_eq!(examples.items()[1].targets, [None, Some(Target::Score(0.5))]);
        assert_eq!((examples.len(), unknown), (2, 2));
        assert!(Examples::of(&task, &vectoriser, &events).is_err());
    }
}
