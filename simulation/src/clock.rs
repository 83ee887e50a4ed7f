//! The virtual clock: how a run takes its time.
//!
//! Without it rounds follow each other and nobody is late. With it, a [`Trace`] says when which device is there and
//! how long its work takes, and the run counts virtual seconds, in one of two ways: rounds with over-selection and a
//! deadline ([`Pace::Synchronous`]), or a buffer that is emptied whenever it is full ([`Pace::Asynchronous`]).

mod check;
mod flights;
mod roster;
mod staleness;

use crate::Millis;
use crate::trace::{SECOND, Trace};

pub(crate) use flights::{Deserted, Flights, Limits, Start, World};
pub(crate) use roster::Roster;
pub use staleness::Staleness;

/// Devices that are not needed come back after so long; a round that lacks devices looks again after so long.
pub(crate) const PULSE: Millis = 60 * SECOND;

/// How long a round gathers before it opens with fewer devices than it wants: its fewest reports, and as many more as may
/// be expected to vanish.
pub(crate) const GATHERING: Millis = 3_600 * SECOND;

/// How long a round gathers before it opens with just its fewest reports: whatever a day brings was there once.
pub(crate) const GATHERING_LIMIT: Millis = 24 * 3_600 * SECOND;

/// A run ends when so many rounds in a row got no report at all: where one device in a hundred gets through, that
/// happens to rounds of fifty once in e^5 times.
pub(crate) const FRUITLESS_ROUNDS: usize = 10;

/// Without rounds, a run ends when so many devices in a row vanished: where one in a thousand gets through, that happens
/// once in e^10 times.
pub(crate) const FRUITLESS_STARTS: usize = 10_000;

/// A run that finds nobody for so long is over: whatever a day brings was there seven times.
pub(crate) const PATIENCE: Millis = 7 * 24 * 3_600 * SECOND;

/// Devices invited per report wanted: Bonawitz et al. 2019 (section 9) select 130 %.
pub(crate) const OVER_SELECTION: f64 = 1.3;

/// Deadline of a round, in seconds. Assumed: with the built-in trace all but the slowest are done long before.
pub(crate) const DEADLINE_S: f64 = 600.0;

/// Share of the reports wanted of which a round is still made, as the aggregator's own default.
pub(crate) const MIN_REPORTS: f64 = 0.8;

/// Versions of the model behind which an update is thrown away.
pub(crate) const MAX_STALENESS: u32 = 20;

/// Devices in time, and what the aggregator does about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClockConfig {
    /// The devices.
    pub trace: Trace,
    /// How updates become versions of the model.
    pub pace: Pace,
}

/// How updates become versions of the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Rounds: more devices are invited than reports are wanted, and the round closes with the last report wanted or at
    /// the deadline. With too few reports by then it is abandoned, and the model stays as it was.
    Synchronous {
        /// Devices invited per report wanted, 1 to 10.
        over_selection: f64,
        /// Seconds from the invitation to the end.
        deadline_s: f64,
        /// Fewest reports of which a result is made; 80 % of the cohort when absent.
        min_reports: Option<u32>,
    },
    /// FedBuff (Nguyen et al. 2022): devices start whenever a place is free, from the version of that moment; every
    /// `buffer` updates make a new one. The run's rounds count these.
    Asynchronous {
        /// Updates that make a version, K.
        buffer: u32,
        /// Devices at work at the same time, at most.
        concurrency: u32,
        /// How much less a stale update counts.
        staleness: Staleness,
        /// An update that started from more versions ago is thrown away; its device has paid for it.
        max_staleness: u32,
    },
}

impl Pace {
    /// In words, for reports that are wanted so many a round.
    pub fn describe(&self, cohort: u32) -> String {
        match *self {
            Self::Synchronous { over_selection, deadline_s, min_reports } => {
                let fewest = fewest(min_reports, cohort);
                format!(
                    "rounds of {cohort} reports, over-selection {over_selection}, deadline {deadline_s} s, at least \
                     {fewest} reports"
                )
            }
            Self::Asynchronous { buffer, concurrency, staleness, max_staleness } => format!(
                "a version for every {buffer} updates, {concurrency} devices at work, staleness {staleness}, at most \
                 {max_staleness} versions"
            ),
        }
    }
}

/// Fewest reports of a round, asked for or not.
fn fewest(asked: Option<u32>, cohort: u32) -> u32 {
    asked.unwrap_or_else(|| (f64::from(cohort) * MIN_REPORTS).ceil() as u32)
}

impl Default for Pace {
    fn default() -> Self {
        Self::Synchronous { over_selection: OVER_SELECTION, deadline_s: DEADLINE_S, min_reports: None }
    }
}
