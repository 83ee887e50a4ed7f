//! `silhouette._native`: what the Python package `silhouette` stands on.
//!
//! Settings and figures cross the border as JSON, models and sums as bytes; NumPy is the package's business. The
//! interpreter is let go while Rust works.

mod engine;
mod input;
mod remote;
mod shard;
mod simulation;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// An error of ours as Python sees it.
pub(crate) fn refused(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The module.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<simulation::Simulation>()?;
    module.add_class::<shard::Shard>()
}
