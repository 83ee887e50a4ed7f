//! The noise of a plan, and what it costs.

use serde::Serialize;

use super::{Accountant, PlanError, PlanRequest, View};
use crate::accounting::{
    NoiseMultiplier, Rho, calibrate,
    rounding::{half_inverse_square_up, mul_up},
    tree::TreeSchedule,
    zcdp,
};

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
        let (epsilon, delta) = (request.epsilon, request.delta);
        let multiplier = match accountant {
            Accountant::Zcdp => calibrate::for_ledgers(epsilon, delta, participations)?,
            Accountant::Pld => calibrate::for_aggregator_by_pld(epsilon, delta, participations)?,
        };
        Self::given(request, participations, multiplier)
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
        Ok(Self {
            multiplier,
            rho_per_participation: zcdp::gaussian(multiplier),
            against_aggregator: View::of_aggregator(multiplier, participations, request.delta)?,
        })
    }

    /// All nodes that one user touches are Gaussian mechanisms of sensitivities `m_v`: together no worse
    /// than one of sensitivity `sqrt(F(K))`. Which rounds a user joins, so the `m_v`, may depend on what was
    /// released before, but their squares never add up to more than `F(K)`: that is what fully adaptive
    /// composition needs (Smith, Thakurta, "Fully Adaptive Composition for Gaussian Differential Privacy",
    /// 2022).
    fn tree(request: &PlanRequest, schedule: &TreeSchedule, accountant: Accountant) -> Result<Self, PlanError> {
        let (epsilon, delta) = (request.epsilon, request.delta);
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
            against_aggregator: View::of_aggregator(together, 1, delta)?,
        })
    }
}
