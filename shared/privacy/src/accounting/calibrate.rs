//! From a promise to the noise it costs. The achieved epsilon never exceeds the target.

use thiserror::Error;

use super::{
    Delta, Epsilon, NoiseMultiplier, ParameterError, SamplingRate,
    rdp::{Orders, RdpCurve},
    zcdp,
};

/// How far above the smallest sufficient noise multiplier the answer may lie, relatively.
const TOLERANCE: f64 = 1e-5;

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
