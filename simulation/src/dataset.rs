//! From a file of per-user text to virtual devices and held-out people.

mod encode;
mod encoded;
mod later;
mod made;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use sha2::{Digest, Sha256};
use silhouette_model::{EncoderError, EncoderSpec, Task, TaskError, Vectoriser};
use silhouette_text::{CleanReport, Event, ReadError, ReadOptions, ReadReport, read_all};
use thiserror::Error;

use self::encode::{Encoded, Encoding};
use crate::config::{ConfigError, SimulationConfig};
use crate::encoded::{EncodedError, EncodedFile};
use crate::partition::Dealt;
use crate::people::{People, User};
use crate::recipe::Recipe;

/// The column of a split of texts rather than people, as LEAF has it: who trains is then held out as well, as
/// somebody else, with the texts that say `test`.
const SPLIT_SAMPLE: &str = "split_sample";

/// The user of rows that are dealt out anyway, in a file without users.
const NOBODY: &str = "nobody";

/// What is to be learned.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskChoice {
    /// The values of this column are the labels; they are taken to be public.
    Field(String),
    /// A task with its encoder.
    Task(Box<Task>),
    /// A task that leaves its encoder to the recipe.
    OpenTask(Box<Task>),
}

impl TaskChoice {
    /// The task that a file of TOML describes; its encoder too, if the file states one.
    ///
    /// # Errors
    /// When it describes no usable task.
    pub fn from_toml(text: &str) -> Result<Self, TaskError> {
        let (task, states_encoder) = Task::from_toml_stating(text)?;
        Ok(if states_encoder { Self::Task(Box::new(task)) } else { Self::OpenTask(Box::new(task)) })
    }

    /// The encoder that the task states, if it does.
    pub fn stated_encoder(&self) -> Option<&EncoderSpec> {
        match self {
            Self::Task(task) => Some(&task.encoder),
            Self::Field(_) | Self::OpenTask(_) => None,
        }
    }

    fn columns(&self) -> Vec<&str> {
        match self {
            Self::Field(field) => vec![field],
            Self::Task(task) | Self::OpenTask(task) => task.heads.iter().map(|h| h.field.as_str()).collect(),
        }
    }

    /// The column by which a partition tells rows apart: the first of the task's that any row has.
    fn label_column(&self, events: &[Event]) -> Option<&str> {
        self.columns().into_iter().find(|column| events.iter().any(|event| event.field(column).is_some()))
    }
}

