//! Noise that is broken on purpose, where real mistakes would break it: behind the sampler's interface.

use serde::Serialize;
use silhouette_privacy::noise::{DyadicSigma, NoiseError, NoiseSource};

/// What is broken in a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// The sampler gives zeros.
    NoNoise,
    /// The sampler gives half of the deviation asked for.
    HalfNoise,
}

/// A source with a fault, or none.
pub(super) struct Faulty<N> {
    pub(super) inner: N,
    pub(super) fault: Option<Fault>,
}

impl<N: NoiseSource> NoiseSource for Faulty<N> {
    fn sample_discrete_gaussian(&mut self, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        match self.fault {
            None => self.inner.sample_discrete_gaussian(sigma, out),
            Some(Fault::NoNoise) => {
                out.fill(0);
                Ok(())
            }
            Some(Fault::HalfNoise) => {
                let half = DyadicSigma::from_sixteenths(sigma.sixteenths().div_ceil(2))?;
                self.inner.sample_discrete_gaussian(half, out)
            }
        }
    }
}
