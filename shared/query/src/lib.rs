//! Federated queries, the device's half and the aggregator's half of each side by side.
//!
//! A query is one bounded vector per device and what is made of their noisy sum. Training is one:
//! the vector is a clipped model update. Evaluation is one, and so are counts of labels. All queries share one release pipeline and one budget.
//!
//! ```
//! use silhouette_query::{OptimiserConfig, ServerOptimiser};
//!
//! let mut server = ServerOptimiser::new(OptimiserConfig::default(), &[0.0, 0.0]).unwrap();
//! let published = server.step(&[0.5, -0.5], 0.0, 1, 10).unwrap(); // a decoded mean update
//! assert!(published[0] > 0.0 && published[1] < 0.0);
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic"))]

mod adaptive_clip;
mod estimate;
pub mod evaluate;
mod figures;
#[cfg(test)]
mod fixtures;
mod kinds;
pub mod label_counts;
mod labels;
mod optimiser;
pub mod robust;
pub mod train;

pub use adaptive_clip::{AdaptiveClipConfig, AdaptiveClipError, fraction_within_clip};
pub use estimate::Estimate;
pub use figures::Figures;
pub use kinds::{Asked, contribute, dimension, layout};
pub use optimiser::{OptimiserConfig, OptimiserError, OptimiserKind, ServerOptimiser};
