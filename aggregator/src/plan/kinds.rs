//! The kinds of query of a task, and what each costs: one budget for all of them.

use silhouette_privacy::accounting::calibrate::{self, Part};
use silhouette_privacy::accounting::{Delta, Epsilon, NoiseMultiplier};
use silhouette_privacy::{Charge, ReleaseParameters};
use silhouette_query::{dimension, evaluate, label_counts, layout};
use silhouette_round::QuerySchedule;
use silhouette_wire::{ContentHash, LocalTraining, QueryKind};

use super::{Plan, PlanError, TaskConfig};

/// No device trains in rounds beside training.
pub(super) const NO_TRAINING: LocalTraining =
    LocalTraining { epochs: 0, batch: 0, learning_rate: 0.0, proximal_mu: 0.0, shuffled: false };

/// A kind of query beside training.
#[derive(Clone, Debug)]
pub(super) struct OtherKind {
    pub(super) query: QueryKind,
    pub(super) layout: ContentHash,
    pub(super) parameters: ReleaseParameters,
    pub(super) charge: Charge,
}

/// Which round asks for what.
pub(super) fn schedule(config: &TaskConfig) -> Result<QuerySchedule, PlanError> {
    Ok(QuerySchedule::new(config.rounds, config.evaluate_every, config.label_counts)?)
}

/// Rounds of one kind, out of the first `rounds` of all kinds, that one device can join: by the limit on this
/// kind, and by the separation, which holds over all kinds.
pub(super) fn participations(config: &TaskConfig, schedule: QuerySchedule, query: QueryKind, rounds: u64) -> u64 {
    let most = match query {
        QueryKind::Train => config.max_participations,
        QueryKind::Evaluate => config.max_evaluations,
        QueryKind::LabelCounts => 1,
    };
    let apart = rounds.min(schedule.rounds()).div_ceil(u64::from(config.min_separation.max(1)));
    schedule.count_until(query, rounds).min(apart).min(u64::from(most))
}

/// The kinds beside training that the schedule has rounds of, and each one's share of rho.
pub(super) fn others(config: &TaskConfig, schedule: QuerySchedule) -> Vec<(QueryKind, Part)> {
    let kinds = [(QueryKind::Evaluate, config.evaluation_share), (QueryKind::LabelCounts, config.label_counts_share)];
    let planned = kinds.into_iter().filter(|&(query, _)| schedule.count(query) > 0);
    let part =
        |query, share| Part { participations: participations(config, schedule, query, schedule.rounds()), share };
    planned.map(|(query, share)| (query, part(query, share))).collect()
}

/// Training's multiplier and those of the others, calibrated together: the charges of all kinds together are
/// what the promise holds for. With a stated multiplier the others get their shares beside it.
pub(super) fn multipliers(
    config: &TaskConfig,
    delta: Delta,
    schedule: QuerySchedule,
) -> Result<(f64, Vec<f64>), PlanError> {
    let parts: Vec<Part> = others(config, schedule).into_iter().map(|(_, part)| part).collect();
    let training = participations(config, schedule, QueryKind::Train, schedule.rounds());
    let plain = |all: Vec<NoiseMultiplier>| all.iter().map(|z| z.get()).collect();
    match (config.noise_multiplier, config.epsilon) {
        (Some(z), None) if parts.is_empty() => Ok((z, Vec::new())),
        (Some(z), None) => Ok((z, plain(calibrate::parts_beside(NoiseMultiplier::new(z)?, training, &parts)?))),
        (None, Some(epsilon)) => {
            let (z, others) = calibrate::for_ledgers_together(Epsilon::new(epsilon)?, delta, training, &parts)?;
            Ok((z.get(), plain(others)))
        }
        _ => Err(PlanError::OneOfTwo),
    }
}

/// The terms of each kind beside training.
pub(super) fn other_kinds(
    config: &TaskConfig,
    schedule: QuerySchedule,
    multipliers: &[f64],
    model: &silhouette_model::Model,
) -> Result<Vec<OtherKind>, PlanError> {
    let each = others(config, schedule).into_iter().zip(multipliers);
    each.map(|((query, _), &z)| {
        let (Some(d), Some(layout)) = (dimension(query, model), layout(query, model)) else {
            return Err(PlanError::NoLabels { query });
        };
        let clip = if query == QueryKind::Evaluate { evaluate::CLIP } else { label_counts::CLIP };
        let parameters = ReleaseParameters::new(config.mode, d, clip, z, config.cohort, config.min_reports)?;
        let charge = Charge::of(parameters.rho())?;
        Ok(OtherKind { query, layout, parameters, charge })
    })
    .collect()
}

impl Plan {
    /// Which round asks for what.
    pub fn schedule(&self) -> QuerySchedule {
        self.schedule
    }

    /// The public numbers of a release in round `round`; with an adaptive clip, in the first round of training.
    pub fn parameters_of(&self, round: u64) -> &ReleaseParameters {
        self.other(self.schedule.kind(round)).map_or(&self.parameters, |kind| &kind.parameters)
    }

    /// What round `round` costs each device that takes part.
    pub fn charge_of(&self, round: u64) -> Charge {
        self.charge_for(self.schedule.kind(round))
    }

    pub(super) fn charge_for(&self, query: QueryKind) -> Charge {
        self.other(query).map_or(self.charge, |kind| kind.charge)
    }

    pub(super) fn other(&self, query: QueryKind) -> Option<&OtherKind> {
        self.others.iter().find(|kind| kind.query == query)
    }

    /// What a device that joined as often as it could in the first `rounds` rounds of all kinds was charged.
    pub(super) fn spent_after(&self, rounds: u64) -> Option<Charge> {
        let spent = QueryKind::ALL.into_iter().map(|query| {
            let joined = participations(&self.config, self.schedule, query, rounds);
            if joined == 0 { 0 } else { self.charge_for(query).times(joined).billionths() }
        });
        Charge::of_billionths(spent.fold(0, u64::saturating_add))
    }
}
