//! Discrete Gaussian noise `N_Z(0, sigma^2)`: the distribution on the integers with probability
//! proportional to `exp(-x^2 / (2 sigma^2))` (CKS20: Canonne, Kamath, Steinke, "The Discrete Gaussian
//! for Differential Privacy", 2020, Definition 1).
//!
//! Added to an integer vector whose L2 sensitivity is `Delta2`, it is `Delta2^2 / (2 sigma^2)`-zCDP
//! (CKS20, Theorem 4). Unit and adjacency are those of the sensitivity.
//!
//! [`OpenDpNoise`] is the only source for real people's data. [`simulation::SeededNoise`] draws from
//! exactly the same distribution, fast and repeatably: whoever knows its seed can subtract it.
//!
//! ```
//! use silhouette_privacy::noise::{DyadicSigma, NoiseSource, OpenDpNoise};
//!
//! # fn main() -> Result<(), silhouette_privacy::noise::NoiseError> {
//! let sigma = DyadicSigma::rounded_up(100.03)?;
//! assert_eq!(sigma.to_string(), "1601/16");
//! let mut noise = [0_i64; 8];
//! OpenDpNoise::new().sample_discrete_gaussian(sigma, &mut noise)?;
//! # Ok(())
//! # }
//! ```
//!
//! What it does not do: hide how long a draw takes. The rejection sampler's run time depends on the
//! noise, so draw the noise before the data are looked at and send on a schedule.

mod blocks;
mod opendp_source;
mod sigma;
pub mod simulation;

use thiserror::Error;
use zeroize::Zeroizing;

pub use opendp_source::OpenDpNoise;
pub use sigma::{DyadicSigma, SigmaError};

/// Noise could not be drawn or added. What was being filled holds zeros, what was being added to is
/// unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoiseError {
    /// The standard deviation is out of range.
    #[error(transparent)]
    Sigma(#[from] SigmaError),
    /// The sampler failed, for want of system entropy.
    #[error("the noise sampler failed")]
    Sampler,
    /// A draw does not fit into 64 bits.
    #[error("a noise value does not fit into 64 bits")]
    OutOfRange,
    /// More draws were asked for than were prepared, or of another standard deviation.
    #[error("no such noise was prepared")]
    Unprepared,
    /// Adding the noise would overflow.
    #[error("adding noise would overflow 64 bits")]
    Overflow,
}

/// Where noise comes from.
pub trait NoiseSource {
    /// Overwrites `out` with independent draws from `N_Z(0, sigma^2)`.
    ///
    /// # Errors
    /// When the source fails; `out` then holds zeros and must not be used as noise.
    fn sample_discrete_gaussian(&mut self, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError>;

    /// The same draws, in up to `threads` parts side by side where the source can, on rayon's threads.
    ///
    /// # Errors
    /// As [`sample_discrete_gaussian`](Self::sample_discrete_gaussian).
    fn sample_on(&mut self, _threads: usize, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        self.sample_discrete_gaussian(sigma, out)
    }

    /// Adds one draw to every number of `sum`, by up to `threads` threads where the source can.
    ///
    /// # Errors
    /// When the source fails, or a number would overflow. `sum` must then be dropped: some of it may carry no noise.
    fn add_on(&mut self, threads: usize, sigma: DyadicSigma, sum: &mut [i64]) -> Result<(), NoiseError> {
        let mut noise = Zeroizing::new(vec![0_i64; sum.len()]);
        self.sample_on(threads, sigma, &mut noise)?;
        for (k, n) in sum.iter_mut().zip(noise.iter()) {
            *k = k.checked_add(*n).ok_or(NoiseError::Overflow)?;
        }
        Ok(())
    }
}

impl<N: NoiseSource + ?Sized> NoiseSource for &mut N {
    fn sample_discrete_gaussian(&mut self, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        (**self).sample_discrete_gaussian(sigma, out)
    }

    fn sample_on(&mut self, threads: usize, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        (**self).sample_on(threads, sigma, out)
    }

    fn add_on(&mut self, threads: usize, sigma: DyadicSigma, sum: &mut [i64]) -> Result<(), NoiseError> {
        (**self).add_on(threads, sigma, sum)
    }
}

impl<N: NoiseSource + ?Sized> NoiseSource for Box<N> {
    fn sample_discrete_gaussian(&mut self, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        (**self).sample_discrete_gaussian(sigma, out)
    }

    fn sample_on(&mut self, threads: usize, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        (**self).sample_on(threads, sigma, out)
    }

    fn add_on(&mut self, threads: usize, sigma: DyadicSigma, sum: &mut [i64]) -> Result<(), NoiseError> {
        (**self).add_on(threads, sigma, sum)
    }
}

/// Central mode: adds one draw from `N_Z(0, sigma^2)` to every coordinate of a sum.
///
/// The mechanism of CKS20, Theorem 4: with `sigma = z Delta2` the result is `1/(2 z^2)`-zCDP for the
/// unit and adjacency under which `Delta2` bounds one contribution.
///
/// # Errors
/// When the source fails, or a coordinate would overflow. The sum is then unchanged: it carries NO
/// noise and must not be released.
pub fn add_discrete_gaussian(
    sum: &mut [i64],
    sigma: DyadicSigma,
    source: &mut (impl NoiseSource + ?Sized),
) -> Result<(), NoiseError> {
    let mut noise = Zeroizing::new(vec![0_i64; sum.len()]);
    source.sample_discrete_gaussian(sigma, &mut noise)?;
    if sum.iter().zip(noise.iter()).any(|(&k, &n)| k.checked_add(n).is_none()) {
        return Err(NoiseError::Overflow);
    }
    for (k, n) in sum.iter_mut().zip(noise.iter()) {
        *k += n;
    }
    Ok(())
}
