//! A device's own noise: drawn early, used once.

use super::ReleaseParameters;
use crate::noise::{NoiseError, NoiseSource};
use silhouette_wire::Mode;

/// Noise drawn for exactly one release. It is consumed by [`release`](crate::release), so that one
/// draw can't serve twice.
pub struct NoiseShare {
    noise: Vec<i64>,
    drawn_for: ReleaseParameters,
}

impl NoiseShare {
    /// The noise, if it was drawn for these parameters.
    pub(crate) fn into_noise(self, parameters: &ReleaseParameters) -> Option<Vec<i64>> {
        (self.drawn_for == *parameters).then_some(self.noise)
    }
}

impl ReleaseParameters {
    /// Draws the noise this device adds itself, *before* its data are looked at, so that the time
    /// the sampler takes tells nothing about them. Empty in mode `central`.
    ///
    /// # Errors
    /// When the noise source fails.
    pub fn draw_noise(&self, source: &mut dyn NoiseSource) -> Result<NoiseShare, NoiseError> {
        let mut noise = Vec::new();
        if let (Mode::Local | Mode::Distributed, Some(sigma)) = (self.mode(), self.sigma()) {
            noise = vec![0; self.released_len()];
            source.sample_discrete_gaussian(sigma, &mut noise)?;
        }
        Ok(NoiseShare { noise, drawn_for: self.clone() })
    }
}
