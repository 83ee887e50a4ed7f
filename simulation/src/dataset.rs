//! From a file of per-user text to virtual devices and held-out people.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest, Sha256};
use silhouette_model::{EncoderError, Examples, Task, TaskError, Vectoriser};
use silhouette_text::clean::DuplicateOptions;
use silhouette_text::{
    CleanOptions, CleanReport, Cleaner, Deduplicator, Event, ReadError, ReadOptions, ReadReport, Verdict, read_all,
};
use thiserror::Error;

use crate::config::{ConfigError, SimulationConfig};
use crate::recipe::Recipe;

/// What is to be learned.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskChoice {
    /// The values of this column are the labels; they are taken to be public.
    Field(String),
    /// A task file.
    Task(Box<Task>),
}

/// One person: labelled texts as numbers.
pub struct User {
    /// The user id of the file.
    pub id: String,
    /// The examples.
    pub examples: Examples,
}

/// People to train on and people never trained on.
pub struct Dataset {
    /// The task, its encoder as the recipe chose it.
    pub task: Task,
    /// The recipe.
    pub recipe: Recipe,
    /// People whose devices train.
    pub train: Vec<User>,
    /// People held out (`split_user` = `test`).
    pub test: Vec<User>,
    /// What the reader kept and skipped; empty for events made in memory.
    pub read: ReadReport,
    /// What cleaning changed.
    pub cleaned: CleanReport,
    /// Texts of training users left out as repeats of one of their earlier ones.
    pub duplicates: u64,
}

/// Data that make no federation.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A label or the task itself.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No row has a label.
    #[error("column {field}: expected labels in the training rows, found none; columns there are: {columns}")]
    NoLabels {
        /// The column asked for.
        field: String,
        /// Columns found.
        columns: String,
    },
    /// Too many labels to be a classification.
    #[error("column {field}: expected at most 4096 labels, found {found}; is it a text column?")]
    TooManyLabels {
        /// The column.
        field: String,
        /// Distinct values.
        found: usize,
    },
    /// Too few people.
    #[error("users: expected at least 2 to train on, found {found}: a sum over one person hides nothing")]
    TooFewUsers {
        /// Users with labelled training rows.
        found: usize,
    },
}

impl Dataset {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file, its labels or the settings can't be used; says which and where.
    pub fn load(
        path: &Path,
        options: &ReadOptions,
        choice: &TaskChoice,
        config: &SimulationConfig,
    ) -> Result<Self, DatasetError> {
        let (events, report) = read_all(path, options)?;
        let mut dataset = Self::of_events(events, choice, config)?;
        dataset.read = report;
        Ok(dataset)
    }

    /// The same from events in memory.
    ///
    /// # Errors
    /// When labels or settings can't be used.
    pub fn of_events(events: Vec<Event>, choice: &TaskChoice, config: &SimulationConfig) -> Result<Self, DatasetError> {
        let mut users: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        for event in events {
            users.entry(event.user.clone()).or_default().push(event);
        }
        let (test, train): (Vec<_>, Vec<_>) = users.into_iter().partition(|(id, events)| is_held_out(id, events));
        let labelled = |events: &[Event]| match choice {
            TaskChoice::Field(field) => events.iter().any(|e| e.field(field).is_some()),
            TaskChoice::Task(task) => task.heads.iter().any(|h| events.iter().any(|e| e.field(&h.field).is_some())),
        };
        let devices = train.iter().filter(|(_, events)| labelled(events)).count();
        if devices == 0 {
            return Err(no_labels(choice, &train));
        }
        if devices < 2 {
            return Err(DatasetError::TooFewUsers { found: devices });
        }
        let rho = config.plan(devices)?.map(|p| p.rho_total.get());
        let recipe = Recipe::of(config, devices, rho);
        let task = resolve(choice, &recipe, &train)?;
        let encoding = Encoding { vectoriser: Vectoriser::new(&task.encoder)?, task: &task };
        let (train, cleaned, duplicates) = encoding.encode(&train, true, config.threads)?;
        let (test, _, _) = encoding.encode(&test, false, config.threads)?;
        Ok(Self { task, recipe, train, test, read: ReadReport::default(), cleaned, duplicates })
    }
}

/// Held out by the column `split_user`, or by a hash of the id where there is none (a fifth).
fn is_held_out(id: &str, events: &[Event]) -> bool {
    match events.first().and_then(|e| e.field("split_user")) {
        Some(split) => split.to_string() == "test",
        None => {
            let hash = Sha256::digest(format!("split:{id}"));
            let mut first = [0; 8];
            first.copy_from_slice(&hash[..8]);
            u64::from_be_bytes(first) % 100 < 20
        }
    }
}

fn no_labels(choice: &TaskChoice, train: &[(String, Vec<Event>)]) -> DatasetError {
    let columns: BTreeSet<_> = train.iter().flat_map(|(_, e)| e).take(1000).flat_map(|e| e.extra.keys()).collect();
    let field = match choice {
        TaskChoice::Field(field) => field.clone(),
        TaskChoice::Task(task) => task.heads.iter().map(|h| h.field.as_str()).collect::<Vec<_>>().join(", "),
    };
    DatasetError::NoLabels { field, columns: columns.into_iter().cloned().collect::<Vec<_>>().join(", ") }
}

/// The task file, or a task whose labels are the column's values among *training* users.
fn resolve(choice: &TaskChoice, recipe: &Recipe, train: &[(String, Vec<Event>)]) -> Result<Task, DatasetError> {
    match choice {
        TaskChoice::Task(task) => {
            let mut task = task.as_ref().clone();
            task.encoder = recipe.encoder.clone();
            Ok(task)
        }
        TaskChoice::Field(field) => {
            let labels: BTreeSet<String> =
                train.iter().flat_map(|(_, e)| e).filter_map(|e| e.field(field)).map(|v| v.to_string()).collect();
            if labels.len() > 4096 {
                return Err(DatasetError::TooManyLabels { field: field.clone(), found: labels.len() });
            }
            Ok(Task::of_labels(field, labels, recipe.encoder.clone())?)
        }
    }
}

struct Encoding<'a> {
    vectoriser: Vectoriser,
    task: &'a Task,
}

type Encoded = (Vec<User>, CleanReport, u64);

impl Encoding<'_> {
    /// Cleans and encodes people in parallel, in the order given.
    fn encode(
        &self,
        users: &[(String, Vec<Event>)],
        deduplicate: bool,
        threads: usize,
    ) -> Result<Encoded, DatasetError> {
        let share = users.len().div_ceil(threads.max(1)).max(1);
        let parts: Vec<Result<Encoded, DatasetError>> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                users.chunks(share).map(|part| scope.spawn(move || self.encode_part(part, deduplicate))).collect();
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

    fn encode_part(&self, users: &[(String, Vec<Event>)], deduplicate: bool) -> Result<Encoded, DatasetError> {
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
                if deduplicate && !matches!(seen.check(id, &event.text), Verdict::New) {
                    duplicates += 1;
                    continue;
                }
                kept.push(event);
            }
            let examples = if deduplicate {
                Examples::of(self.task, &self.vectoriser, &kept)?
            } else {
                // A held-out person's unknown label can't be predicted right; it must not stop the run.
                kept.retain(|e| self.task.targets(e).is_ok());
                Examples::of(self.task, &self.vectoriser, &kept)?
            };
            if !examples.is_empty() {
                encoded.push(User { id: id.clone(), examples });
            }
        }
        Ok((encoded, report, duplicates))
    }
}
