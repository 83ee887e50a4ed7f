//! What a sweep is.

use std::path::{Path, PathBuf};

use super::SweepError;
use super::parse::Parser;
use crate::config::SimulationConfig;
use crate::dataset::TaskChoice;
use crate::settings::Settings;

/// Most bytes of a sweep file.
const MOST_BYTES: u64 = 1 << 20;

/// A sweep: its data and its cells, all checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The sweep file.
    pub file: PathBuf,
    /// The data set, or none where people are made up.
    pub data: Option<PathBuf>,
    /// Made-up people instead of data.
    pub population: Option<usize>,
    /// The column that holds the label, or a task file.
    pub task: String,
    /// Whether a bad row ends the sweep.
    pub strict: bool,
    /// The engine asked for, by its name.
    pub backend: Option<String>,
    /// The settings that vary, in the order in which they are shown.
    pub axes: Vec<String>,
    /// The runs, in the order in which they are done.
    pub cells: Vec<Cell>,
    /// Combinations that make the same run as another one, such as every epsilon where there is no noise.
    pub repeated: usize,
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its folder's name.
    pub name: String,
    /// The values of the settings that vary, by name.
    pub values: Vec<(String, String)>,
    /// All of its settings.
    pub settings: Settings,
    /// The run they make.
    pub config: SimulationConfig,
}

impl Sweep {
    /// Reads a sweep file and checks every cell. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// Names the file and the entry that can't be used, or the cell whose settings make no run.
    pub fn read(file: &Path) -> Result<Self, SweepError> {
        let failed = |source| SweepError::File { path: file.to_owned(), source };
        let length = std::fs::metadata(file).map_err(failed)?.len();
        let parser = Parser { file };
        if length > MOST_BYTES {
            return Err(parser.odd("length", format!("at most {MOST_BYTES} bytes"), &length));
        }
        parser.sweep(&std::fs::read_to_string(file).map_err(failed)?)
    }

    /// The task, whose file is read now.
    ///
    /// # Errors
    /// When the file can't be read or describes no task.
    pub fn task_choice(&self) -> Result<TaskChoice, SweepError> {
        let path = Path::new(&self.task);
        if path.extension().is_none_or(|e| e != "toml") {
            return Ok(TaskChoice::Field(self.task.clone()));
        }
        let text =
            std::fs::read_to_string(path).map_err(|source| SweepError::File { path: path.to_owned(), source })?;
        TaskChoice::from_toml(&text).map_err(|e| Parser { file: &self.file }.odd("task", "a task file".to_owned(), &e))
    }
}
