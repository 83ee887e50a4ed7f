//! From a person's events to examples.

use silhouette_model::{Examples, Task, Unit, Vectoriser, person_text};
use silhouette_text::clean::DuplicateOptions;
use silhouette_text::{CleanOptions, CleanReport, Cleaner, Deduplicator, Event, Verdict};

use super::{DatasetError, later};
use crate::people::{Unseen, User};

/// What turns texts into examples.
pub(super) struct Encoding<'a> {
    pub(super) vectoriser: Vectoriser,
    pub(super) task: &'a Task,
    /// Whether the later texts of those who train are kept apart.
    pub(super) compare: bool,
}

/// People as numbers.
#[derive(Default)]
pub(super) struct Encoded {
    pub(super) users: Vec<User>,
    /// Texts of theirs that nobody trains on.
    pub(super) later: Vec<User>,
    pub(super) cleaned: CleanReport,
    pub(super) duplicates: u64,
}

impl Encoding<'_> {
    /// Cleans and encodes people in parallel, in the order given.
    pub(super) fn encode(
        &self,
        users: &[(String, Vec<Event>)],
        training: bool,
        threads: usize,
    ) -> Result<Encoded, DatasetError> {
        let share = users.len().div_ceil(threads.max(1)).max(1);
        let parts: Vec<Result<Encoded, DatasetError>> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                users.chunks(share).map(|part| scope.spawn(move || self.encode_part(part, training))).collect();
            workers.into_iter().map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        let mut all = Encoded { users: Vec::with_capacity(users.len()), ..Encoded::default() };
        for part in parts {
            let part = part?;
            all.users.extend(part.users);
            all.later.extend(part.later);
            all.cleaned.merge(&part.cleaned);
            all.duplicates += part.duplicates;
        }
        Ok(all)
    }

    pub(super) fn encode_part(&self, users: &[(String, Vec<Event>)], training: bool) -> Result<Encoded, DatasetError> {
        let cleaner = Cleaner::new(CleanOptions::default());
        let mut encoded = Encoded { users: Vec::with_capacity(users.len()), ..Encoded::default() };
        for (id, events) in users {
            let mut seen = Deduplicator::new(DuplicateOptions::default());
            let mut kept = Vec::with_capacity(events.len());
            for event in events {
                let mut event = event.clone();
                event.text = cleaner.clean_counted(&event.text, &mut encoded.cleaned);
                if training && !matches!(seen.check(id, &event.text), Verdict::New) {
                    encoded.duplicates += 1;
                    continue;
                }
                kept.push(event);
            }
            let user = if training {
                let (own, later) = self.training(id, &kept)?;
                encoded.later.extend(later);
                own
            } else {
                self.held_out(id, &kept)
            };
            if !(user.examples.is_empty() && user.unseen.is_empty()) {
                encoded.users.push(user);
            }
        }
        Ok(encoded)
    }

    /// What a person trains on, and what is kept apart, if anything is.
    fn training(&self, id: &str, events: &[Event]) -> Result<(User, Option<User>), DatasetError> {
        let user = |events: &[Event]| -> Result<User, DatasetError> {
            let examples = Examples::of(self.task, &self.vectoriser, events)?;
            Ok(User { id: id.to_owned(), examples, unseen: Vec::new() })
        };
        if !self.compare {
            return Ok((user(events)?, None));
        }
        let (earlier, later) = later::parted(events.to_vec());
        let (own, later) = (user(&earlier)?, user(&later)?);
        if own.examples.is_empty() {
            // Somebody without an earlier text would not take part at all.
            return Ok((user(events)?, None));
        }
        Ok((own, Some(later).filter(|later| !later.examples.is_empty())))
    }

    /// A held-out person's unknown label can't be predicted right. It must not stop the run, nor may
    /// the text vanish from the figures: under the head that is evaluated it is kept as unseen.
    fn held_out(&self, id: &str, events: &[Event]) -> User {
        let (examples, _) = Examples::of_known(self.task, &self.vectoriser, events);
        let evaluated = self.task.heads.iter().find(|head| !head.labels().is_empty());
        let unseen = events.iter().filter_map(|event| {
            let head = evaluated.filter(|head| head.target(event).is_err())?;
            let label = event.field(&head.field)?.to_string();
            let text = if head.unit == Unit::Person { person_text(events) } else { event.text.clone() };
            Some(Unseen { vector: self.vectoriser.vectorise(&text), label })
        });
        // What holds of the person is told once.
        let most = if evaluated.is_some_and(|head| head.unit == Unit::Person) { 1 } else { usize::MAX };
        User { id: id.to_owned(), unseen: unseen.take(most).collect(), examples }
    }
}
