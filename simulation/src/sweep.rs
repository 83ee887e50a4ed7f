//! Many runs over a grid of settings, that can be stopped and go on.
//!
//! A file names the data, the settings that all runs share and lists of values for those that vary. Every combination
//! is a *cell* with a folder of its own, whose `summary.json` appears when it is finished and not before. A sweep that
//! is started again skips what is finished, after making sure that it is of the same data and settings, and goes on
//! with a cell that was stopped from its checkpoint. Data are encoded once for each encoder that the cells need.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use silhouette_model::{Engine, Model};
use silhouette_text::{Event, ReadOptions, read_all};

use crate::checkpoint::{CheckpointEvery, Checkpoints};
use crate::config::SimulationConfig;
use crate::dataset::{Dataset, TaskChoice};
use crate::encoded::EncodedFile;
use crate::federation::RoundRecord;
use crate::output::Summary;
use crate::run::run_checkpointed;
use crate::synth::SynthConfig;

pub use error::SweepError;
pub use file::{Cell, Sweep};
pub use table::{Group, Look, Spread, groups, to_csv};

mod cell;
mod error;
mod file;
mod parse;
mod table;

/// A finished cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellResult {
    /// Its folder's name.
    pub name: String,
    /// The values of the settings that vary, by name, as they are written.
    pub values: Vec<(String, String)>,
    /// What the run came to.
    pub summary: Summary,
    /// Its rounds.
    pub rounds: Vec<RoundRecord>,
}

/// What happens during a sweep.
#[non_exhaustive]
pub enum SweepEvent<'e> {
    /// The cell was finished by an earlier sweep.
    Skipped(&'e Cell),
    /// The cell begins, or goes on from its checkpoint.
    Started {
        /// The cell.
        cell: &'e Cell,
        /// Whether it goes on.
        resumed: bool,
    },
    /// A round of it is over.
    Round {
        /// The cell.
        cell: &'e Cell,
        /// The round.
        record: &'e RoundRecord,
    },
    /// It is finished, and its results are on the disk.
    Finished {
        /// The cell.
        cell: &'e Cell,
        /// What it came to.
        summary: &'e Summary,
    },
}

/// Runs every cell that is not finished yet, each into its folder below `out`, and returns all of them in their order.
///
/// # Errors
/// Names the cell that can't be run, or whose results are of other data or settings.
pub fn run_sweep(
    sweep: &Sweep,
    out: &Path,
    engine: &dyn Engine,
    told: &mut dyn FnMut(SweepEvent<'_>),
) -> Result<Vec<CellResult>, SweepError> {
    let mut source = Source::of(sweep)?;
    let data = cell::hash_of_data(sweep)?;
    // All finished cells are looked at before the first run: what does not belong there is told at once.
    let mut done = Vec::with_capacity(sweep.cells.len());
    for cell in &sweep.cells {
        done.push(cell::finished(&cell_folder(out, cell), cell, &cell::identity(sweep, cell, &data, engine.name()))?);
    }
    let mut results = Vec::with_capacity(sweep.cells.len());
    for (cell, finished) in sweep.cells.iter().zip(done) {
        if let Some(result) = finished {
            told(SweepEvent::Skipped(cell));
            results.push(result);
            continue;
        }
        let folder = cell_folder(out, cell);
        cell::claim(&folder, &cell::identity(sweep, cell, &data, engine.name()))?;
        let result = run_cell(&mut source, cell, &folder, engine, told)?;
        told(SweepEvent::Finished { cell, summary: &result.summary });
        results.push(result);
    }
    Ok(results)
}

fn cell_folder(out: &Path, cell: &Cell) -> PathBuf {
    out.join(&cell.name)
}

fn run_cell(
    source: &mut Source<'_>,
    cell: &Cell,
    folder: &Path,
    engine: &dyn Engine,
    told: &mut dyn FnMut(SweepEvent<'_>),
) -> Result<CellResult, SweepError> {
    let failed = |why: Box<dyn std::error::Error + Send + Sync>| SweepError::Cell { cell: cell.name.clone(), why };
    let path = folder.join("checkpoint.bin");
    let every = if cell.config.clock.is_some() { CheckpointEvery::Never } else { CheckpointEvery::Seconds(5) };
    let checkpoints = Checkpoints { resume: path.exists(), path, every };
    told(SweepEvent::Started { cell, resumed: checkpoints.resume });
    let data = source.of_cell(cell).map_err(failed)?;
    let start = Model::new(data.task.clone(), cell.config.seed);
    let result = run_checkpointed(start, data, &cell.config, engine, &checkpoints, &mut |record| {
        told(SweepEvent::Round { cell, record });
    })
    .map_err(|e| failed(e.into()))?;
    let summary = Summary::of(data, &cell.config, &result, engine.name()).map_err(|e| failed(e.into()))?;
    let result =
        CellResult { name: cell.name.clone(), values: cell.values.clone(), summary, rounds: result.rounds.clone() };
    cell::write(folder, &result)?;
    checkpoints.forget().map_err(|e| failed(e.into()))?;
    Ok(result)
}

/// Where cells get their data from: the file is read once, and encoded when a cell needs another encoder than the one
/// before.
struct Source<'s> {
    sweep: &'s Sweep,
    choice: TaskChoice,
    events: Option<(Vec<Event>, silhouette_text::ReadReport)>,
    /// Of the last cell, and its settings.
    last: Option<(Dataset, SimulationConfig)>,
}

impl<'s> Source<'s> {
    fn of(sweep: &'s Sweep) -> Result<Self, SweepError> {
        Ok(Self { sweep, choice: sweep.task_choice()?, events: None, last: None })
    }

    fn of_cell(&mut self, cell: &Cell) -> Result<&Dataset, Box<dyn std::error::Error + Send + Sync>> {
        let config = &cell.config;
        let mut reused = self.last.take().filter(|(data, _)| !data.train.kept().is_empty());
        if let Some((data, of)) = &mut reused
            && !data.suits(of, &self.choice, config)?
        {
            reused = None;
        }
        let data = match reused {
            Some((data, _)) => data,
            None => self.encoded(config)?,
        };
        Ok(&self.last.insert((data, config.clone())).0)
    }

    fn encoded(&mut self, config: &SimulationConfig) -> Result<Dataset, Box<dyn std::error::Error + Send + Sync>> {
        if let Some(users) = self.sweep.population {
            let made = SynthConfig { users, seed: config.seed, ..SynthConfig::default() };
            return Ok(Dataset::of_population(made, config)?);
        }
        let Some(path) = &self.sweep.data else { return Err("no data".into()) };
        if EncodedFile::is_one(path) {
            // It stays on the disk: there is nothing to read or encode twice.
            return Ok(Dataset::load(path, &ReadOptions::default(), &self.choice, config)?);
        }
        let (events, read) = match self.events.take() {
            Some(events) => events,
            None => {
                let mut options = ReadOptions { strict: self.sweep.strict, ..ReadOptions::default() };
                options.default_user = Dataset::default_user(config);
                read_all(path, &options)?
            }
        };
        let mut data = Dataset::of_events(events.clone(), &self.choice, config)?;
        data.read = read.clone();
        self.events = Some((events, read));
        Ok(data)
    }
}
