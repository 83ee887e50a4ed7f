//! From a person's events to examples.

use silhouette_model::{Examples, Task, Vectoriser};
use silhouette_text::clean::DuplicateOptions;
use silhouette_text::{CleanOptions, CleanReport, Cleaner, Deduplicator, Event, Verdict};

use super::DatasetError;
use crate::people::{Unseen, User};

/// What turns texts into examples.
pub(super) struct Encoding<'a> {
    pub(super) vectoriser: Vectoriser,
    pub(super) task: &'a Task,
}

pub(super) type Encoded = (Vec<User>, CleanReport, u64);

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
        let mut all = (Vec::with_capacity(users.len()), CleanReport::default(), 0);
        for part in parts {
            let (users, cleaned, duplicates) = part?;
            all.0.extend(users);
            all.1.merge(&cleaned);
            all.2 += duplicates;
        }
        Ok(all)
    }

    pub(super) fn encode_part(&self, users: &[(String, Vec<Event>)], training: bool) -> Result<Encoded, DatasetError> {
        let cleaner = Cleaner::new(CleanOptions::default());
        let mut report = CleanReport::default();
        let mut encoded = Vec::with_capacity(users.len());
        let mut duplicates = 0;
        for (id, events) in users {
            let mut seen = Deduplicator::new(DuplicateOptions::default());
            let mut kept = Vec::with_capacity(events.len());
            for event in events {
                let mut event = event.clone();
                event.text = cleaner.clean_counted(&event.text, &mut report);
                if training && !matches!(seen.check(id, &event.text), Verdict::New) {
                    duplicates += 1;
                    continue;
                }
                kept.push(event);
            }
            let user = if training {
                let examples = Examples::of(self.task, &self.vectoriser, &kept)?;
                User { id: id.clone(), examples, unseen: Vec::new() }
            } else {
                self.held_out(id, &kept)
            };
            if !(user.examples.is_empty() && user.unseen.is_empty()) {
                encoded.push(user);
            }
        }
        Ok((encoded, report, duplicates))
    }

    /// A held-out person's unknown label can't be predicted right. It must not stop the run, nor may
    /// the text vanish from the figures: under the head that is evaluated it is kept as unseen.
    fn held_out(&self, id: &str, events: &[Event]) -> User {
        let (examples, _) = Examples::of_known(self.task, &self.vectoriser, events);
        let evaluated = self.task.heads.iter().find(|head| !head.labels().is_empty());
        let unseen = events.iter().filter_map(|event| {
            let head = evaluated.filter(|head| head.target(event).is_err())?;
            let label = event.field(&head.field)?.to_string();
            Some(Unseen { vector: self.vectoriser.vectorise(&event.text), label })
        });
        User { id: id.to_owned(), unseen: unseen.collect(), examples }
    }
}
