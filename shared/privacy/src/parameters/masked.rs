//! What the masked mode adds: shares of the noise, and a grid that fits the modulus.
//!
//! Notation of Kairouz, Liu, Steinke (2021), "The Distributed Discrete Gaussian Mechanism for
//! Federated Learning with Secure Aggregation".

use super::{ParameterError, ReleaseParameters};

/// Assumed corrupt share of a cohort, gamma, when nothing else is said.
pub(super) const DEFAULT_CORRUPT_FRACTION: f64 = 0.1;

/// The largest cohort whose sums get 16 bits by default; above, 24. At 1000 devices and 2^20 entries
/// 16 bits cost less than one per cent of sensitivity (PRIVACY specification, section 4, step 6).
const MOST_WITH_16_BITS: u32 = 1000;

/// Standard deviations of a coordinate of the sum that the modulus has room for on each side, k:
/// fewer than 7 in a million coordinates wrap. Wrapping costs accuracy, never privacy.
const MODULUS_SDS: f64 = 4.5;

/// More grid steps in the clip norm than an `f32` update has digits are of no use.
const MOST_CLIP_UNITS: f64 = (1 << 24) as f64;

/// Fewer grid steps in the clip norm than this make rounding felt; short vectors have so little room,
/// because the rotation has few entries to spread them over.
const FEWEST_CLIP_UNITS: u32 = 1 << 10;

impl ReleaseParameters {
    /// The default modulus: the smallest whose grid is fine enough for the sum of the cohort.
    pub(super) fn with_default_modulus(mut self) -> Self {
        for bits in [16, 24, 32] {
            self.modulus_bits = bits;
            let crowded = bits == 16 && self.cohort > MOST_WITH_16_BITS;
            if !crowded && self.masked_clip_units() >= FEWEST_CLIP_UNITS {
                break;
            }
        }
        self
    }

    /// Devices whose noise is counted on, `h = N_min - ceil(gamma n)`: of the fewest that may report,
    /// those that are honest. 0 if none is.
    pub fn honest_reports(&self) -> u32 {
        self.min_reports.saturating_sub(self.corrupt())
    }

    fn corrupt(&self) -> u32 {
        // A rate such as 0.1 is not exact; without the margin 0.1 of 30 would be 4.
        (self.corrupt_fraction * f64::from(self.cohort) - 1e-9).ceil().max(0.0) as u32
    }

    /// Grid steps in the clip norm for which sums of n vectors with their noise fit `2^b`, rounded
    /// down: `s c = sqrt(2^(2b) - n k^2) / (2 k sqrt(n^2/d' + n z^2/h))`.
    ///
    /// It solves `2^b >= 2 k sqrt(c^2 s^2 n^2/d' + n/4 + n sigma_loc^2)` with `sigma_loc = s c z /
    /// sqrt(h)`: the rotation spreads the signal's energy, rounding adds at most 1/4 a device.
    pub(super) fn masked_clip_units(&self) -> u32 {
        let (n, h) = (f64::from(self.cohort), f64::from(self.honest_reports().max(1)));
        let (d, z) = (self.released_len() as f64, self.noise_multiplier);
        let room = 2_f64.powi(2 * i32::from(self.modulus_bits)) - n * MODULUS_SDS * MODULUS_SDS;
        let spread = (n * n / d + n * z * z / h).sqrt();
        // A negative room is no number, which becomes 0, which no check lets pass.
        (room.sqrt() / (2.0 * MODULUS_SDS * spread)).min(MOST_CLIP_UNITS) as u32
    }

    /// How far the sum of h discrete Gaussians is from one, tau:
    /// `10 sum_(j=1)^(h-1) exp(-2 pi^2 sigma_loc^2 j/(j+1))` (Kairouz et al. 2021, Proposition 14).
    pub(super) fn tau(&self, sigma: f64) -> f64 {
        let exponent = -2.0 * std::f64::consts::PI.powi(2) * sigma * sigma;
        let term = |j: u32| (exponent * f64::from(j) / f64::from(j + 1)).exp();
        10.0 * (1..self.honest_reports()).map(term).sum::<f64>()
    }

    pub(super) fn validate_masked(&self) -> Result<(), ParameterError> {
        if self.honest_reports() == 0 {
            return Err(ParameterError::NoHonestNoise { min_reports: self.min_reports, corrupt: self.corrupt() });
        }
        let expected = self.masked_clip_units();
        if self.clip_units != expected {
            return Err(ParameterError::Grid { expected, found: self.clip_units });
        }
        Ok(())
    }
}
