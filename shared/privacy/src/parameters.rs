//! The public numbers of one release, and what follows from them.

use silhouette_wire::Mode;
use silhouette_wire::manifest::Manifest;
use thiserror::Error;

use crate::noise::{DyadicSigma, NoiseError, NoiseSource};

/// Grid steps in the clip norm, `s c`, for the modes that do not mask.
///
/// 2^14 keeps every coordinate of a `central` release inside 16 bits (the exact norm check bounds
/// each of them by Delta2 < 2^15 for every dimension we accept), and its rounding error,
/// `c / 2^14` a coordinate, is far below any noise worth having.
pub(crate) const DEFAULT_CLIP_UNITS: u32 = 1 << 14;

/// The largest dimension of a released vector: 2^24 entries, 64 MiB at 32 bits.
pub(crate) const MAX_DIMENSION: usize = 1 << 24;

/// Below this standard deviation, in grid steps, the sum of discrete Gaussians is no longer close
/// to a discrete Gaussian (PRIVACY specification, section 4, step 5), so it is refused.
pub(crate) const MIN_SIGMA: f64 = 2.0;

/// Why a set of public numbers was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ParameterError {
    /// A field is outside its range.
    #[error("{field}: expected {expected}, found {found}")]
    OutOfRange {
        /// The field's name.
        field: &'static str,
        /// What is accepted.
        expected: &'static str,
        /// What was found.
        found: f64,
    },
    /// The bound on a coordinate does not fit the modulus.
    #[error("modulus_bits: a coordinate may reach {reach:.0}, which {bits} bits do not hold")]
    ModulusTooSmall {
        /// The largest magnitude a coordinate may take.
        reach: f64,
        /// The bits offered.
        bits: u8,
    },
    /// The masked mode is not part of this version.
    #[error("mode distributed is not available in this version; use central or local")]
    ModeUnavailable,
}

/// Everything public that decides how one vector is released (PRIVACY specification, section 4).
///
/// The device recomputes all of it from the signed manifest and trusts no derived number.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseParameters {
    mode: Mode,
    dimension: usize,
    clip: f64,
    noise_multiplier: f64,
    cohort: u32,
    min_reports: u32,
    clip_units: u32,
    modulus_bits: u8,
}

impl ReleaseParameters {
    /// Parameters on the default grid: `dimension` d, `clip` c, `noise_multiplier` z relative to
    /// c, `cohort` n (the fixed denominator of the mean) and `min_reports` `N_min`.
    ///
    /// `noise_multiplier = 0` means *no privacy*; devices refuse it unless their policy says
    /// otherwise, and its [`rho`](Self::rho) is infinite.
    ///
    /// # Errors
    /// When a number is outside its range.
    pub fn new(
        mode: Mode,
        dimension: usize,
        clip: f64,
        noise_multiplier: f64,
        cohort: u32,
        min_reports: u32,
    ) -> Result<Self, ParameterError> {
        let modulus_bits = if mode == Mode::Central { 16 } else { 32 };
        Self {
            mode,
            dimension,
            clip,
            noise_multiplier,
            cohort,
            min_reports,
            clip_units: DEFAULT_CLIP_UNITS,
            modulus_bits,
        }
        .validated()
    }

    /// The same release on another grid: `clip_units` steps in the clip norm, `modulus_bits` wide.
    ///
    /// # Errors
    /// When the grid does not fit.
    pub fn with_grid(mut self, clip_units: u32, modulus_bits: u8) -> Result<Self, ParameterError> {
        self.clip_units = clip_units;
        self.modulus_bits = modulus_bits;
        self.validated()
    }

