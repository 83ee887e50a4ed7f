//! Local training and prediction in Burn, on a compute device chosen at run time.
//!
//! [`choose`] picks the device and says why: a GPU through wgpu where a real adapter exists and
//! passes a canary, else the CPU. [`BurnEngine`] trains any of the task's encoders there.
//!
//! ```
//! use silhouette_engine::{Backend, choose};
//!
//! let chosen = choose(Backend::Native).unwrap();
//! assert_eq!(chosen.engine.name(), "native");
//! println!("{}", chosen.why);
//! ```
//!
//! What this crate does not do: random numbers. Initial weights, batch order and noise come from
//! seeded generators outside, because Burn's own are global to the process.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic"))]

mod backend;
mod canary;
#[cfg(feature = "burn")]
mod device;
#[cfg(feature = "burn")]
mod forward;
#[cfg(feature = "burn")]
mod leaves;
#[cfg(feature = "burn")]
mod train;

pub use backend::{Backend, BackendError, Chosen, Found, choose, survey};
pub use canary::{CanaryError, canary};
#[cfg(feature = "burn")]
pub use train::BurnEngine;
