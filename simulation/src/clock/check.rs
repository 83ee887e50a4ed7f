//! Which settings go with a virtual clock.

use silhouette_privacy::Mode;

use super::{ClockConfig, Pace, Staleness, fewest};
use crate::Millis;
use crate::config::{ConfigError, PrivacyChoice, SimulationConfig, ensure};

/// Longest deadline, in seconds: the week that a manifest may name.
const LONGEST_DEADLINE_S: f64 = 7.0 * 86_400.0;

/// Most versions of the model that are kept for devices at work.
const MOST_VERSIONS: u32 = 1_000;

/// Most devices at work at the same time.
const MOST_CONCURRENT: u32 = 10_000_000;

impl ClockConfig {
    /// Checks the clock on its own and with the rest of the settings.
    pub(crate) fn validate(&self, config: &SimulationConfig) -> Result<(), ConfigError> {
        let with = |field, expected: &str, holds, found: &str| {
            ensure(holds, field, &format!("{expected} with --trace"), found)
        };
        let masked = matches!(config.privacy, PrivacyChoice::Budget { mode: Mode::Distributed, .. });
        with("mode", "none, central or local", !masked, "distributed")?;
        with("schedule", "none", config.schedule.is_none(), "one")?;
        with("noise", "independent (an abandoned round would leave a hole in a tree)", !config.tree, "tree")?;
        match self.pace {
            Pace::Synchronous { over_selection, deadline_s, min_reports } => {
                let fits = (1.0..=10.0).contains(&over_selection);
                ensure(fits, "over-selection", "a number from 1 to 10", over_selection)?;
                let fits = (1.0..=LONGEST_DEADLINE_S).contains(&deadline_s);
                ensure(fits, "deadline", "1 to 604800 seconds, a week", deadline_s)?;
                let fewest = min_reports.unwrap_or(1);
                let most = config.cohort.unwrap_or(u32::MAX);
                ensure((1..=most).contains(&fewest), "min-reports", "1 to the cohort", fewest)
            }
            Pace::Asynchronous { buffer, concurrency, staleness, max_staleness } => {
                validate_asynchronous(config)?;
                ensure(buffer >= 1, "buffer", "at least 1", buffer)?;
                let most = MOST_CONCURRENT;
                ensure((1..=most).contains(&concurrency), "concurrency", "1 to 10000000", concurrency)?;
                ensure(max_staleness <= MOST_VERSIONS, "max-staleness", "0 to 1000 versions", max_staleness)?;
                match staleness {
                    Staleness::Polynomial { quarters } if !(1..=8).contains(&quarters) => {
                        ensure(false, "staleness", "an exponent from 0.25 to 2", f64::from(quarters) / 4.0)
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Milliseconds from the invitation to the end of a device's work, as its manifest says. Without rounds it is a
    /// week: an update is thrown away by its staleness, not by its time.
    pub(crate) fn deadline(&self) -> Millis {
        let seconds = match self.pace {
            Pace::Synchronous { deadline_s, .. } => deadline_s,
            Pace::Asynchronous { .. } => LONGEST_DEADLINE_S,
        };
        (seconds * 1e3) as Millis
    }

    /// Updates that make a version, where there are no rounds.
    pub(crate) fn buffer(&self) -> Option<u32> {
        match self.pace {
            Pace::Synchronous { .. } => None,
            Pace::Asynchronous { buffer, .. } => Some(buffer),
        }
    }

    /// Devices invited for so many reports.
    pub(crate) fn invitations(&self, cohort: u32) -> u64 {
        match self.pace {
            // As the coordinator counts.
            Pace::Synchronous { over_selection, .. } => (f64::from(cohort) * over_selection).ceil() as u64,
            Pace::Asynchronous { .. } => u64::from(cohort),
        }
    }

    /// Fewest reports of so many of which a result is made.
    pub(crate) fn min_reports(&self, cohort: u32) -> u32 {
        match self.pace {
            Pace::Synchronous { min_reports, .. } => fewest(min_reports, cohort),
            Pace::Asynchronous { .. } => cohort,
        }
    }

    /// Devices beyond its fewest reports that a round of so many wants to open with before it is full: the plan's
    /// over-selection, or more where the trace says that more vanish.
    pub(crate) fn spares(&self, cohort: u32) -> u32 {
        let Pace::Synchronous { over_selection, .. } = self.pace else { return 0 };
        let fewest = self.min_reports(cohort);
        let factor = over_selection.max(1.0 / (1.0 - self.trace.expected_drop_out()));
        let wanted = (f64::from(fewest) * factor).ceil() as u64;
        // No more than it invites when it is full: at most ten times the cohort.
        (wanted.min(self.invitations(cohort)) as u32).saturating_sub(fewest)
    }

    /// Rounds that one of `users` may join, where it is not asked for: half as many again as everybody's share. At any
    /// moment only some devices are there, and without the room the last rounds would wait for those who hardly are.
    /// Beside what makes the versions counts what is on its way at the end.
    pub(crate) fn participations(&self, rounds: u64, cohort: u32, users: usize) -> u64 {
        let on_the_way = match self.pace {
            Pace::Synchronous { .. } => 0,
            Pace::Asynchronous { concurrency, .. } => concurrency,
        };
        let needed = u128::from(rounds) * u128::from(self.invitations(cohort)) + u128::from(on_the_way);
        let share = (3 * needed).div_ceil(2 * users.max(1) as u128);
        // Nobody is in a round or a buffer twice.
        u64::try_from(share).unwrap_or(u64::MAX).min(rounds)
    }
}

/// What a buffer does not go with.
fn validate_asynchronous(config: &SimulationConfig) -> Result<(), ConfigError> {
    let with = |field, expected: &str, holds: bool, found: &str| {
        ensure(holds, field, &format!("{expected} with --asynchronous"), found)
    };
    let local = matches!(config.privacy, PrivacyChoice::Budget { mode: Mode::Local, .. });
    with("mode", "none or central", !local, "local")?;
    with("cohort", "none (--buffer says how many updates make a version)", config.cohort.is_none(), "a number")?;
    with("adaptive-clip", "one clip norm for all versions, none", config.adaptive_clip.is_none(), "one")?;
    with("min-separation", "1", config.min_separation == 1, &config.min_separation.to_string())?;
    with("evaluate-privately", "0", config.evaluate_privately == 0, &config.evaluate_privately.to_string())?;
    with("label-counts", "none", !config.label_counts, "one")
}
