//! A data set whose people are in a file, encoded already.

use std::path::Path;
use std::time::Instant;

use super::{Dataset, DatasetError, TaskChoice, describe};
use crate::config::{ConfigError, SimulationConfig};
use crate::encoded::{EncodedError, EncodedFile};
use crate::recipe::Recipe;

impl Dataset {
    /// The people of a file that [`write_encoded`](crate::write_encoded) has left. Nobody is kept in memory; the task
    /// and its encoder are the file's.
    ///
    /// # Errors
    /// When the file can't be read or is damaged, or the settings ask for another encoder, a partition or a comparison:
    /// who has which rows, and how they are encoded, was settled when the file was written.
    pub fn of_encoded(path: &Path, config: &SimulationConfig) -> Result<Self, DatasetError> {
        let started = Instant::now();
        config.validate()?;
        let refused = |field, found: String| {
            let expected = "none with people who are encoded already".to_owned();
            DatasetError::Config(ConfigError::Setting { field, expected, found })
        };
        if let Some(partition) = config.partition {
            return Err(refused("partition", partition.skew.to_string()));
        }
        if config.compare {
            return Err(refused("compare", "a comparison".into()));
        }
        let file = EncodedFile::open(path)?;
        let task = file.task().clone();
        let (train, test) = file.people();
        let devices = train.len();
        if devices < 2 {
            return Err(DatasetError::TooFewUsers { found: devices });
        }
        let rho = config.plan(devices)?.map(|plan| plan.rho_of_training());
        let recipe = Recipe::of(config, Some(&task.encoder), devices, rho);
        if recipe.encoder != task.encoder {
            let expected = format!("the {} that the people are encoded for", describe(&task.encoder));
            let found = describe(&recipe.encoder);
            return Err(ConfigError::Setting { field: "encoder", expected, found }.into());
        }
        let mut data = Self::of_examples(task, recipe, train, test)?;
        let header = file.header();
        (data.read.rows, data.read.kept) = (header.rows_kept + header.rows_skipped, header.rows_kept);
        (data.read.skipped, data.duplicates) = (header.rows_skipped, header.duplicates);
        (data.dealt, data.unseen) = (header.dealt.clone(), header.unseen);
        data.notes.clone_from(&header.notes);
        data.notes.push("people: encoded earlier; cleaning, encoder and who is held out are as they were then".into());
        data.seconds = started.elapsed().as_secs_f64();
        Ok(data)
    }

    /// The same, if the file's task is the one asked for.
    pub(super) fn of_encoded_for(
        path: &Path,
        choice: &TaskChoice,
        config: &SimulationConfig,
    ) -> Result<Self, DatasetError> {
        let data = Self::of_encoded(path, config)?;
        let (same, expected) = match choice {
            TaskChoice::Field(field) => (data.task.heads.len() == 1 && data.task.heads[0].field == *field, field),
            TaskChoice::Task(task) => (**task == data.task, &task.name),
            TaskChoice::OpenTask(task) => (task.heads == data.task.heads && task.name == data.task.name, &task.name),
        };
        if same {
            return Ok(data);
        }
        let (file, expected, found) = (path.to_owned(), expected.clone(), data.task.name);
        Err(EncodedError::OtherTask { file, expected, found }.into())
    }
}