/// People to train on and people never trained on.
pub struct Dataset {
    /// The task, its encoder as the recipe chose it.
    pub task: Task,
    /// The recipe.
    pub recipe: Recipe,
    /// People whose devices train.
    pub train: People,
    /// People held out (`split_user` = `test`).
    pub test: People,
    /// Texts of theirs whose label is none of the task's.
    unseen: usize,
    /// Later texts of people who train, that nobody trains on; empty unless the run compares. In the order of the ids.
    pub later: Vec<User>,
    /// What the reader kept and skipped; empty for events made in memory.
    pub read: ReadReport,
    /// What cleaning changed.
    pub cleaned: CleanReport,
    /// Texts of training users left out as repeats of one of their earlier ones.
    pub duplicates: u64,
    /// What a partition came to, where the rows were dealt to made-up people.
    pub dealt: Option<Dealt>,
    /// What a reader of the results should know of how the data were taken, in sentences.
    pub notes: Vec<String>,
    /// Seconds of reading, cleaning and encoding.
    pub seconds: f64,
    /// People with a label among those who train, for whom the recipe is.
    devices: usize,
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
    /// A file of people who are encoded already.
    #[error(transparent)]
    Encoded(#[from] EncodedError),
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
    /// Reads a file: of texts, or of people who are [encoded](crate::encoded) already for the same task.
    ///
    /// # Errors
    /// When the file, its labels or the settings can't be used; says which and where.
    pub fn load(
        path: &Path,
        options: &ReadOptions,
        choice: &TaskChoice,
        config: &SimulationConfig,
    ) -> Result<Self, DatasetError> {
        let started = Instant::now();
        config.validate()?;
        if EncodedFile::is_one(path) {
            return Self::of_encoded_for(path, choice, config);
        }
        let mut options = options.clone();
        options.default_user = options.default_user.or_else(|| Self::default_user(config));
        let (events, report) = read_all(path, &options)?;
        let mut dataset = Self::of_events(events, choice, config)?;
        dataset.read = report;
        dataset.seconds = started.elapsed().as_secs_f64();
        Ok(dataset)
    }

    /// Whose rows without a user are: with a partition it does not matter any more.
    pub(crate) fn default_user(config: &SimulationConfig) -> Option<String> {
        config.partition.map(|_| NOBODY.to_owned())
    }

    /// Whether these data, encoded for a run of `of`, are also those of a run of `config`; if so they get its recipe.
    ///
    /// # Errors
    /// When the settings make no run.
    pub(crate) fn suits(
        &mut self,
        of: &SimulationConfig,
        choice: &TaskChoice,
        config: &SimulationConfig,
    ) -> Result<bool, DatasetError> {
        let same = (of.compare, of.partition) == (config.compare, config.partition);
        // The seed deals a partition's rows.
        if !same || (config.partition.is_some() && of.seed != config.seed) {
            return Ok(false);
        }
        let rho = config.rho_of_training(self.devices)?;
        let recipe = Recipe::of(config, choice.stated_encoder(), self.devices, rho);
        recipe.check()?;
        let suits = recipe.encoder == self.recipe.encoder;
        if suits {
            self.recipe = recipe;
        }
        Ok(suits)
    }

    /// The same from events in memory.
    ///
    /// # Errors
    /// When labels or settings can't be used.
    pub fn of_events(events: Vec<Event>, choice: &TaskChoice, config: &SimulationConfig) -> Result<Self, DatasetError> {
        let started = Instant::now();
        config.validate()?;
        let (events, dealt) = match (&config.partition, choice.label_column(&events)) {
            (Some(partition), Some(field)) => {
                let (events, dealt) = partition.apply(events, field, config.seed)?;
                (events, Some(dealt))
            }
            _ => (events, None),
        };
        let mut users: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        let by_sample = events.iter().any(|event| event.field(SPLIT_SAMPLE).is_some());
        for event in events {
            let held_out = event.field(SPLIT_SAMPLE).is_some_and(|split| split.to_string() == "test");
            let user = if held_out { format!("{} (held out)", event.user) } else { event.user.clone() };
            users.entry(user).or_default().push(event);
        }
        let (test, train): (Vec<_>, Vec<_>) = users.into_iter().partition(|(id, events)| is_held_out(id, events));
        let columns = choice.columns();
        let labelled = |events: &[Event]| columns.iter().any(|c| events.iter().any(|e| e.field(c).is_some()));
        let devices = train.iter().filter(|(_, events)| labelled(events)).count();
        if devices == 0 {
            return Err(no_labels(choice, &train));
        }
        if devices < 2 {
            return Err(DatasetError::TooFewUsers { found: devices });
        }
        let rho = config.rho_of_training(devices)?;
        let recipe = Recipe::of(config, choice.stated_encoder(), devices, rho);
        recipe.check()?;
        let task = resolve(choice, &recipe, &train)?;
        let vectoriser = Vectoriser::of(&task.encoder, config.encoder_weights.as_ref())?;
        let encoding = Encoding { vectoriser, task: &task, compare: config.compare };
        let Encoded { users: train, later, cleaned, duplicates } = encoding.encode(&train, true, config.threads)?;
        let test = encoding.encode(&test, false, config.threads)?.users;
        let mut notes = notes(choice, &recipe, &test);
        if config.compare {
            let texts = later::texts(&later);
            notes.push(format!(
                "compare: {texts} later texts of {} people who train are kept out of all training",
                later.len()
            ));
        }
        notes.extend(dealt.as_ref().map(Dealt::note));
        if by_sample && dealt.is_none() {
            notes.push(format!("{SPLIT_SAMPLE}: held-out texts are of people who may train on others of theirs"));
        }
        let (read, seconds) = (ReadReport::default(), started.elapsed().as_secs_f64());
        let train = train.into();
        let (unseen, test) = (unseen(&test), test.into());
        Ok(Self { task, recipe, train, test, unseen, later, read, cleaned, duplicates, dealt, notes, seconds, devices })
    }

    /// People whose texts are numbers already, made elsewhere: `train` take part, `test` are held out. What the
    /// recipe says is done to the letter, whatever the configuration of a run asks for.
    ///
    /// # Errors
    /// When the task or the recipe is out of range, or fewer than two people take part.
    pub fn of_examples(
        task: Task,
        recipe: Recipe,
        train: impl Into<People>,
        test: impl Into<People>,
    ) -> Result<Self, DatasetError> {
        let (train, test) = (train.into(), test.into());
        task.validate()?;
        recipe.check()?;
        if train.len() < 2 {
            return Err(DatasetError::TooFewUsers { found: train.len() });
        }
        let devices = train.len();
        Ok(Self {
            task,
            recipe,
            unseen: unseen(test.kept()),
            train,
            test,
            later: Vec::new(),
            read: ReadReport::default(),
            cleaned: CleanReport::default(),
            duplicates: 0,
            dealt: None,
            notes: Vec::new(),
            seconds: 0.0,
            devices,
        })
    }

    /// Held-out texts whose label no training user has. They count as wrong.
    pub fn unseen(&self) -> usize {
        self.unseen
    }
}

fn unseen(test: &[User]) -> usize {
    test.iter().map(|user| user.unseen.len()).sum()
}

fn notes(choice: &TaskChoice, recipe: &Recipe, test: &[User]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(stated) = choice.stated_encoder()
        && *stated != recipe.encoder
    {
        let (asked, stated) = (describe(&recipe.encoder), describe(stated));
        notes.push(format!("encoder: {asked} as asked for, instead of the task file's {stated}"));
    }
    let (texts, people) = (unseen(test), test.iter().filter(|u| !u.unseen.is_empty()).count());
    if texts > 0 {
        notes.push(format!(
            "{texts} texts of {people} held-out people have a label that is not among the task's: they count as wrong"
        ));
    }
    notes
}

fn describe(encoder: &EncoderSpec) -> String {
    match encoder {
        EncoderSpec::Bag(bag) => format!("{} of 2^{} buckets", encoder.describe(), bag.buckets_log2),
        EncoderSpec::Bert(bert) => format!("{} {} wide, cut at {} tokens", encoder.describe(), bert.dim, bert.length),
        EncoderSpec::Transformer(t) => format!("{} of 2^{} buckets", encoder.describe(), t.buckets_log2),
        _ => encoder.describe().to_owned(),
    }
}

/// Held out if any row says so in the column `split_user` (`test`), or `split_sample`: one row kept back by mistake costs
/// a user, one row trained on by mistake would make the figures wrong. By a hash of the id where no
/// row has the column (a fifth).
fn is_held_out(id: &str, events: &[Event]) -> bool {
    let mut splits = events.iter().filter_map(|e| e.field("split_user").or_else(|| e.field(SPLIT_SAMPLE))).peekable();
    if splits.peek().is_some() {
        return splits.any(|split| split.to_string() == "test");
    }
    let hash = Sha256::digest(format!("split:{id}"));
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first) % 100 < 20
}

fn no_labels(choice: &TaskChoice, train: &[(String, Vec<Event>)]) -> DatasetError {
    let columns: BTreeSet<_> = train.iter().flat_map(|(_, e)| e).take(1000).flat_map(|e| e.extra.keys()).collect();
    DatasetError::NoLabels {
        field: choice.columns().join(", "),
        columns: columns.into_iter().cloned().collect::<Vec<_>>().join(", "),
    }
}

/// The task file, or a task whose labels are the column's values among *training* users.
fn resolve(choice: &TaskChoice, recipe: &Recipe, train: &[(String, Vec<Event>)]) -> Result<Task, DatasetError> {
    match choice {
        TaskChoice::Task(task) | TaskChoice::OpenTask(task) => {
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

#[cfg(test)]
mod tests;
