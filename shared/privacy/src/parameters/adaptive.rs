//! A clip that follows a quantile of the norms.
//!
//! Notation of Andrew, Thakkar, McMahan, Ramaswamy (2021), "Differentially Private Learning with
//! Adaptive Clipping": C the clip, `sigma_b` the noise on the number of devices within it, z the noise
//! multiplier of both releases together, `z_v` that of the value alone, Theorem 1:
//! `z_v = (z^-2 - (2 sigma_b)^-2)^(-1/2)`.
//!
//! The two are released as one vector: the clipped update and, behind it, `w (b - 1/2)` with b = 1 if
//! its norm was at most C and 0 if not, weighted by `w = z_v C / sigma_b`. No such vector is longer
//! than `c' = sqrt(C^2 + w^2/4)`, and noise of deviation `z c' = z_v C` on every entry is the paper's
//! pair: `z_v C` on the value, `z_v C / w = sigma_b` on the number of devices. So the clip costs nothing
//! but this length: rho stays `1 / (2 z^2)`, and one exact check of the norm holds for both.

use silhouette_wire::AdaptiveClip;

use super::{ParameterError, ReleaseParameters};

impl ReleaseParameters {
    /// The same release with a clip that moves: one more entry says in the sum how many devices were
    /// within it.
    ///
    /// # Errors
    /// When a number is outside its range: `count_noise` must exceed half of the noise multiplier, or
    /// nothing is left for the value.
    pub fn with_adaptive_clip(mut self, adaptive: AdaptiveClip) -> Result<Self, ParameterError> {
        self.adaptive = Some(adaptive);
        self.regridded()
    }

    /// The same release at another round's clip. What it costs does not depend on the clip.
    ///
    /// # Errors
    /// When it is not finite and above 0.
    pub fn with_clip(mut self, clip: f64) -> Result<Self, ParameterError> {
        self.clip = clip;
        self.validated()
    }

    /// How the clip moves, if it does.
    pub fn adaptive_clip(&self) -> Option<&AdaptiveClip> {
        self.adaptive.as_ref()
    }

    /// `z_v`: the standard deviation of the noise on the sum of the clipped updates, over the clip C.
    /// Without an adaptive clip this is z.
    pub fn value_noise_multiplier(&self) -> f64 {
        let z = self.noise_multiplier;
        match &self.adaptive {
            Some(adaptive) if z > 0.0 => (z.powi(-2) - (2.0 * adaptive.count_noise).powi(-2)).sqrt().recip(),
            _ => z,
        }
    }

    /// w: what the indicator is multiplied with, if there is one. Without noise any weight will do: 2C.
    pub(crate) fn indicator_weight(&self) -> Option<f64> {
        let adaptive = self.adaptive.as_ref()?;
        let noisy = self.noise_multiplier > 0.0;
        let of_clip = if noisy { self.value_noise_multiplier() / adaptive.count_noise } else { 2.0 };
        Some(of_clip * self.clip)
    }

    /// The norm of the longest released vector: c, or with an adaptive clip `c' = sqrt(C^2 + w^2/4)`.
    pub fn norm_bound(&self) -> f64 {
        self.indicator_weight().map_or(self.clip, |w| self.clip.hypot(0.5 * w))
    }

    /// The largest magnitude, in grid steps, of an honest device's rounded indicator.
    pub(crate) fn indicator_reach(&self) -> Option<u64> {
        self.indicator_weight().map(|w| (0.5 * w * self.scale()).ceil() as u64)
    }

    pub(super) fn validate_adaptive(&self) -> Result<(), ParameterError> {
        let Some(adaptive) = &self.adaptive else { return Ok(()) };
        let check = |ok: bool, field, expected, found| {
            if ok { Ok(()) } else { Err(ParameterError::OutOfRange { field, expected, found }) }
        };
        let AdaptiveClip { quantile, learning_rate, count_noise, largest } = *adaptive;
        check(quantile > 0.0 && quantile < 1.0, "adaptive_clip.quantile", "a number in (0, 1)", quantile)?;
        let moves = learning_rate > 0.0 && learning_rate <= 2.0;
        check(moves, "adaptive_clip.learning_rate", "a number in (0, 2]", learning_rate)?;
        let counts = count_noise.is_finite() && 2.0 * count_noise > self.noise_multiplier && count_noise > 0.0;
        check(counts, "adaptive_clip.count_noise", "a finite number above half the noise multiplier", count_noise)?;
        check(self.clip <= largest, "clip", "at most adaptive_clip.largest", self.clip)?;
        // Just above that edge nothing is left for the value after rounding.
        let z_v = self.value_noise_multiplier();
        check((0.0..=1e6).contains(&z_v), "adaptive_clip.count_noise", "a number well above z / 2", count_noise)
    }
}

#[cfg(test)]
mod tests;
