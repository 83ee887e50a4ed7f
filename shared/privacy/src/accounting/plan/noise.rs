//! The noise of a plan, and what it costs.

use serde::Serialize;

use super::{Accountant, Others, PlanError, PlanRequest, View};
use crate::accounting::{
    NoiseMultiplier, Rho, calibrate,
    rounding::{half_inverse_square_up, mul_up},
    tree::TreeSchedule,
    zcdp,
};
use crate::budget::Charge;

/// Whether the noise of one round depends on that of another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoiseCorrelation {
    /// Fresh noise in every round.
    #[default]
    Independent,
    /// One tree of noise over all rounds ([`TreeSchedule`]); mode `central` only.
    Tree {
        /// Rounds between two participations of one user, at least; its device enforces it.
        min_separation: u64,
    },
}

/// Calibrated noise.
#[derive(Clone)]
pub(super) struct Noise {
    pub(super) multiplier: NoiseMultiplier,
    pub(super) rho_per_participation: Rho,
    /// The kinds of query beside training.
    pub(super) others: Others,
    pub(super) against_aggregator: View,
}

impl Noise {
    pub(super) fn of(request: &PlanRequest, participations: u64, accountant: Accountant) -> Result<Self, PlanError> {
        match request.noise {
            NoiseCorrelation::Independent => Self::independent(request, participations, accountant),
            NoiseCorrelation::Tree { min_separation } => {
                let schedule = TreeSchedule::new(request.rounds, participations, min_separation)?;
                Self::tree(request, &schedule, accountant)
            }
        }
    }

    fn independent(request: &PlanRequest, participations: u64, accountant: Accountant) -> Result<Self, PlanError> {
        let (multiplier, others) = Others::calibrated(request, participations, accountant)?;
        Self::with_others(request, participations, multiplier, others)
    }

    /// Independent noise of a given multiplier.
    pub(super) fn given(
        request: &PlanRequest,
        participations: u64,
        multiplier: NoiseMultiplier,
    ) -> Result<Self, PlanError> {
        if request.noise != NoiseCorrelation::Independent {
            return Err(PlanError::GivenTree);
        }
        let others = Others::beside(multiplier, request, participations)?;
        Self::with_others(request, participations, multiplier, others)
    }

    fn with_others(
        request: &PlanRequest,
        participations: u64,
        multiplier: NoiseMultiplier,
        others: Others,
    ) -> Result<Self, PlanError> {
        let all = others.participations_with(multiplier, participations);
        Ok(Self {
            multiplier,
            rho_per_participation: zcdp::gaussian(multiplier),
            against_aggregator: View::of_aggregator(&all, request.delta)?,
            others,
        })
    }

    /// What all participations of one user cost together, those in training and all others: whole billionths, as
    /// a ledger counts.
    pub(super) fn total(&self, participations: u64) -> Result<Rho, PlanError> {
        let training = Charge::of(self.rho_per_participation.get())?.times(participations).billionths();
        let all = training.saturating_add(self.others.billionths()?);
        Ok(Rho::new(Charge::of_billionths(all).map_or(0.0, Charge::rho))?)
    }

    /// All nodes that one user touches are Gaussian mechanisms of sensitivities `m_v`: together no worse
    /// than one of sensitivity `sqrt(F(K))`. Which rounds a user joins, so the `m_v`, may depend on what was
    /// released before, but their squares never add up to more than `F(K)`: that is what fully adaptive
    /// composition needs (Smith, Thakurta, "Fully Adaptive Composition for Gaussian Differential Privacy",
    /// 2022).
    fn tree(request: &PlanRequest, schedule: &TreeSchedule, accountant: Accountant) -> Result<Self, PlanError> {
        let (epsilon, delta) = (request.epsilon, request.delta);
        if request.evaluation.rounds + request.label_counts.rounds > 0 {
            return Err(PlanError::TreeAlongside);
        }
        let sensitivity = (schedule.nodes_touched(schedule.participations()) as f64).sqrt().next_up();
        let multiplier = match accountant {
            Accountant::Zcdp => calibrate::for_ledgers_in_tree(epsilon, delta, schedule)?,
            Accountant::Pld => {
                let alone = calibrate::for_aggregator_by_pld(epsilon, delta, 1)?;
                NoiseMultiplier::new((alone.get() * sensitivity).next_up())?
            }
        };
        let together = NoiseMultiplier::new((multiplier.get() / sensitivity).next_down())?;
        Ok(Self {
            multiplier,
            rho_per_participation: Rho::new(mul_up(schedule.cost(), half_inverse_square_up(multiplier.get())))?,
            others: Others::default(),
            against_aggregator: View::of_aggregator(&[(together, 1)], delta)?,
        })
    }
}
