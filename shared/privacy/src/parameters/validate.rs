//! Whether public numbers make a release.

use silhouette_wire::Mode;

use super::{MAX_DIMENSION, MIN_SIGMA, ParameterError, ReleaseParameters};

impl ReleaseParameters {
    pub(super) fn validated(self) -> Result<Self, ParameterError> {
        let check = |ok: bool, field, expected, found| {
            if ok { Ok(()) } else { Err(ParameterError::OutOfRange { field, expected, found }) }
        };
        check(
            self.dimension >= 1 && self.entries() <= MAX_DIMENSION,
            "dimension",
            "1 to 2^24, with the indicator of an adaptive clip",
            self.dimension as f64,
        )?;
        check(self.clip.is_finite() && self.clip > 0.0, "clip", "a finite number above 0", self.clip)?;
        let z = self.noise_multiplier;
        check(z.is_finite() && (0.0..=1e6).contains(&z), "noise_multiplier", "0 to 1e6", z)?;
        check(self.cohort >= 1, "cohort", "at least 1", f64::from(self.cohort))?;
        check(
            (1..=self.cohort).contains(&self.min_reports),
            "min_reports",
            "1 to the cohort",
            f64::from(self.min_reports),
        )?;
        let gamma = self.corrupt_fraction;
        check((0.0..0.5).contains(&gamma), "corrupt_fraction", "0 to below a half", gamma)?;
        check(matches!(self.modulus_bits, 16 | 24 | 32), "modulus_bits", "16, 24 or 32", f64::from(self.modulus_bits))?;
        check((1 << 8..=1 << 26).contains(&self.clip_units), "clip_units", "2^8 to 2^26", f64::from(self.clip_units))?;
        self.validate_adaptive()?;
        self.validate_tree()?;
        if self.mode == Mode::Distributed {
            self.validate_masked()?;
        }
        if z > 0.0 {
            check(self.exact_sigma() >= MIN_SIGMA, "noise in grid steps", "at least 2", self.exact_sigma())?;
        }
        let reach = match self.mode {
            // Twelve standard deviations: beyond it wrapping costs accuracy, never privacy.
            Mode::Local => self.delta2() + 12.0 * self.exact_sigma(),
            Mode::Central => self.delta2(),
            // The grid was chosen for the sum of the whole cohort.
            Mode::Distributed => 0.0,
        };
        if reach >= 2_f64.powi(i32::from(self.modulus_bits) - 1) {
            return Err(ParameterError::ModulusTooSmall { reach, bits: self.modulus_bits });
        }
        Ok(self)
    }
}
