//! A federation in one process: the production round, session and release code with the network
//! left out.
//!
//! [`Dataset`] turns a file of per-user text into virtual devices and held-out people, [`run`]
//! trains over them round by round, [`write_outputs`] leaves a summary, a log of rounds, the model
//! and a report behind. [`synth`] makes a population with planted profiles.
//!
//! ```
//! use silhouette_simulation::synth::{Population, SynthConfig};
//! use silhouette_simulation::{Dataset, SimulationConfig, TaskChoice, run};
//! use silhouette_model::NativeEngine;
//!
//! let people = Population::generate(SynthConfig { users: 30, ..SynthConfig::default() }).unwrap();
//! let config = SimulationConfig { rounds: 2, ..SimulationConfig::default() };
//! let events = people.events().cloned().collect();
//! let data = Dataset::of_events(events, &TaskChoice::Field("interest".into()), &config).unwrap();
//! let result = run(&data, &config, &NativeEngine, &mut |_| {}).unwrap();
//! assert_eq!(result.rounds.len(), 2);
//! ```
//!
//! [`audit`] attacks the real code and holds what the attack can tell against the promise.
//!
//! What it does not do: move bytes (but for [`audit::egress`]), keep a ledger on a disk, or hide
//! anything from the process it runs in. Its noise is reproducible and therefore not private.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic"))]

pub mod advise;
pub mod audit;
mod checkpoint;
mod clock;
mod compare;
mod config;
mod dataset;
mod device;
pub mod encoded;
mod estimate;
mod evaluate;
mod federation;
mod groups;
mod offers;
mod output;
pub mod partition;
mod past;
mod people;
pub mod quality;
mod recipe;
pub mod report;
mod run;
mod settings;
mod shard;
pub mod sweep;
pub mod synth;
mod trace;

pub use checkpoint::{CheckpointError, CheckpointEvery, Checkpoints};
/// Milliseconds of virtual time since the run began.
pub(crate) type Millis = u64;

pub use clock::{ClockConfig, Pace, Staleness};
pub use compare::{Comparison, Figures, SideBySide, compare};
pub use config::{Attack, ConfigError, EncoderChoice, Poison, PrivacyChoice, SimulationConfig};
pub use dataset::{Dataset, DatasetError, TaskChoice};
pub use device::PoisonError;
pub use encoded::{EncodedError, EncodedFile, write_encoded};
pub use estimate::{NoiseEstimate, noise_estimate};
pub use evaluate::{Evaluation, PersonResult, UserAccuracy, evaluate};
pub use federation::{FederationError, RoundRecord, Workers};
pub use output::{OutputError, Summary, compared, percent_with_error, report_data, told_privately, write_outputs};
pub use partition::{Partition, Skew};
pub use people::{MakePeople, People, PersonError, Unseen, User};
pub use recipe::Recipe;
pub use run::{RunError, RunResult, Stopped, run, run_checkpointed, run_from, run_on};
pub use settings::Settings;
pub use shard::{PartialSum, Place, RoundSpec, ShardError, SimulationShard};
pub use trace::{DEFAULT_TRACE, SpeedClass, TimeZone, Trace, TraceError};
