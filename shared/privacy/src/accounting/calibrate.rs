//! From a promise to the noise it costs. The achieved epsilon never exceeds the target.

mod together;

use thiserror::Error;

use super::{
    Delta, Epsilon, NoiseMultiplier, ParameterError, Rho, SamplingRate,
    pld::{PldError, PrivacyLoss},
    rdp::{Orders, RdpCurve},
    tree::TreeSchedule,
    zcdp,
};
use crate::budget::{Charge, units_within};

pub use together::{Part, for_aggregator_by_pld_together, for_ledgers_together, parts_beside};

/// How far above the smallest sufficient noise multiplier the answer may lie, relatively.
const TOLERANCE: f64 = 1e-5;

/// How far below the target the achieved epsilon may lie, relatively, with privacy loss distributions.
const PLD_TOLERANCE: f64 = 1e-4;

/// No noise multiplier keeps the promise.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// There is nothing to calibrate for.
    #[error("expected at least one participation, found none")]
    NothingToProtect,
    /// The noise that the promise asks for is outside the range of a noise multiplier.
    #[error("the promise needs a noise multiplier out of range")]
    Multiplier(#[from] ParameterError),
    /// More noise than any this crate can describe would be needed.
    #[error("no noise multiplier up to 1e9 keeps the promise")]
    Infeasible,
    /// Ledgers count in billionths of rho, and each participation costs at least one.
    #[error("the promise leaves less than a billionth of rho for each of {participations} participations")]
    TooFine {
        /// Participations of one user.
        participations: u64,
    },
    /// The parts of one budget.
    #[error("share: expected shares above 0 that leave something for training, found {found}")]
    Share {
        /// A share, or the sum of all.
        found: f64,
    },
    /// The privacy loss has no figure.
    #[error(transparent)]
    Pld(#[from] PldError),
}

/// The smallest noise multiplier under which `participations` of one user together satisfy
/// (`epsilon`, `delta`) against an aggregator that knows who took part: no amplification ([`zcdp`]).
///
/// Unit: user; adjacency: the one under which the multiplier will be applied. CKS20, Proposition 12.
///
/// # Errors
/// When there are no participations, or no multiplier in range is enough.
pub fn for_aggregator(epsilon: Epsilon, delta: Delta, participations: u64) -> Result<NoiseMultiplier, CalibrateError> {
    if participations == 0 {
        return Err(CalibrateError::NothingToProtect);
    }
    let budget = zcdp::max_rho(epsilon, delta).get();
    let mut z = (participations as f64 / (2.0 * budget)).sqrt();
    // A few steps of one unit in the last place absorb the rounding of the line above.
    for _ in 0..64 {
        let candidate = NoiseMultiplier::new(z.max(1e-6))?;
        let spent = zcdp::repeated(zcdp::gaussian(candidate), participations)?;
        if zcdp::epsilon(spent, delta) <= epsilon {
            return Ok(candidate);
        }
        z *= 1.0 + 4.0 * f64::EPSILON;
    }
    Err(CalibrateError::Infeasible)
}

/// Like [`for_aggregator`], counted as a device's ledger counts ([`Charge`]): every participation is
/// charged in whole billionths of rho, rounded up, and all of them together keep the promise, so that
/// no ledger ever shows more than it.
///
/// # Errors
/// When there are no participations, or the promise leaves less than a billionth for each.
pub fn for_ledgers(epsilon: Epsilon, delta: Delta, participations: u64) -> Result<NoiseMultiplier, CalibrateError> {
    counted(epsilon, delta, participations, 1.0)
}

/// Like [`for_ledgers`], for the nodes of a tree of noise: the smallest multiplier under which every
/// participation's charge ([`TreeSchedule::cost`]), as often as the schedule allows, keeps the promise.
///
/// # Errors
/// When the promise leaves less than a billionth for each participation.
pub fn for_ledgers_in_tree(
    epsilon: Epsilon,
    delta: Delta,
    schedule: &TreeSchedule,
) -> Result<NoiseMultiplier, CalibrateError> {
    counted(epsilon, delta, schedule.participations(), schedule.cost())
}

/// `participations` charges of `cost / (2 z^2)` each, in whole billionths.
fn counted(epsilon: Epsilon, delta: Delta, participations: u64, cost: f64) -> Result<NoiseMultiplier, CalibrateError> {
    if participations == 0 {
        return Err(CalibrateError::NothingToProtect);
    }
    let mut units = units_within(zcdp::max_rho(epsilon, delta).get()) / participations;
    while units > 0 {
        let each = units as f64 / 1e9;
        // A trillionth of noise more absorbs the rounding of this line and of whoever computes rho from z:
        // rounded up to billionths it is `units` again.
        let z = NoiseMultiplier::new((0.5 * cost / each).sqrt() * (1.0 + 1e-12))?;
        if let Ok(charge) = Charge::of((cost * zcdp::gaussian(z).get().next_up()).next_up())
            && zcdp::epsilon(Rho::new(charge.times(participations).rho())?, delta) <= epsilon
        {
            return Ok(z);
        }
        units -= 1;
    }
    Err(CalibrateError::TooFine { participations })
}

/// The smallest noise multiplier (to 1e-5, relatively) under which `steps` rounds, each joined with
/// probability `q` by the user's own coin, satisfy (`epsilon`, `delta`) against a reader of the
/// releases alone ([`RdpCurve::poisson_gaussian`] on the default orders).
///
/// Unit: user; adjacency: add or remove one user. MTZ19, section 3; CKS20, Proposition 12.
///
/// # Errors
/// When there are no steps, or no multiplier in range is enough.
pub fn for_release(
    epsilon: Epsilon,
    delta: Delta,
    q: SamplingRate,
    steps: u64,
) -> Result<NoiseMultiplier, CalibrateError> {
    if steps == 0 {
        return Err(CalibrateError::NothingToProtect);
    }
    let orders = Orders::default();
    let keeps =
        |z: NoiseMultiplier| RdpCurve::poisson_gaussian(&orders, q, z).repeated(steps).epsilon(delta) <= epsilon;
    let (mut low, mut high) = bracket(&keeps)?;
    while high.get() > low.get() * (1.0 + TOLERANCE) {
        let middle = NoiseMultiplier::new((low.get() * high.get()).sqrt())?;
        if keeps(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(high)
}

/// Like [`for_aggregator`], by the exact epsilon of the Gaussian mechanism ([`PrivacyLoss`]): less noise.
/// A ledger that charges `rho` will show more than `epsilon` for it.
///
/// # Errors
/// When there are no participations, or no multiplier in range is enough.
pub fn for_aggregator_by_pld(
    epsilon: Epsilon,
    delta: Delta,
    participations: u64,
) -> Result<NoiseMultiplier, CalibrateError> {
    for_release_by_pld(epsilon, delta, SamplingRate::EVERYONE, participations)
}

/// Like [`for_release`], by privacy loss distributions: the noise multiplier at which
/// [`PrivacyLoss::epsilon`] lies within the target, by at most 1e-4 of it. Less noise.
///
/// Unit: user; adjacency: add or remove one user.
///
/// # Errors
/// When there are no steps, or no multiplier in range is enough.
pub fn for_release_by_pld(
    epsilon: Epsilon,
    delta: Delta,
    q: SamplingRate,
    steps: u64,
) -> Result<NoiseMultiplier, CalibrateError> {
    let target = epsilon.get();
    // A loss too large for any grid is no reason to stop: less noise than this does not keep the promise.
    let at = |z: NoiseMultiplier| match PrivacyLoss::poisson_gaussian(q, z).repeated(steps)?.epsilon(delta) {
        Ok(found) => Ok(found.get()),
        Err(PldError::LossTooLarge { .. }) => Ok(f64::INFINITY),
        Err(error) => Err(error),
    };
    let mut high = for_release(epsilon, delta, q, steps)?;
    let mut high_epsilon = at(high)?;
    while high_epsilon > target {
        high = NoiseMultiplier::new(high.get() * 1.1)?;
        high_epsilon = at(high)?;
    }
    // A little less noise each time, until it is too little.
    let (mut low, mut low_epsilon) = loop {
        let Ok(less) = NoiseMultiplier::new(high.get() / 1.25) else { return Ok(high) };
        let found = at(less)?;
        if found > target {
            break (less, found);
        }
        (high, high_epsilon) = (less, found);
    };
    for turn in 1..60 {
        if high_epsilon >= target * (1.0 - PLD_TOLERANCE) || high.get() <= low.get() * (1.0 + 1e-9) {
            break;
        }
        let z = next_guess([low.get(), high.get()], [low_epsilon, high_epsilon], target, turn);
        let middle = NoiseMultiplier::new(z)?;
        let found = at(middle)?;
        if found <= target {
            (high, high_epsilon) = (middle, found);
        } else {
            (low, low_epsilon) = (middle, found);
        }
    }
    Ok(high)
}

/// Where a power law through both points meets a little less than the target; every third turn the middle.
fn next_guess(z: [f64; 2], epsilon: [f64; 2], target: f64, turn: u32) -> f64 {
    let [low, high] = z.map(f64::ln);
    let share = (epsilon[1] / (target * (1.0 - PLD_TOLERANCE / 2.0))).ln() / (epsilon[1] / epsilon[0]).ln();
    let fine = epsilon[0].is_finite() && (0.0..1.0).contains(&share) && !turn.is_multiple_of(3);
    if fine { (high + share * (low - high)).exp() } else { (0.5 * (low + high)).exp() }
}

/// Neighbouring powers of two of which only the second keeps the promise.
fn bracket(keeps: &impl Fn(NoiseMultiplier) -> bool) -> Result<(NoiseMultiplier, NoiseMultiplier), CalibrateError> {
    const SMALLEST: f64 = 0.015_625;
    const LARGEST: f64 = 1e9;
    let mut high = NoiseMultiplier::new(1.0)?;
    while !keeps(high) {
        if high.get() * 2.0 > LARGEST {
            return Err(CalibrateError::Infeasible);
        }
        high = NoiseMultiplier::new(high.get() * 2.0)?;
    }
    let mut low = NoiseMultiplier::new(high.get() / 2.0)?;
    while keeps(low) {
        high = low;
        if low.get() <= SMALLEST {
            return Ok((low, low));
        }
        low = NoiseMultiplier::new(low.get() / 2.0)?;
    }
    Ok((low, high))
}
