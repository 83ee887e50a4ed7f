//! A whole run.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use silhouette_model::{Model, Task};
use silhouette_simulation::{
    FederationError, RoundRecord, RunError, RunResult, Summary, run_from, run_on, write_outputs,
};

use crate::engine::Stoppable;
use crate::input::Input;
use crate::refused;
use crate::remote::Remote;
use crate::shard::Shard;

/// Data and settings, read once; runs.
#[pyclass(frozen, module = "silhouette._native")]
pub(crate) struct Simulation {
    input: Arc<Input>,
}

/// Figures as JSON, the model's parameters and its file, and each held-out person's accuracy as 64-bit floats.
type Outcome<'py> = (String, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pymethods]
impl Simulation {
    #[new]
    #[pyo3(signature = (settings, data=None, task=None, population=None))]
    fn new(
        py: Python<'_>,
        settings: &str,
        data: Option<PathBuf>,
        task: Option<&str>,
        population: Option<usize>,
    ) -> PyResult<Self> {
        let input = py.detach(|| Input::read(settings, data, task, population))?;
        Ok(Self { input: Arc::new(input) })
    }

    /// A worker over the same data. Only its number of threads may be its own.
    #[pyo3(signature = (threads=None))]
    fn shard(&self, py: Python<'_>, threads: Option<usize>) -> PyResult<Shard> {
        Shard::over(py, Arc::clone(&self.input), threads)
    }

    /// What is known before a run, as JSON.
    fn describe(&self) -> PyResult<String> {
        let Input { data, config } = self.input.as_ref();
        let plan = config.plan(data.train.len()).map_err(refused)?;
        let described = serde_json::json!({
            "users": data.train.len(), "users_test": data.test.len(),
            "texts": data.train.examples(),
            "labels": labels(&data.task), "encoder": data.task.encoder.describe(),
            "parameters": silhouette_model::Layout::of(&data.task).total(),
            "noise_multiplier": plan.as_ref().map(|plan| plan.noise_multiplier.get()),
            "participations": plan.as_ref().map(|plan| plan.participations_per_user),
            "notes": data.notes,
        });
        Ok(described.to_string())
    }

    /// Runs all rounds. `initial`: parameters to start from, little-endian 32-bit floats; `on_round` gets each round's
    /// record as JSON, and what it raises ends the run; `workers` trains the devices; `out` is a folder for the report.
    #[pyo3(signature = (initial=None, on_round=None, workers=None, out=None))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        initial: Option<&[u8]>,
        on_round: Option<Py<PyAny>>,
        workers: Option<Py<PyAny>>,
        out: Option<PathBuf>,
    ) -> PyResult<Outcome<'py>> {
        let Input { data, config } = self.input.as_ref();
        let model = match initial {
            None => Model::new(data.task.clone(), config.seed),
            Some(bytes) => Model::with_values(data.task.clone(), floats(bytes)?).map_err(refused)?,
        };
        let (result, summary) = py.detach(|| -> PyResult<_> {
            let engine = Stoppable::default();
            let mut raised = None;
            let mut progress = |record: &RoundRecord| {
                if let Err(error) = tell(on_round.as_ref(), record) {
                    engine.stop();
                    raised.get_or_insert(error);
                }
            };
            let result = match workers {
                None => run_from(model, data, config, &engine, &mut progress),
                Some(call) => run_on(model, data, config, &engine, &mut Remote { call }, &mut progress),
            };
            if let Some(error) = raised {
                return Err(error);
            }
            let result = result.map_err(own_error)?;
            let summary = Summary::of(data, config, &result, "native").map_err(refused)?;
            if let Some(out) = out {
                std::fs::create_dir_all(&out).map_err(|e| refused(format!("{}: {e}", out.display())))?;
                write_outputs(&out, data, config, &result, &summary).map_err(refused)?;
            }
            Ok((result, summary))
        })?;
        let values: Vec<u8> = result.model.values().iter().flat_map(|value| value.to_le_bytes()).collect();
        let file = result.model.to_safetensors().map_err(refused)?;
        let of_users: Vec<u8> = result.evaluation.user_accuracy().iter().flat_map(|a| a.to_le_bytes()).collect();
        let bytes = |bytes: &[u8]| PyBytes::new(py, bytes);
        Ok((figures(&result, &summary)?, bytes(&values), bytes(&file), bytes(&of_users)))
    }
}

/// Tells Python of a round. What it raises ends the run, and so does a signal.
fn tell(on_round: Option<&Py<PyAny>>, record: &RoundRecord) -> PyResult<()> {
    let json = serde_json::to_string(record).map_err(refused)?;
    Python::attach(|py| {
        py.check_signals()?;
        on_round.map_or(Ok(()), |call| call.call1(py, (json,)).map(drop))
    })
}

/// What the workers raised, as they raised it; our own errors as values that are refused.
fn own_error(error: RunError) -> PyErr {
    match error {
        RunError::Federation(FederationError::Workers { round, source }) => match source.downcast::<PyErr>() {
            Ok(raised) => *raised,
            Err(source) => refused(format!("round {round}: {source}")),
        },
        other => refused(other),
    }
}

fn figures(result: &RunResult, summary: &Summary) -> PyResult<String> {
    let confusion = &result.evaluation.confusion;
    let labels = labels(result.model.task());
    let counts: Vec<Vec<u64>> =
        (0..labels.len()).map(|i| (0..labels.len()).map(|j| confusion.count(i, j)).collect()).collect();
    let figures = serde_json::json!({
        "summary": summary, "rounds": result.rounds, "labels": labels, "confusion": counts,
        "accuracy_before": result.before.confusion.scores().accuracy,
    });
    Ok(figures.to_string())
}

/// The labels of the task's first head that has any.
fn labels(task: &Task) -> Vec<String> {
    task.heads.iter().map(silhouette_model::Head::labels).find(|labels| !labels.is_empty()).unwrap_or_default().to_vec()
}

fn floats(bytes: &[u8]) -> PyResult<Vec<f32>> {
    let (values, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(refused(format!("initial: expected 32-bit floats, found {} bytes", bytes.len())));
    }
    Ok(values.iter().map(|value| f32::from_le_bytes(*value)).collect())
}
