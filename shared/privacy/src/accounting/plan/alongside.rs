//! Other kinds of query than training, within the same promise.

use serde::Serialize;

use super::{Accountant, CohortSampling, NoiseCorrelation, PlanError, PlanRequest, generous_cap};
use crate::accounting::{NoiseMultiplier, Rho, calibrate, calibrate::Part, zcdp};
use crate::budget::Charge;

/// Rounds of another kind of query than training, and what they get of the budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Alongside {
    /// Rounds of this kind; 0 for none.
    pub rounds: u64,
    /// Their share of rho, above 0; counts where there are rounds.
    pub share: f64,
}

/// Another kind of query than training in a costed task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PlannedKind {
    /// Rounds of this kind.
    pub rounds: u64,
    /// Their share of rho.
    pub share: f64,
    /// How often one user takes part in them at most; the device enforces it.
    pub participations_per_user: u64,
    /// Standard deviation of the noise over one user's norm bound.
    pub noise_multiplier: NoiseMultiplier,
    /// What one participation costs.
    pub rho_per_participation: Rho,
}

/// All of them.
#[derive(Clone, Default)]
pub(super) struct Others {
    pub(super) evaluation: Option<PlannedKind>,
    pub(super) label_counts: Option<PlannedKind>,
}

impl Others {
    /// Calibrates all kinds of a request together; returns training's multiplier too.
    pub(super) fn calibrated(
        request: &PlanRequest,
        training: u64,
        accountant: Accountant,
    ) -> Result<(NoiseMultiplier, Self), PlanError> {
        let (epsilon, delta, parts) = (request.epsilon, request.delta, parts(request, training)?);
        let (z, others) = match accountant {
            Accountant::Zcdp => calibrate::for_ledgers_together(epsilon, delta, training, &parts)?,
            Accountant::Pld => calibrate::for_aggregator_by_pld_together(epsilon, delta, training, &parts)?,
        };
        Ok((z, Self::of(request, &parts, &others)))
    }

    /// Those beside training whose noise was chosen.
    pub(super) fn beside(z: NoiseMultiplier, request: &PlanRequest, training: u64) -> Result<Self, PlanError> {
        let parts = parts(request, training)?;
        Ok(Self::of(request, &parts, &calibrate::parts_beside(z, training, &parts)?))
    }

    fn of(request: &PlanRequest, parts: &[Part], multipliers: &[NoiseMultiplier]) -> Self {
        let mut each = parts.iter().zip(multipliers);
        let mut next = |asked: Alongside| {
            let (part, &noise_multiplier) = (asked.rounds > 0).then(|| each.next())??;
            Some(PlannedKind {
                rounds: asked.rounds,
                share: part.share,
                participations_per_user: part.participations,
                noise_multiplier,
                rho_per_participation: zcdp::gaussian(noise_multiplier),
            })
        };
        Self { evaluation: next(request.evaluation), label_counts: next(request.label_counts) }
    }

    fn kinds(&self) -> impl Iterator<Item = &PlannedKind> {
        self.evaluation.iter().chain(&self.label_counts)
    }

    /// What the participations of all of them cost together.
    pub(super) fn billionths(&self) -> Result<u64, PlanError> {
        self.kinds().try_fold(0_u64, |sum, kind| {
            let charge = Charge::of(kind.rho_per_participation.get())?;
            Ok(sum.saturating_add(charge.times(kind.participations_per_user).billionths()))
        })
    }

    /// Multiplier and one user's participations, of training and of each of them.
    pub(super) fn participations_with(&self, z: NoiseMultiplier, training: u64) -> Vec<(NoiseMultiplier, u64)> {
        let others = self.kinds().map(|kind| (kind.noise_multiplier, kind.participations_per_user));
        std::iter::once((z, training)).chain(others).collect()
    }

    /// Multiplier and rounds, of training and of each of them.
    pub(super) fn rounds_with(&self, z: NoiseMultiplier, training: u64) -> Vec<(NoiseMultiplier, u64)> {
        std::iter::once((z, training)).chain(self.kinds().map(|kind| (kind.noise_multiplier, kind.rounds))).collect()
    }
}

fn parts(request: &PlanRequest, training: u64) -> Result<Vec<Part>, PlanError> {
    let asked = [request.evaluation, request.label_counts].into_iter().filter(|asked| asked.rounds > 0);
    let parts: Vec<Part> = asked
        .map(|asked| Part { participations: participations(request, asked.rounds, training), share: asked.share })
        .collect();
    if !parts.is_empty() && request.noise != NoiseCorrelation::Independent {
        return Err(PlanError::TreeAlongside);
    }
    Ok(parts)
}

/// How often one user takes part in `rounds` rounds beside training at most: the schedule's average, rounded
/// up, and as much more as the cap leaves training.
fn participations(request: &PlanRequest, rounds: u64, training: u64) -> u64 {
    let up = |times: u64, numerator: u64, denominator: u64| {
        let exact = (u128::from(times) * u128::from(numerator)).div_ceil(u128::from(denominator.max(1)));
        u64::try_from(exact).unwrap_or(rounds).min(rounds)
    };
    let average = up(rounds, request.cohort, request.population);
    match (request.participation_cap, request.sampling) {
        (Some(_), _) => average.max(up(training, rounds, request.rounds)),
        (None, CohortSampling::Poisson) => generous_cap(average, rounds),
        (None, CohortSampling::BalancedSchedule) => average,
    }
}
