//! The aggregator: it lets devices in, opens rounds, adds what they release, and publishes models.
//!
//! One process, one folder, one task. Devices enrol with a one-time token, check in over QUIC with
//! certificates on both ends, and send one bounded integer vector per round; the sum is exact, the
//! noise is OpenDP's, and what a round costs is on the disk before anybody is asked to join it.
//!
//! - [`TaskConfig`] and [`Plan`]: from a configuration file to the terms of every round;
//!   `sample.toml` beside this crate's manifest explains every key.
//! - [`Aggregator`]: opens a folder and runs; [`Running`] tells the addresses and stops.
//! - [`Event`]: progress, for a display.
//! - [`storage`]: what survives a `kill -9`.
//! - [`enrolment`]: the tokens that let devices in.
//! - [`ownership`]: who signed the terms, and with which key the rounds are signed.
//!
//! ```no_run
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! use silhouette_aggregator::{Aggregator, Event, Listen, TaskConfig};
//!
//! let aggregator = Aggregator::open("run", TaskConfig::load("sample.toml".as_ref())?)?;
//! let mut events = aggregator.events();
//! let running = aggregator.run(Listen::loopback(), std::future::pending()).await?;
//! while let Ok(event) = events.recv().await {
//!     if let Event::RoundClosed { round, reports, .. } = event {
//!         println!("round {round}: {reports} reports");
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! What it does not do: it trains and evaluates nothing (it builds without a tensor library), it
//! runs one task, and it is one process: no replicas. In mode `central` it sees every single
//! release before it adds the noise; devices that do not trust it with that ask for mode `local`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic"))]

mod admin;
mod aggregator;
pub mod enrolment;
pub mod ownership;
pub mod plan;
mod service;
pub mod storage;

pub use aggregator::{Addresses, Aggregator, Listen, ManifestSeed, OpenError, RunError, Running, endorser_public_key};
pub use enrolment::{EnrolmentError, create_tokens};
pub use ownership::{OwnershipError, TaskFile, TaskFileError};
pub use plan::{NoiseChoice, Plan, PlanError, TaskConfig, sample_config, sample_for};
pub use service::Event;
pub use storage::{Progress, RoundState, Storage, StorageError};
