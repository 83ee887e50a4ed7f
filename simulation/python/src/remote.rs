//! Devices trained by whatever Python calls: processes, a cluster.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use silhouette_simulation::{FederationError, PartialSum, RoundSpec, SimulationShard, Workers};

/// A function of `(round, devices)`, bytes and their number, that returns a list of partial sums.
pub(crate) struct Remote {
    pub(crate) call: Py<PyAny>,
}

impl Remote {
    fn parts(&self, spec: &[u8], devices: usize) -> PyResult<Vec<Vec<u8>>> {
        Python::attach(|py| self.call.call1(py, (PyBytes::new(py, spec), devices))?.extract(py))
    }
}

impl Workers for Remote {
    fn run(&mut self, spec: &RoundSpec, shard: &SimulationShard<'_>) -> Result<PartialSum, FederationError> {
        let failed = |error: PyErr| FederationError::Workers { round: spec.round(), source: Box::new(error) };
        let parts = self.parts(&spec.to_bytes()?, spec.places().len()).map_err(failed)?;
        merge(shard, spec, &parts)
    }
}

/// All parts as one; of none, the sum over no device.
pub(crate) fn merge(
    shard: &SimulationShard<'_>,
    spec: &RoundSpec,
    parts: &[Vec<u8>],
) -> Result<PartialSum, FederationError> {
    let mut sum = shard.run(spec, 0..0)?;
    for part in parts {
        sum = sum.merge(shard.decode_partial(part, spec)?)?;
    }
    Ok(sum)
}
