//! Local training and prediction in Burn, on a compute device chosen at run time.
//!
//! [`choose`] picks the device and says why: a GPU through wgpu where a real adapter exists and
//! passes a canary, else the CPU. [`BurnEngine`] trains any of the task's encoders there.
//!
//! ```
//! use silhouette_engine::{Backend, choose};
//!
//! let chosen = choose(Backend::Flex).unwrap();
//! assert_eq!(chosen.engine.name(), "flex");
//! println!("{}", chosen.why);
//! ```
//!
//! What this crate does not do: random numbers. Initial weights, batch order and noise come from
//! seeded generators outside, because Burn's own are global to the process.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")
)]

mod canary;
mod device;
mod forward;
mod leaves;
mod train;

pub use canary::{CanaryError, canary};
pub use device::{Backend, BackendError, Chosen, Found, choose, survey};
pub use train::BurnEngine;
