//! The assumptions and warnings of a plan, as data with their words.

use std::fmt;

use serde::Serialize;

use super::{Accountant, CohortSampling, NoiseCorrelation, PlanRequest};

/// An epsilon above this is a weak promise: the odds of a guess may change by more than 20 000.
const WEAK_EPSILON: f64 = 10.0;

/// Something that the numbers of a plan rest on. `Display` gives it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Assumption {
    /// The unit of privacy.
    UserIsTheUnit,
    /// The neighbouring relation.
    ZeroOutAdjacency,
    /// The bound on how often one user takes part.
    ParticipationsAreCapped {
        /// At most this often.
        at_most: u64,
    },
    /// The device's cap on the other kinds of query, which the same promise covers.
    OtherKindsAreCapped {
        /// At most this many evaluations.
        evaluations: u64,
        /// At most this many label counts.
        label_counts: u64,
    },
    /// Where the noise comes from.
    HonestNoiseAlone,
    /// The bound on one contribution.
    ExactNormCheck,
    /// The aggregator is granted knowledge of the cohorts.
    AggregatorKnowsTheCohort,
    /// Membership in a round is independent and secret.
    DevicesFlipTheirOwnCoins,
    /// The size of a cohort is never cut.
    CohortIsNeverCut,
    /// Two participations are never closer than this.
    RoundsApart {
        /// At least this many rounds.
        at_least: u64,
    },
    /// The aggregator adds all of the noise, and the same draw as long as it is needed.
    TreeIsKept,
}

impl Assumption {
    pub(super) fn of(request: &PlanRequest, at_most: u64, others: [u64; 2]) -> Vec<Self> {
        let mut all = vec![
            Self::UserIsTheUnit,
            Self::ZeroOutAdjacency,
            Self::ParticipationsAreCapped { at_most },
            Self::HonestNoiseAlone,
            Self::ExactNormCheck,
            Self::AggregatorKnowsTheCohort,
        ];
        if let [evaluations, label_counts] = others
            && evaluations + label_counts > 0
        {
            all.insert(3, Self::OtherKindsAreCapped { evaluations, label_counts });
        }
        if request.sampling == CohortSampling::Poisson {
            all.extend([Self::DevicesFlipTheirOwnCoins, Self::CohortIsNeverCut]);
        }
        if let NoiseCorrelation::Tree { min_separation } = request.noise {
            all.extend([Self::RoundsApart { at_least: min_separation }, Self::TreeIsKept]);
        }
        all
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserIsTheUnit => "the unit is the user: every message of one user counts",
            Self::ZeroOutAdjacency => {
                "neighbours: one user's contribution is replaced by zeros; who takes part is public"
            }
            Self::ParticipationsAreCapped { at_most } => {
                let times = if *at_most == 1 { "time" } else { "times" };
                return write!(f, "each device takes part at most {at_most} {times}, by its own ledger");
            }
            Self::OtherKindsAreCapped { evaluations, label_counts } => {
                return write!(
                    f,
                    "each device answers at most {evaluations} evaluations and {label_counts} label counts, by its own \
                     ledger; the promise covers them and training together"
                );
            }
            Self::RoundsApart { at_least } => {
                return write!(f, "two rounds of one device are at least {at_least} apart, by its own ledger");
            }
            Self::TreeIsKept => {
                "mode central: the aggregator is trusted to add the noise of the tree, to draw each node once, \
                 and to show nobody the state it keeps"
            }
            Self::HonestNoiseAlone => {
                "the noise multiplier is reached counting honest participants' noise only"
            }
            Self::ExactNormCheck => {
                "every contribution passes the exact integer norm check before noise is added"
            }
            Self::AggregatorKnowsTheCohort => {
                "the aggregator knows who took part: no amplification is claimed against it"
            }
            Self::DevicesFlipTheirOwnCoins => {
                "each device joins a round by its own secret coin, and the reader of the releases does not learn who joined"
            }
            Self::CohortIsNeverCut => {
                "the aggregator does not limit the size of a round: a limit would undo the amplification"
            }
        })
    }
}

/// Something the operator should know before starting. `Display` gives it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// Delta exceeds one over the population: it allows a mechanism that exposes a random user.
    DeltaAboveInversePopulation,
    /// Epsilon is so large that it promises little.
    WeakEpsilon,
    /// The same users take part in every round: the noise grows with the root of the rounds.
    EveryoneEveryRound,
    /// The noise was calibrated with an accountant that is tighter than the one the ledgers use.
    LedgersShowMore,
}

impl Warning {
    pub(super) fn of(request: &PlanRequest, participations: u64, accountant: Accountant) -> Vec<Self> {
        let mut all = Vec::new();
        if request.delta.get() * request.population as f64 > 1.0 {
            all.push(Self::DeltaAboveInversePopulation);
        }
        if request.epsilon.get() > WEAK_EPSILON {
            all.push(Self::WeakEpsilon);
        }
        if participations == request.rounds && request.rounds > 1 {
            all.push(Self::EveryoneEveryRound);
        }
        if accountant == Accountant::Pld {
            all.push(Self::LedgersShowMore);
        }
        all
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeltaAboveInversePopulation => {
                "delta is above one over the population: it would allow exposing one user at random"
            }
            Self::WeakEpsilon => "epsilon is above 10: the promise is weak",
            Self::EveryoneEveryRound => {
                "a user may take part in every round: more users per task would need less noise"
            }
            Self::LedgersShowMore => {
                "ledgers add up rho and will show a larger epsilon than the promise, which holds by the exact accountant"
            }
        })
    }
}
