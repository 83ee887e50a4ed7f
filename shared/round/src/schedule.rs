//! Which round asks for what.

use serde::{Deserialize, Serialize};
use silhouette_wire::QueryKind;
use thiserror::Error;

/// The rounds of a task by kind of query: one count of labels first if that is asked for, then training with an
/// evaluation after every so many rounds. Rounds of all kinds are numbered together, from 1.
///
/// ```
/// use silhouette_round::QuerySchedule;
/// use silhouette_wire::QueryKind::{Evaluate, LabelCounts, Train};
///
/// let schedule = QuerySchedule::new(4, 2, true).unwrap();
/// let kinds: Vec<_> = (1..=schedule.rounds()).map(|round| schedule.kind(round)).collect();
/// assert_eq!(kinds, [LabelCounts, Train, Train, Evaluate, Train, Train, Evaluate]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuerySchedule {
    training: u64,
    evaluate_every: u64,
    label_counts: bool,
}

/// An evaluation after more rounds of training than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("evaluations: expected one after every 1 to {training} rounds of training, or 0 for none, found {found}")]
pub struct ScheduleError {
    /// Rounds of training.
    pub training: u64,
    /// What was found.
    pub found: u64,
}

impl QuerySchedule {
    /// Nothing but training.
    pub fn training_alone(rounds: u64) -> Self {
        Self { training: rounds, evaluate_every: 0, label_counts: false }
    }

    /// `training` rounds, with an evaluation after every `evaluate_every` of them (0 for none), and labels counted
    /// in the very first round if `label_counts` says so.
    ///
    /// # Errors
    /// When there would be no evaluation though one is asked for.
    pub fn new(training: u64, evaluate_every: u64, label_counts: bool) -> Result<Self, ScheduleError> {
        if evaluate_every > training {
            return Err(ScheduleError { training, found: evaluate_every });
        }
        Ok(Self { training, evaluate_every, label_counts })
    }

    /// Rounds of all kinds.
    pub fn rounds(self) -> u64 {
        self.training.saturating_add(self.count(QueryKind::Evaluate)).saturating_add(self.first())
    }

    /// Rounds of one kind.
    pub fn count(self, query: QueryKind) -> u64 {
        match query {
            QueryKind::Train => self.training,
            QueryKind::Evaluate => self.training.checked_div(self.evaluate_every).unwrap_or(0),
            QueryKind::LabelCounts => self.first(),
        }
    }

    /// What round `round` asks for.
    pub fn kind(self, round: u64) -> QueryKind {
        if round <= self.first() {
            return QueryKind::LabelCounts;
        }
        let since = round - self.first();
        // After the last evaluation only training is left, fewer rounds than make another.
        let evaluates = self.evaluate_every > 0 && since.is_multiple_of(self.evaluate_every.saturating_add(1));
        if evaluates { QueryKind::Evaluate } else { QueryKind::Train }
    }

    /// Rounds of one kind up to round `round`, that one among them.
    pub fn count_until(self, query: QueryKind, round: u64) -> u64 {
        let round = round.min(self.rounds());
        let first = round.min(self.first());
        let since = round - first;
        let evaluations = if self.evaluate_every > 0 { since / self.evaluate_every.saturating_add(1) } else { 0 };
        match query {
            QueryKind::Train => since - evaluations,
            QueryKind::Evaluate => evaluations,
            QueryKind::LabelCounts => first,
        }
    }

    fn first(self) -> u64 {
        u64::from(self.label_counts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_evaluation_that_never_comes_is_refused() {
        assert_eq!(QuerySchedule::new(4, 5, false), Err(ScheduleError { training: 4, found: 5 }));
        assert_eq!(QuerySchedule::new(4, 0, false), Ok(QuerySchedule::training_alone(4)));
    }

    proptest! {
        #[test]
        fn the_counts_are_those_of_the_rounds(training in 1_u64..60, every in 0_u64..60, label_counts: bool) {
            let every = every % (training + 1);
            let schedule = QuerySchedule::new(training, every, label_counts).unwrap();
            for round in 0..=schedule.rounds() {
                for query in QueryKind::ALL {
                    let until = (1..=round).filter(|&r| schedule.kind(r) == query).count() as u64;
                    prop_assert_eq!(schedule.count_until(query, round), until);
                }
            }
            for query in QueryKind::ALL {
                prop_assert_eq!(schedule.count_until(query, schedule.rounds()), schedule.count(query));
            }
            // So many rounds of training between two evaluations, no evaluation of an untrained model.
            prop_assert!(every == 0 || schedule.count(QueryKind::Evaluate) == training / every);
            prop_assert!(label_counts == (schedule.kind(1) == QueryKind::LabelCounts));
        }
    }
}
