//! Device traces: when a virtual device may take part, and how long its work takes.
//!
//! A [`Trace`] describes a population in a few numbers: speed classes, the hours at which devices look for work,
//! charging and network windows, how many vanish during their work. What one device does at one moment follows from
//! (seed, device) when it is asked, by a counter-based generator, so nothing is kept per device and a million
//! devices take no memory. Instead of the model of availability, a file may list each device's intervals.
//!
//! Time is virtual, in milliseconds since a Monday, 00:00 UTC. Nothing here looks at a real clock, and all arithmetic
//! is on integers or on the operations that IEEE 754 rounds exactly: the same trace on every machine.
//!
//! What it does not model: congestion (bandwidth does not depend on how many share it), devices that sleep through
//! their window, a day of the week, users who change their habits.

mod daily;
mod dice;
mod error;
mod fleet;
mod listed;
mod parse;

use std::sync::Arc;

use crate::Millis;
use crate::people::People;
use daily::Daily;
use listed::Listed;

pub use error::TraceError;
pub(crate) use fleet::{Effort, Fleet, Outcome};

/// One second.
pub(crate) const SECOND: Millis = 1_000;
/// One hour.
pub(crate) const HOUR: Millis = 3_600 * SECOND;
/// One day.
pub(crate) const DAY: Millis = 24 * HOUR;

/// The built-in trace's file, with where each number is from.
pub const DEFAULT_TRACE: &str = include_str!("trace/default.toml");

/// How fast a share of the devices is.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeedClass {
    /// Its name.
    pub name: String,
    /// Its share among devices, relative to the other classes' shares.
    pub share: f64,
    /// Seconds before the first example, every time: waking up, loading.
    pub startup_s: f64,
    /// Seconds of work on one labelled text, in each local epoch.
    pub seconds_per_example: f64,
    /// Megabits a second from the aggregator.
    pub down_mbps: f64,
    /// Megabits a second to the aggregator.
    pub up_mbps: f64,
    /// Devices of the class are up to this much faster or slower, each always by the same factor: 0 to below 1.
    #[serde(default)]
    pub spread: f64,
    /// The probability that it vanishes during a round's work; the trace's when absent.
    pub drop_out: Option<f64>,
}

/// A share of the devices that lives at this offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeZone {
    /// Hours east of Greenwich, -12 to 14.
    pub utc_offset_h: f64,
    /// Relative to the other zones' shares.
    pub share: f64,
}

/// When devices may take part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Availability {
    /// A device is eligible while it looks for work, charges and has an unmetered network.
    Daily { arrival: Box<Daily>, battery: Vec<Daily>, network: Vec<Daily> },
    /// Every device's own intervals, from a file.
    Listed(Arc<Listed>),
}

/// A population of devices in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Speed classes.
    pub(crate) speed: Vec<SpeedClass>,
    pub(crate) zones: Vec<TimeZone>,
    /// The probability that a device vanishes during a round's work.
    pub(crate) drop_out: f64,
    pub(crate) availability: Availability,
}

impl Trace {
    /// The speed classes.
    pub fn speed_classes(&self) -> &[SpeedClass] {
        &self.speed
    }

    /// The share of devices that vanish during their work of their own accord, over all speed classes.
    pub(crate) fn expected_drop_out(&self) -> f64 {
        let shares: f64 = self.speed.iter().map(|class| class.share).sum();
        let vanish = |class: &SpeedClass| class.share * class.drop_out.unwrap_or(self.drop_out);
        self.speed.iter().map(vanish).sum::<f64>() / shares
    }

    /// People of whom a list of intervals says nothing, and who are therefore never eligible; 0 where availability is
    /// modelled.
    ///
    /// # Errors
    /// When intervals are listed by user and the users have no names, or none of them is listed.
    pub fn unlisted(&self, people: &People) -> Result<usize, TraceError> {
        match &self.availability {
            Availability::Daily { .. } => Ok(0),
            Availability::Listed(listed) => Ok(listed.lines_of(people)?.iter().filter(|line| line.is_none()).count()),
        }
    }
}

#[cfg(test)]
mod tests;
