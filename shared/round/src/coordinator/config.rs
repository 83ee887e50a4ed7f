//! The numbers that shape a round.

use serde::{Deserialize, Serialize};
use silhouette_wire::QueryKind;
use thiserror::Error;

use crate::Millis;
use crate::schedule::QuerySchedule;

/// Most groups of a round: each needs a crowd of its own.
const MOST_GROUPS: u32 = 1000;

/// How rounds are gathered and closed. Durations in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoundConfig {
    /// Rounds of training.
    pub rounds: u64,
    /// An evaluation after every so many rounds of training; 0 for none.
    pub evaluate_every: u64,
    /// Whether the very first round counts labels.
    pub label_counts: bool,
    /// Reports wanted, n: the round closes when they are there. With groups: in each of them.
    pub cohort: u32,
    /// Fewest reports of which a result is made, `N_min`. With groups: of each of them.
    pub min_reports: u32,
    /// Groups that a round's devices are split into at random, each with its own manifest; 1 for no
    /// groups.
    pub groups: u32,
    /// Fewest groups of which a round is made.
    pub min_groups: u32,
    /// Devices invited per report wanted, at least 1: makes up for devices that vanish.
    pub over_selection: f64,
    /// How long to wait for a full cohort before a smaller one (at least `min_reports` and `spares`) starts.
    pub gathering: Millis,
    /// Devices beyond `min_reports` that a smaller cohort has to have, because so many may be expected to vanish: with
    /// none, the first that does abandons the round. With groups: in each of them.
    pub spares: u32,
    /// How long to wait for the spares, before a cohort of `min_reports` starts; at least `gathering`.
    pub gathering_limit: Millis,
    /// From the invitation to the end of the round.
    pub deadline: Millis,
    /// How long a check-in is held unanswered.
    pub hold: Millis,
    /// The window in which a device that was not needed comes back: earliest and latest.
    pub retry: (Millis, Millis),
    /// Rounds between two participations of one device, B; 1 = every round.
    pub min_separation: u32,
    /// Rounds of training one device may be asked to join.
    pub max_participations: u32,
    /// Evaluations one device may be asked to join.
    pub max_evaluations: u32,
}

impl Default for RoundConfig {
    fn default() -> Self {
        Self {
            rounds: 20,
            evaluate_every: 0,
            label_counts: false,
            cohort: 100,
            min_reports: 80,
            groups: 1,
            min_groups: 1,
            over_selection: 1.0,
            gathering: 30_000,
            spares: 0,
            gathering_limit: Millis::MAX,
            deadline: 120_000,
            hold: 25_000,
            retry: (5_000, 30_000),
            min_separation: 1,
            max_participations: u32::MAX,
            max_evaluations: u32::MAX,
        }
    }
}

/// A configuration that contradicts itself.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("round configuration, {field}: expected {expected}, found {found}")]
pub struct ConfigError {
    /// The field.
    pub field: &'static str,
    /// What is accepted.
    pub expected: &'static str,
    /// What was found.
    pub found: f64,
}

impl RoundConfig {
    /// Which round asks for what.
    ///
    /// # Errors
    /// When there would be no evaluation though one is asked for.
    pub fn schedule(&self) -> Result<QuerySchedule, ConfigError> {
        QuerySchedule::new(self.rounds, self.evaluate_every, self.label_counts).map_err(|error| ConfigError {
            field: "evaluate_every",
            expected: "0 to the rounds of training",
            found: error.found as f64,
        })
    }

    /// Rounds of one kind that one device may be asked to join.
    pub(crate) fn most_joined(&self, query: QueryKind) -> u32 {
        match query {
            QueryKind::Train => self.max_participations,
            QueryKind::Evaluate => self.max_evaluations,
            // There is one such round.
            QueryKind::LabelCounts => 1,
        }
    }

    /// Devices invited to one round, over all groups.
    pub fn invitations(&self) -> usize {
        self.invitations_of(self.groups as usize)
    }

    /// Devices invited to a round of this many groups.
    pub(crate) fn invitations_of(&self, groups: usize) -> usize {
        (f64::from(self.cohort) * self.over_selection * groups as f64).ceil() as usize
    }

    /// The fewest groups that seat this many devices, at least as many as a round is made of: groups of
    /// `N_min` would be lost with the first device that vanishes. 0 when each could not have `N_min` and so many spares.
    pub(crate) fn groups_of(&self, devices: usize, spares: u32) -> usize {
        let (fewest, most) = (self.min_groups.max(1) as usize, self.groups as usize);
        let groups = devices.div_ceil(self.cohort.max(1) as usize).clamp(fewest.min(most), most);
        if devices / groups >= self.min_reports as usize + spares as usize { groups } else { 0 }
    }

    /// Fewest reports of a round, over all groups.
    pub(crate) fn fewest_reports(&self) -> usize {
        self.min_reports as usize * self.min_groups as usize
    }

    /// Reports wanted of a round, over all groups.
    pub(crate) fn most_reports(&self) -> usize {
        self.cohort as usize * self.groups as usize
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let check = |ok: bool, field, expected, found: f64| {
            if ok { Ok(()) } else { Err(ConfigError { field, expected, found }) }
        };
        check(self.cohort >= 1, "cohort", "at least 1", f64::from(self.cohort))?;
        check(
            (1..=self.cohort).contains(&self.min_reports),
            "min_reports",
            "1 to the cohort",
            f64::from(self.min_reports),
        )?;
        check((1..=MOST_GROUPS).contains(&self.groups), "groups", "1 to 1000", f64::from(self.groups))?;
        check(
            (1..=self.groups).contains(&self.min_groups),
            "min_groups",
            "1 to the number of groups",
            f64::from(self.min_groups),
        )?;
        check((1.0..=10.0).contains(&self.over_selection), "over_selection", "1 to 10", self.over_selection)?;
        check(
            self.gathering_limit >= self.gathering,
            "gathering_limit",
            "at least gathering",
            self.gathering_limit as f64,
        )?;
        check(self.deadline >= 1, "deadline", "at least 1 ms", self.deadline as f64)?;
        check(self.min_separation >= 1, "min_separation", "at least 1", f64::from(self.min_separation))?;
        check(self.retry.0 <= self.retry.1, "retry", "earliest before latest", self.retry.0 as f64)
    }
}
