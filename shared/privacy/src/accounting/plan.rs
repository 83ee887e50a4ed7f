//! What a task will cost its users and what noise it needs, before it starts.

mod alongside;
mod noise;
mod report;
mod views;

use serde::Serialize;
use thiserror::Error;

use super::{
    Adjacency, Delta, Epsilon, NoiseMultiplier, ParameterError, Rho, SamplingRate, calibrate::CalibrateError,
    tree::TreeError, zcdp,
};
use crate::budget::{Charge, ChargeError};

use alongside::Others;
use noise::Noise;

pub use alongside::{Alongside, PlannedKind};
pub use noise::NoiseCorrelation;
pub use report::{Assumption, Warning};
pub use views::View;

/// Which bound the noise was calibrated with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Accountant {
    /// [`zcdp`]: what the devices' ledgers add up, so that every ledger shows the promise.
    #[default]
    Zcdp,
    /// [`super::pld`]: exact, so less noise. Ledgers that charge `rho` show more than the promise.
    Pld,
}

/// How the cohort of a round comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CohortSampling {
    /// The aggregator spreads the rounds evenly: nobody takes part more often than the average,
    /// rounded up. No amplification is claimed.
    BalancedSchedule,
    /// Every device flips its own coin each round, with probability cohort / population, and nobody
    /// caps the cohort.
    Poisson,
}

/// The promise, and the shape of the task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanRequest {
    /// The promise against the aggregator, for all rounds together.
    pub epsilon: Epsilon,
    /// The promise against the aggregator, for all rounds together.
    pub delta: Delta,
    /// Rounds of training.
    pub rounds: u64,
    /// Users in one round (on average, under [`CohortSampling::Poisson`]).
    pub cohort: u64,
    /// Users who may take part at all.
    pub population: u64,
    /// How the cohort comes about.
    pub sampling: CohortSampling,
    /// How often one user's device agrees to take part. `None` derives it from the schedule.
    pub participation_cap: Option<u64>,
    /// Whether the noise of one round of training depends on that of another.
    pub noise: NoiseCorrelation,
    /// Rounds of evaluation, within the same promise.
    pub evaluation: Alongside,
    /// Rounds that count labels, within the same promise.
    pub label_counts: Alongside,
}

