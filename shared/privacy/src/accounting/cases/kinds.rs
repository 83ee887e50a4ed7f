//! The kinds of cases and their parameters.

use super::{CaseError, fields::Fields};
use crate::accounting::{Delta, Epsilon, NoiseMultiplier, SamplingRate};

/// The kinds of cases.
pub const KINDS: [&str; 13] = [
    "poisson_gaussian",
    "gaussian",
    "sampled_wor",
    "tree",
    "discrete_gaussian",
    "discrete_laplace",
    "skellam_1d",
    "ddgauss_1d",
    "composed",
    "same_sample_pair",
    "truncated_poisson",
    "calibrate",
    "k_rr",
];

/// Rounds with Gaussian noise on a Poisson sample; everybody joins where `q` is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rounds {
    pub(super) z: NoiseMultiplier,
    pub(super) q: SamplingRate,
    pub(super) steps: u64,
}

/// A case: what runs, and the delta in question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Input {
    pub(super) delta: Delta,
    pub(super) mechanism: Mechanism,
}

/// What runs. Ranges are checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mechanism {
    Gaussian(Rounds),
    SampledWithoutReplacement { population: u64, cohort: u64, z: NoiseMultiplier, steps: u64 },
    Tree { z: NoiseMultiplier, longest: u64, repeat: u64 },
    DiscreteGaussian { sigma: f64, sensitivity: u64, q: SamplingRate, steps: u64 },
    DiscreteLaplace { a: f64, sensitivity: u64, steps: u64 },
    Skellam { variance: f64, sensitivity: u64, steps: u64 },
    DistributedGaussian { n: u64, local_sigma: f64, sensitivity: u64, steps: u64 },
    Composed(Vec<Rounds>),
    SameSamplePair { z_value: NoiseMultiplier, z_count: NoiseMultiplier, q: SamplingRate, steps: u64 },
    CappedPoisson { population: u64, cap: u64, rounds: Rounds },
    Calibrate { epsilon: Epsilon, q: SamplingRate, steps: u64 },
    RandomisedResponse { p: f64, k: u64, steps: u64 },
}

impl Input {
    pub(super) fn read(kind: &str, fields: &Fields<'_>) -> Result<Self, CaseError> {
        Ok(Self { delta: fields.parameter("delta", Delta::new)?, mechanism: Mechanism::read(kind, fields)? })
    }
}

/// `q`, or 1 where there is none.
fn optional_rate(fields: &Fields<'_>) -> Result<SamplingRate, CaseError> {
    if fields.has("q") { fields.parameter("q", SamplingRate::new) } else { Ok(SamplingRate::EVERYONE) }
}

fn rounds(fields: &Fields<'_>) -> Result<Rounds, CaseError> {
    Ok(Rounds {
        z: fields.parameter("sigma", NoiseMultiplier::new)?,
        q: fields.parameter("q", SamplingRate::new)?,
        steps: fields.steps("steps")?,
    })
}

fn sensitivity(fields: &Fields<'_>) -> Result<u64, CaseError> {
    fields.whole("sensitivity", 1, 1_000_000)
}

impl Mechanism {
    fn read(kind: &str, fields: &Fields<'_>) -> Result<Self, CaseError> {
        let z = |field: &str| fields.parameter(field, NoiseMultiplier::new);
        Ok(match kind {
            "poisson_gaussian" => Self::Gaussian(rounds(fields)?),
            "gaussian" => {
                Self::Gaussian(Rounds { z: z("sigma")?, q: SamplingRate::EVERYONE, steps: fields.steps("steps")? })
            }
            "sampled_wor" => {
                let population = fields.whole("population", 1, 1 << 53)?;
                let cohort = fields.whole("sample_size", 1, population)?;
                Self::SampledWithoutReplacement { population, cohort, z: z("sigma")?, steps: fields.steps("steps")? }
            }
            "tree" => Self::Tree {
                z: z("sigma")?,
                longest: fields.largest_steps("step_counts")?,
                repeat: if fields.has("repeat") { fields.steps("repeat")? } else { 1 },
            },
            "composed" => Self::Composed(parts(fields)?),
            "same_sample_pair" => Self::SameSamplePair {
                z_value: z("z_value")?,
                z_count: z("z_count")?,
                q: fields.parameter("q", SamplingRate::new)?,
                steps: fields.steps("steps")?,
            },
            "truncated_poisson" => {
                let population = fields.whole("population", 1, 1_000_000_000)?;
                Self::CappedPoisson { population, cap: fields.whole("cap", 1, 1 << 53)?, rounds: rounds(fields)? }
            }
            "calibrate" => Self::Calibrate {
                epsilon: fields.parameter("eps", Epsilon::new)?,
                q: fields.parameter("q", SamplingRate::new)?,
                steps: fields.steps("steps")?,
            },
            _ => Self::read_integer(kind, fields)?,
        })
    }

    /// The kinds whose noise lives on the integers or on answers.
    fn read_integer(kind: &str, fields: &Fields<'_>) -> Result<Self, CaseError> {
        let steps = fields.steps("steps")?;
        Ok(match kind {
            "discrete_gaussian" => Self::DiscreteGaussian {
                sigma: fields.number("sigma", 1e-3, 1e9)?,
                sensitivity: sensitivity(fields)?,
                q: optional_rate(fields)?,
                steps,
            },
            "discrete_laplace" => {
                Self::DiscreteLaplace { a: fields.number("a", 1e-9, 100.0)?, sensitivity: sensitivity(fields)?, steps }
            }
            "skellam_1d" => Self::Skellam {
                variance: fields.number("variance", 1e-3, 1e9)?,
                sensitivity: sensitivity(fields)?,
                steps,
            },
            "ddgauss_1d" => Self::DistributedGaussian {
                n: fields.whole("n", 1, 1_000_000_000)?,
                local_sigma: fields.number("local_sigma", 0.5, 1e9)?,
                sensitivity: sensitivity(fields)?,
                steps,
            },
            "k_rr" => Self::RandomisedResponse {
                p: fields.number("p", 1e-9, 1.0)?,
                k: fields.whole("k", 2, 1_000_000_000)?,
                steps,
            },
            // `super::one` looks the kind up in KINDS first.
            _ => return Err(CaseError::UnknownKind { id: fields.id().to_owned(), found: kind.to_owned() }),
        })
    }
}

fn parts(fields: &Fields<'_>) -> Result<Vec<Rounds>, CaseError> {
    let part = |(place, value)| {
        let path = format!("parts[{place}].");
        let part = Fields::new(fields.id(), &path, value);
        Ok(Rounds {
            z: part.parameter("sigma", NoiseMultiplier::new)?,
            q: optional_rate(&part)?,
            steps: part.steps("steps")?,
        })
    };
    fields.list("parts")?.iter().enumerate().map(part).collect()
}
