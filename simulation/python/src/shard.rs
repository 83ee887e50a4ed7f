//! A worker: data and settings that stay, ranges of rounds that come.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use silhouette_model::NativeEngine;
use silhouette_simulation::{FederationError, SimulationConfig, SimulationShard};

use crate::input::Input;
use crate::refused;
use crate::remote::merge;

/// What the thread that has the data is asked.
enum Asked {
    Run { spec: Vec<u8>, start: usize, stop: usize },
    Merge { spec: Vec<u8>, parts: Vec<Vec<u8>> },
}

type Answer = Result<Vec<u8>, String>;

/// Its fingerprint, or why it can't work.
type Ready = Result<String, String>;

/// Trains ranges of rounds' devices, on threads that it keeps.
#[pyclass(frozen, module = "silhouette._native")]
pub(crate) struct Shard {
    ask: Mutex<Sender<(Asked, Sender<Answer>)>>,
    #[pyo3(get)]
    fingerprint: String,
}

#[pymethods]
impl Shard {
    /// The partial sum over the devices from place `start` to before place `stop` of a round.
    fn run<'py>(&self, py: Python<'py>, spec: &[u8], start: usize, stop: usize) -> PyResult<Bound<'py, PyBytes>> {
        self.answer(py, Asked::Run { spec: spec.to_vec(), start, stop })
    }

    /// Partial sums of one round as one.
    fn merge<'py>(&self, py: Python<'py>, spec: &[u8], parts: Vec<Vec<u8>>) -> PyResult<Bound<'py, PyBytes>> {
        self.answer(py, Asked::Merge { spec: spec.to_vec(), parts })
    }
}

impl Shard {
    /// A shard over data that are there already, with threads of its own.
    pub(crate) fn over(py: Python<'_>, input: Arc<Input>, threads: Option<usize>) -> PyResult<Self> {
        let (ask, asked) = channel();
        let (ready, is_ready) = channel();
        std::thread::spawn(move || serve(&input, threads, &ready, &asked));
        let fingerprint = py.detach(move || is_ready.recv()).map_err(gone)?.map_err(refused)?;
        Ok(Self { ask: Mutex::new(ask), fingerprint })
    }

    fn answer<'py>(&self, py: Python<'py>, asked: Asked) -> PyResult<Bound<'py, PyBytes>> {
        let (answer, answered) = channel();
        let sent = self.ask.lock().map_err(gone)?.send((asked, answer));
        sent.map_err(gone)?;
        let bytes = py.detach(move || answered.recv()).map_err(gone)?.map_err(refused)?;
        Ok(PyBytes::new(py, &bytes))
    }
}

/// The thread ended before it answered, which only a fault in it can make it do.
fn gone(_: impl std::fmt::Debug) -> PyErr {
    PyRuntimeError::new_err("the shard's thread has ended")
}

/// Keeps the data and works until nobody can ask any more.
fn serve(input: &Input, threads: Option<usize>, ready: &Sender<Ready>, asked: &Receiver<(Asked, Sender<Answer>)>) {
    let own = input.config.clone();
    let config = SimulationConfig { threads: threads.unwrap_or(own.threads), ..own };
    let shard = match SimulationShard::new(&input.data, &config, &NativeEngine) {
        Ok(shard) => shard,
        Err(error) => return drop(ready.send(Err(error.to_string()))),
    };
    // Who asked may be gone by now: nobody misses the answer then.
    drop(ready.send(Ok(shard.fingerprint().to_string())));
    for (asked, answer) in asked {
        drop(answer.send(work(&shard, asked).map_err(|error| error.to_string())));
    }
}

fn work(shard: &SimulationShard<'_>, asked: Asked) -> Result<Vec<u8>, FederationError> {
    let part = match asked {
        Asked::Run { spec, start, stop } => shard.run(&shard.decode(&spec)?, start..stop)?,
        Asked::Merge { spec, parts } => merge(shard, &shard.decode(&spec)?, &parts)?,
    };
    Ok(part.to_bytes()?)
}
