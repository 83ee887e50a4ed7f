//! Noise for real releases, from OpenDP's proven sampler.

use opendp::{error::Fallible, traits::samplers::sample_discrete_gaussian};

use super::{DyadicSigma, NoiseError, NoiseSource};

/// Exact discrete Gaussian noise from OpenDP (CKS20, Algorithm 3, over arbitrary-precision
/// rationals), with entropy from the operating system. The only source for real people's data.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct OpenDpNoise;

impl OpenDpNoise {
    /// A source; it holds no state.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl NoiseSource for OpenDpNoise {
    fn sample_discrete_gaussian(&mut self, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        let filled = fill(sample_discrete_gaussian, sigma, out);
        if filled.is_err() {
            out.fill(0);
        }
        filled
    }
}

/// Generic over OpenDP's big rational `R` and big integer `I`, so that the crate they come from need
/// not be named here and kept at OpenDP's version.
fn fill<R, I>(sampler: fn(R) -> Fallible<I>, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError>
where
    R: Clone + TryFrom<f64>,
    i64: TryFrom<I>,
{
    // The float holds sixteenths up to 2^44 exactly, and so does the rational made from it.
    let scale = R::try_from(sigma.as_f64()).map_err(|_| NoiseError::Sampler)?;
    for slot in out {
        let draw = sampler(scale.clone()).map_err(|_| NoiseError::Sampler)?;
        *slot = i64::try_from(draw).map_err(|_| NoiseError::OutOfRange)?;
    }
    Ok(())
}
