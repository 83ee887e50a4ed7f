//! The egress audit: does anything a person wrote leave their device?
//!
//! A real aggregator and real devices (sealed store, ledger, certificate, participant) run a federation
//! over QUIC on the loopback interface. One person's texts hold made-up words in English and Chinese that
//! are nowhere else. A tap ends the encryption of every connection, enrolment included; every plaintext
//! byte in both directions, everything that is logged at any level, every file of the aggregator and of
//! the devices, the metrics page and the events are searched for those words in the spellings of
//! [`Spelling`], runs of the texts' feature numbers among them.
//!
//! Each place is also searched for something that must be there; one in which it is not found is an
//! error, not a pass. [`Fault::Plant`] puts the words into places on purpose, all of which must be found.
//!
//! What it does not do: find what a computation gives away. In mode `central` the aggregator sees the
//! vector, whose entries are the person's words as far as they can be guessed from features; a vector is
//! no text and is not searched for. Compressed or encrypted copies would not be found either.

mod device;
mod log;
mod observe;
mod outcome;
mod plant;
pub mod search;
mod site;
pub mod tap;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use silhouette_privacy::Mode;
use thiserror::Error;

pub use log::Log;
pub use outcome::{Finding, Outcome, Place};
pub use plant::Planted;
pub use search::{Canary, Coding, Spelling};
pub use tap::{Exchange, Tap, TapError};

use device::Device;
use observe::Places;
use site::Site;

/// What is broken in the control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// The words are put into a log line, into frames and into files on purpose, spelled differently.
    Plant,
}

/// What is run.
#[derive(Clone, Debug, PartialEq)]
pub struct EgressConfig {
    /// Who adds the noise.
    pub mode: Mode,
    /// Devices, all of them in every round: 3 to 50.
    pub devices: usize,
    /// Rounds, 1 to 20.
    pub rounds: u64,
    /// Seed of the people's other texts.
    pub seed: u64,
    /// What is broken on purpose.
    pub fault: Option<Fault>,
    /// After this the federation is given up.
    pub patience: Duration,
}

impl EgressConfig {
    /// Three devices, two rounds.
    pub fn new(mode: Mode) -> Self {
        Self { mode, devices: 3, rounds: 2, seed: 5, fault: None, patience: Duration::from_secs(120) }
    }

    fn check(&self) -> Result<(), EgressError> {
        let setting = |field, expected, found| Err(EgressError::Setting { field, expected, found });
        if !(3..=50).contains(&self.devices) {
            return setting("devices", "3 to 50", self.devices as u64);
        }
        if !(1..=20).contains(&self.rounds) {
            return setting("rounds", "1 to 20", self.rounds);
        }
        Ok(())
    }
}

/// Why nothing was audited.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EgressError {
    /// A setting outside its range.
    #[error("{field}: expected {expected}, found {found}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// What is accepted.
        expected: &'static str,
        /// What was found.
        found: u64,
    },
    /// A part of the federation failed.
    #[error("{part}: {reason}")]
    Part {
        /// Which.
        part: &'static str,
        /// Why.
        reason: String,
    },
    /// A device did not end with the task.
    #[error("device {device}: expected the task's end, found {found}")]
    Unfinished {
        /// The device, from 0.
        device: usize,
        /// How it ended.
        found: String,
    },
    /// The rounds took too long.
    #[error("the federation was not over after {} seconds", .0.as_secs())]
    Late(Duration),
    /// A place does not hold what must be there, so that finding nothing else there means nothing.
    #[error("{place}: expected to find {expected} there and did not: the search is blind")]
    Blind {
        /// The place.
        place: &'static str,
        /// What must be there.
        expected: String,
    },
    /// There is no tap.
    #[error(transparent)]
    Tap(#[from] TapError),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Says which part of the federation failed.
fn part<E: std::fmt::Display>(part: &'static str) -> impl Fn(E) -> EgressError {
    move |error| EgressError::Part { part, reason: error.to_string() }
}

/// Runs the federation and searches everything. `log` is where the calling program's logger writes to,
/// at every level. `progress` is told what is done next. Needs a tokio runtime of several threads.
///
/// # Errors
/// When the federation does not come to its end, or a place can't be searched.
pub async fn run(config: &EgressConfig, log: &Log, progress: &dyn Fn(&str)) -> Result<Outcome, EgressError> {
    config.check()?;
    progress("starting the aggregator");
    let site = Site::open(config).await?;
    progress("enrolling the devices");
    let mut devices = Vec::new();
    for (number, texts) in site.people.iter().enumerate() {
        devices.push(Device::enrol(&site, number, texts).await?);
    }
    progress("running the rounds");
    match tokio::time::timeout(config.patience, device::finish(&mut devices)).await {
        Err(_) => return Err(EgressError::Late(config.patience)),
        Ok(ended) => ended?,
    }
    let planted = match config.fault {
        None => Vec::new(),
        Some(Fault::Plant) => {
            progress("planting the words");
            plant::plant(&site, &devices[0], &mut log.clone()).await?
        }
    };
    progress("searching");
    let mut places = Places::collect(config, site, &devices, log).await?;
    places.check_sight(config)?;
    Ok(places.search(config, planted))
}

#[cfg(test)]
mod tests;