/// The shape of the task makes no sense, or its promise cannot be kept.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The task has no rounds.
    #[error("expected at least one round, found none")]
    NoRounds,
    /// A round has nobody in it, or more users than there are.
    #[error("expected a cohort between 1 and the population of {population}, found {cohort}")]
    CohortOutOfRange {
        /// Users in one round.
        cohort: u64,
        /// Users in all.
        population: u64,
    },
    /// Nobody may ever take part, or more often than there are rounds.
    #[error("expected a participation cap between {lowest} and {rounds}, found {found}")]
    CapOutOfRange {
        /// The smallest cap that the schedule allows.
        lowest: u64,
        /// Rounds of the task.
        rounds: u64,
        /// The cap that was asked for.
        found: u64,
    },
    /// The least separation leaves too few devices for the rounds.
    #[error("expected a least separation of at most {most}, population over cohort, found {found}")]
    Separation {
        /// The largest that leaves a cohort in every round.
        most: u64,
        /// The one asked for.
        found: u64,
    },
    /// Noise from a tree that was chosen beforehand.
    #[error("expected a budget with noise from a tree, found a noise multiplier")]
    GivenTree,
    /// A tree of noise under Poisson sampling: no bound is known here.
    #[error("expected a scheduled cohort with noise from a tree: no amplification by sampling is known for it")]
    SampledTree,
    /// A tree of noise beside other kinds of query, whose rounds would leave holes in it.
    #[error("expected independent noise beside evaluation or label counts, found a tree")]
    TreeAlongside,
    /// The tree's numbers.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// No noise keeps the promise.
    #[error(transparent)]
    Calibrate(#[from] CalibrateError),
    /// A participation costs more than a ledger can count.
    #[error(transparent)]
    Charge(#[from] ChargeError),
    /// A derived number is out of range.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

/// A costed task. Unit: user. Adjacency: add or remove one user (zero-out). The noise multiplier
/// is relative to one user's norm bound and must be reached by HONEST noise alone, in any mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PrivacyPlan {
    /// The promise that was asked for.
    pub epsilon: Epsilon,
    /// The delta of every epsilon in this plan.
    pub delta: Delta,
    /// Rounds of training.
    pub rounds: u64,
    /// Users in one round.
    pub cohort: u64,
    /// Users who may take part at all.
    pub population: u64,
    /// How the cohort comes about.
    pub sampling: CohortSampling,
    /// Which neighbours the promise is about.
    pub adjacency: Adjacency,
    /// How often one user takes part in training at most; the device enforces it.
    pub participations_per_user: u64,
    /// Whether the noise of one round depends on that of another.
    pub noise: NoiseCorrelation,
    /// Standard deviation of the noise over one user's norm bound; in a tree, of each node's.
    pub noise_multiplier: NoiseMultiplier,
    /// What one participation in training costs.
    pub rho_per_participation: Rho,
    /// Evaluation, within the same promise; `None` without any.
    pub evaluation: Option<PlannedKind>,
    /// Label counts, within the same promise; `None` without any.
    pub label_counts: Option<PlannedKind>,
    /// What all participations of all kinds cost together, each rounded up to billionths: the cap of the device's
    /// ledger, which holds just these.
    pub rho_total: Rho,
    /// Which bound the noise was calibrated with.
    pub accountant: Accountant,
    /// The bounds behind all figures, with their version ([`super::ACCOUNTANT`]).
    pub accountant_version: &'static str,
    /// What the aggregator, who knows the cohorts, can learn about one user, by the accountant of this
    /// plan. At most `epsilon`.
    pub eps_vs_aggregator: Epsilon,
    /// What a reader of the releases alone can learn; only under Poisson sampling. By Renyi orders, or
    /// by privacy loss distributions if that is the accountant.
    pub eps_vs_release: Option<Epsilon>,
    /// Every accountant's figure against the aggregator: no amplification.
    pub against_aggregator: View,
    /// Every accountant's figure against a reader of the releases; only under Poisson sampling.
    pub against_release: Option<View>,
    /// What the promise rests on.
    pub assumptions: Vec<Assumption>,
    /// What the operator should know before starting.
    pub warnings: Vec<Warning>,
}

impl PrivacyPlan {
    /// Computes the smallest noise that keeps the promise against the aggregator by [`zcdp`] in every
    /// device's ledger ([`for_ledgers`](super::calibrate::for_ledgers)), and both views.
    ///
    /// # Errors
    /// When the shape of the task makes no sense, or no noise in range keeps the promise.
    pub fn new(request: &PlanRequest) -> Result<Self, PlanError> {
        Self::with_accountant(request, Accountant::Zcdp)
    }

    /// Like [`Self::new`], by another accountant.
    ///
    /// # Errors
    /// When the shape of the task makes no sense, or no noise in range keeps the promise.
    pub fn with_accountant(request: &PlanRequest, accountant: Accountant) -> Result<Self, PlanError> {
        let noise = Noise::of(request, participations(request)?, accountant)?;
        Self::of(request, &noise, accountant)
    }

    /// The plan of noise that was chosen beforehand: its `epsilon` is what the noise costs in the devices'
    /// ledgers, and that of the request is not looked at.
    ///
    /// # Errors
    /// When the shape of the task makes no sense, or the noise is from a tree.
    pub fn of_noise(request: &PlanRequest, multiplier: NoiseMultiplier) -> Result<Self, PlanError> {
        let participations = participations(request)?;
        let noise = Noise::given(request, participations, multiplier)?;
        let total = noise.total(participations)?;
        let epsilon = zcdp::epsilon(total, request.delta);
        Self::of(&PlanRequest { epsilon, ..*request }, &noise, Accountant::Zcdp)
    }

    /// What all participations in training cost together, each rounded up to billionths: what is left of
    /// `rho_total` beside the other kinds.
    pub fn rho_of_training(&self) -> f64 {
        Charge::of(self.rho_per_participation.get()).map_or(0.0, |rho| rho.times(self.participations_per_user).rho())
    }

    fn of(request: &PlanRequest, noise: &Noise, accountant: Accountant) -> Result<Self, PlanError> {
        let participations_per_user = participations(request)?;
        let (epsilon, delta) = (request.epsilon, request.delta);
        let rho_total = noise.total(participations_per_user)?;
        let Noise { multiplier: noise_multiplier, rho_per_participation, others, against_aggregator } = noise.clone();
        let against_release = match request.sampling {
            CohortSampling::BalancedSchedule => None,
            CohortSampling::Poisson => {
                let q = SamplingRate::new(request.cohort as f64 / request.population as f64)?;
                let rounds = others.rounds_with(noise_multiplier, request.rounds);
                Some(View::of_release(&rounds, q, delta, &against_aggregator))
            }
        };
        let joined =
            [&others.evaluation, &others.label_counts].map(|kind| kind.map_or(0, |k| k.participations_per_user));
        Ok(Self {
            epsilon,
            delta,
            rounds: request.rounds,
            cohort: request.cohort,
            population: request.population,
            sampling: request.sampling,
            adjacency: Adjacency::AddOrRemoveUser,
            participations_per_user,
            noise: request.noise,
            noise_multiplier,
            rho_per_participation,
            evaluation: others.evaluation,
            label_counts: others.label_counts,
            rho_total,
            accountant,
            accountant_version: super::ACCOUNTANT,
            eps_vs_aggregator: against_aggregator.by(accountant),
            eps_vs_release: against_release.as_ref().map(|view| view.by(accountant)),
            against_aggregator,
            against_release,
            assumptions: Assumption::of(request, participations_per_user, joined),
            warnings: Warning::of(request, participations_per_user, accountant),
        })
    }
}

/// How often one user takes part in training at most.
fn participations(request: &PlanRequest) -> Result<u64, PlanError> {
    let PlanRequest { rounds, cohort, population, .. } = *request;
    if rounds == 0 {
        return Err(PlanError::NoRounds);
    }
    if cohort == 0 || cohort > population {
        return Err(PlanError::CohortOutOfRange { cohort, population });
    }
    let average = (u128::from(rounds) * u128::from(cohort)).div_ceil(u128::from(population));
    // At most `rounds`, since the cohort is at most the population.
    let average = u64::try_from(average).unwrap_or(rounds);
    if let NoiseCorrelation::Tree { min_separation: found } = request.noise {
        let most = population / cohort;
        if found > most {
            return Err(PlanError::Separation { most, found });
        }
        if request.sampling == CohortSampling::Poisson {
            return Err(PlanError::SampledTree);
        }
    }
    let lowest = match request.sampling {
        CohortSampling::BalancedSchedule => average,
        CohortSampling::Poisson => 1,
    };
    // With rounds between two participations there is no room for more.
    let room = match request.noise {
        NoiseCorrelation::Tree { min_separation } => rounds.div_ceil(min_separation.max(1)),
        NoiseCorrelation::Independent => rounds,
    };
    match request.participation_cap {
        Some(found) if found < lowest || found > room => Err(PlanError::CapOutOfRange { lowest, rounds: room, found }),
        Some(cap) => Ok(cap),
        None if request.sampling == CohortSampling::Poisson => Ok(generous_cap(average, rounds)),
        None => Ok(average),
    }
}

/// Six standard deviations above the mean of a user's binomial count: about one user in 10^9 is ever
/// refused. Picked for utility; privacy rests on the device enforcing whatever the cap is.
fn generous_cap(average: u64, rounds: u64) -> u64 {
    let mean = average as f64;
    ((mean + 6.0 * mean.sqrt()).ceil() as u64).min(rounds)
}