    fn validated(self) -> Result<Self, ParameterError> {
        let check = |ok: bool, field, expected, found| {
            if ok { Ok(()) } else { Err(ParameterError::OutOfRange { field, expected, found }) }
        };
        if self.mode == Mode::Distributed {
            return Err(ParameterError::ModeUnavailable);
        }
        check((1..=MAX_DIMENSION).contains(&self.dimension), "dimension", "1 to 2^24", self.dimension as f64)?;
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
        check((1 << 8..=1 << 26).contains(&self.clip_units), "clip_units", "2^8 to 2^26", f64::from(self.clip_units))?;
        check(matches!(self.modulus_bits, 16 | 24 | 32), "modulus_bits", "16, 24 or 32", f64::from(self.modulus_bits))?;
        if z > 0.0 {
            check(self.exact_sigma() >= MIN_SIGMA, "noise in grid steps", "at least 2", self.exact_sigma())?;
        }
        let reach = match self.mode {
            // Twelve standard deviations: beyond it wrapping costs accuracy, never privacy.
            Mode::Local => self.delta2() + 12.0 * self.exact_sigma(),
            _ => self.delta2(),
        };
        if reach >= 2_f64.powi(i32::from(self.modulus_bits) - 1) {
            return Err(ParameterError::ModulusTooSmall { reach, bits: self.modulus_bits });
        }
        Ok(self)
    }

    /// The mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Entries of the vector, d.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The clip norm c.
    pub fn clip(&self) -> f64 {
        self.clip
    }

    /// Noise standard deviation over sensitivity, z.
    pub fn noise_multiplier(&self) -> f64 {
        self.noise_multiplier
    }

    /// Devices the mean is divided by, n.
    pub fn cohort(&self) -> u32 {
        self.cohort
    }

    /// Fewest reports of which a result may be made, `N_min`.
    pub fn min_reports(&self) -> u32 {
        self.min_reports
    }

    /// Bits of a packed entry, b.
    pub fn modulus_bits(&self) -> u8 {
        self.modulus_bits
    }

    /// Grid steps in the clip norm, `s c`.
    pub fn clip_units(&self) -> u32 {
        self.clip_units
    }

    /// Grid steps per unit, s.
    pub fn scale(&self) -> f64 {
        f64::from(self.clip_units) / self.clip
    }

    /// Bytes of a packed release.
    pub fn byte_len(&self) -> usize {
        self.dimension * usize::from(self.modulus_bits / 8)
    }

    /// The bound on `sum k_i^2` that every released vector obeys, in grid steps:
    /// `floor(min((s c)^2 + d/4 + sqrt(2 ln(1/beta)) (s c + sqrt(d)/2), (s c + sqrt(d))^2))` with
    /// `beta = exp(-1/2)`, so that the factor under the root is 1 (Kairouz, Liu, Steinke 2021,
    /// Theorem 1 and Proposition 22).
    pub fn delta2_squared(&self) -> u128 {
        let sc = f64::from(self.clip_units);
        let d = self.dimension as f64;
        let conditional = sc * sc + d / 4.0 + (sc + d.sqrt() / 2.0);
        let always = (sc + d.sqrt()).powi(2);
        conditional.min(always).floor() as u128
    }

    /// The L2 sensitivity in grid steps, `Delta2`, rounded up.
    pub fn delta2(&self) -> f64 {
        (self.delta2_squared() as f64).sqrt().next_up()
    }

    fn exact_sigma(&self) -> f64 {
        self.noise_multiplier * self.delta2()
    }

    /// The noise's standard deviation in grid steps, `z Delta2`, rounded up to sixteenths; `None`
    /// without noise.
    pub fn sigma(&self) -> Option<DyadicSigma> {
        if self.noise_multiplier == 0.0 {
            return None;
        }
        DyadicSigma::rounded_up(self.exact_sigma().next_up()).ok()
    }

    /// The charge of one participation under zero-concentrated DP, `rho = 1 / (2 z^2)`, for
    /// add-or-remove-user adjacency; infinite without noise.
    pub fn rho(&self) -> f64 {
        (0.5 / (self.noise_multiplier * self.noise_multiplier)).next_up()
    }

