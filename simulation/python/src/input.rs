//! What a run is of: data and settings, as Python says them.

use std::path::PathBuf;

use pyo3::prelude::*;
use silhouette_simulation::synth::SynthConfig;
use silhouette_simulation::{Dataset, Settings, SimulationConfig, TaskChoice};
use silhouette_text::ReadOptions;

use crate::refused;

/// A data set and the settings of a run over it.
pub(crate) struct Input {
    pub(crate) data: Dataset,
    pub(crate) config: SimulationConfig,
}

impl Input {
    /// Reads settings (JSON by the names of the program's flags) and data: a file with a task, which is the name of a
    /// column or the path of a task file, or a made-up population.
    pub(crate) fn read(
        settings: &str,
        data: Option<PathBuf>,
        task: Option<&str>,
        population: Option<usize>,
    ) -> PyResult<Self> {
        let settings: Settings = serde_json::from_str(settings).map_err(|e| refused(format!("settings: {e}")))?;
        let config = settings.config().map_err(refused)?;
        let data = match (data, population) {
            (Some(path), None) => {
                let task = task.ok_or_else(|| refused("task: expected a column or a task file, found none"))?;
                Dataset::load(&path, &ReadOptions::default(), &choice(task)?, &config).map_err(refused)?
            }
            (None, Some(users)) => {
                let made = SynthConfig { users, seed: config.seed, ..SynthConfig::default() };
                Dataset::of_population(made, &config).map_err(refused)?
            }
            _ => return Err(refused("expected either data or population")),
        };
        Ok(Self { data, config })
    }
}

fn choice(task: &str) -> PyResult<TaskChoice> {
    if !task.ends_with(".toml") {
        return Ok(TaskChoice::Field(task.to_owned()));
    }
    let text = std::fs::read_to_string(task).map_err(|e| refused(format!("task {task}: {e}")))?;
    TaskChoice::from_toml(&text).map_err(|e| refused(format!("task {task}: {e}")))
}
