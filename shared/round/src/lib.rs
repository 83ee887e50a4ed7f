//! Rounds without I/O: the aggregator's [`Coordinator`] and the device's [`Session`].
//!
//! Both are pure state machines. Every input carries the time, every output is a list of effects
//! that a driver carries out: over QUIC, in the simulator, or in a test with a scripted clock. So
//! the simulator runs the production code with the network left out.
//!
//! ```
//! use silhouette_round::{Coordinator, Instruction, RoundConfig};
//! use silhouette_wire::DeviceId;
//!
//! let config = RoundConfig { cohort: 2, min_reports: 2, rounds: 1, ..RoundConfig::default() };
//! let mut coordinator = Coordinator::new(config, 0, [7; 32]).unwrap();
//! assert!(coordinator.check_in(0, DeviceId([1; 32])).is_empty()); // held until the cohort stands
//! let effects = coordinator.check_in(5, DeviceId([2; 32]));
//! assert!(matches!(effects[0], Instruction::Open { round: 1, .. }));
//! ```
//!
//! What this crate does not do: move bytes, keep state across a restart (its driver does, from the
//! numbers it is given back at construction), train, or choose models.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic"))]

mod coordinator;
#[cfg(test)]
mod fixtures;
mod masked;
mod participations;
mod policy;
mod schedule;
mod session;
mod terms;

pub use coordinator::{ConfigError, Coordinator, DeviceKey, Histories, Instruction, Participation, Phase, RoundConfig};
pub use masked::{Group, GroupsEffect, MaskedEffect, MaskedError, MaskedGroups, MaskedRound};
pub use participations::Participations;
pub use policy::{Agreed, Conditions, History, Policy, Refusal, Verified};
pub use schedule::{QuerySchedule, ScheduleError};
pub use session::{Action, Input, Session, Stage};
pub use terms::Terms;

/// Milliseconds since an epoch of the driver's choice (a clock that never runs backwards).
pub type Millis = u64;