    /// Draws the noise this device adds itself, *before* its data are looked at, so that the time
    /// the sampler takes tells nothing about them. Empty in mode `central`.
    ///
    /// # Errors
    /// When the noise source fails.
    pub fn draw_noise(&self, source: &mut dyn NoiseSource) -> Result<NoiseShare, NoiseError> {
        let mut noise = Vec::new();
        if let (Mode::Local, Some(sigma)) = (self.mode, self.sigma()) {
            noise = vec![0; self.dimension];
            source.sample_discrete_gaussian(sigma, &mut noise)?;
        }
        Ok(NoiseShare { noise, drawn_for: self.clone() })
    }
}

impl TryFrom<&Manifest> for ReleaseParameters {
    type Error = ParameterError;

    fn try_from(m: &Manifest) -> Result<Self, ParameterError> {
        Self {
            mode: m.mode,
            dimension: m.dimension as usize,
            clip: m.clip,
            noise_multiplier: m.noise_multiplier,
            cohort: m.cohort,
            min_reports: m.min_reports,
            clip_units: m.clip_units,
            modulus_bits: m.modulus_bits,
        }
        .validated()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitivity_inflation_matches_the_closed_form() {
        // s c = 2^14, d = 2^17: min(2^28 + 2^15 + 2^14 + sqrt(2^17)/2, (2^14 + sqrt(2^17))^2).
        let p = ReleaseParameters::new(Mode::Central, 1 << 17, 1.0, 1.0, 200, 100).unwrap();
        assert_eq!(p.delta2_squared(), (1 << 28) + (1 << 15) + (1 << 14) + 181);
        assert!(p.delta2() / 16384.0 < 1.0001);
        // A tiny dimension takes the unconditional bound: d = 1 gives (s c + 1)^2 or less.
        let p = ReleaseParameters::new(Mode::Central, 1, 1.0, 1.0, 1, 1).unwrap();
        assert!(p.delta2_squared() <= 16385 * 16385);
    }

    #[test]
    fn sigma_is_rounded_up_and_rho_follows_z() {
        let p = ReleaseParameters::new(Mode::Local, 100, 0.5, 2.0, 10, 5).unwrap();
        let sigma = p.sigma().unwrap().as_f64();
        assert!(sigma >= 2.0 * p.delta2() && sigma < 2.0 * p.delta2() + 0.13);
        assert!((p.rho() - 0.125).abs() < 1e-12);
        assert!(p.delta2_squared() as f64 / (2.0 * sigma * sigma) <= p.rho());
    }

    #[test]
    fn bad_numbers_are_refused_by_name() {
        let field = |e: ParameterError| match e {
            ParameterError::OutOfRange { field, .. } => field,
            other => panic!("{other}"),
        };
        let new = ReleaseParameters::new;
        assert_eq!(field(new(Mode::Central, 0, 1.0, 1.0, 1, 1).unwrap_err()), "dimension");
        assert_eq!(field(new(Mode::Central, 1, f64::NAN, 1.0, 1, 1).unwrap_err()), "clip");
        assert_eq!(field(new(Mode::Central, 1, 1.0, -1.0, 1, 1).unwrap_err()), "noise_multiplier");
        assert_eq!(field(new(Mode::Central, 1, 1.0, f64::NAN, 1, 1).unwrap_err()), "noise_multiplier");
        assert_eq!(field(new(Mode::Central, 1, 1.0, 1.0, 1, 2).unwrap_err()), "min_reports");
        assert_eq!(new(Mode::Distributed, 1, 1.0, 1.0, 1, 1).unwrap_err(), ParameterError::ModeUnavailable);
        // Noise of 10^5 times the sensitivity leaves the 32 bits of a local release.
        assert!(matches!(new(Mode::Local, 1, 1.0, 1e5, 1, 1), Err(ParameterError::ModulusTooSmall { bits: 32, .. })));
        assert!(new(Mode::Local, 1, 1.0, 1e3, 1, 1).unwrap().with_grid(1 << 14, 16).is_err());
    }
}
