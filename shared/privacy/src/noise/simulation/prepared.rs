//! Noise that was drawn before the sum it belongs to was there.

use zeroize::Zeroizing;

use super::SeededNoise;
use crate::noise::{DyadicSigma, NoiseError, NoiseSource};

/// Draws for one sum, made ahead: noise does not depend on the data, so a simulator draws it while it waits for
/// something else. Every draw is given out once.
pub struct PreparedNoise {
    sigma: DyadicSigma,
    draws: Zeroizing<Vec<i64>>,
    given: usize,
}

impl SeededNoise {
    /// The first `count` draws of this source; `memory` is overwritten.
    ///
    /// # Errors
    /// When the source fails.
    pub fn prepare(
        mut self,
        sigma: DyadicSigma,
        count: usize,
        mut memory: Vec<i64>,
    ) -> Result<PreparedNoise, NoiseError> {
        memory.resize(count, 0);
        self.sample_discrete_gaussian(sigma, &mut memory)?;
        Ok(PreparedNoise { sigma, draws: Zeroizing::new(memory), given: 0 })
    }
}

impl PreparedNoise {
    /// The memory of the draws, for those of another sum.
    pub fn into_memory(mut self) -> Vec<i64> {
        std::mem::take(&mut *self.draws)
    }

    fn give(&mut self, sigma: DyadicSigma, count: usize) -> Result<&[i64], NoiseError> {
        let end = self.given.saturating_add(count);
        if sigma != self.sigma || end > self.draws.len() {
            return Err(NoiseError::Unprepared);
        }
        let draws = &self.draws[self.given..end];
        self.given = end;
        Ok(draws)
    }
}

impl std::fmt::Debug for PreparedNoise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreparedNoise").finish_non_exhaustive()
    }
}

impl NoiseSource for PreparedNoise {
    fn sample_discrete_gaussian(&mut self, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        match self.give(sigma, out.len()) {
            Ok(draws) => {
                out.copy_from_slice(draws);
                Ok(())
            }
            Err(error) => {
                out.fill(0);
                Err(error)
            }
        }
    }

    fn add_on(&mut self, _threads: usize, sigma: DyadicSigma, sum: &mut [i64]) -> Result<(), NoiseError> {
        let draws = self.give(sigma, sum.len())?;
        for (k, n) in sum.iter_mut().zip(draws) {
            *k = k.checked_add(*n).ok_or(NoiseError::Overflow)?;
        }
        Ok(())
    }
}
