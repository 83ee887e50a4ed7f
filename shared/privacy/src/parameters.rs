//! The public numbers of one release, and what follows from them.

mod adaptive;
mod correlated;
mod error;
mod honest_sum;
mod masked;
mod share;
mod validate;

use silhouette_wire::manifest::{AdaptiveClip, Manifest};
use silhouette_wire::{Correlation, Mode};

pub use error::ParameterError;
pub use share::NoiseShare;

use crate::accounting::rounding::{half_inverse_square_up, mul_up};
use crate::accounting::tree::TreeSchedule;
use crate::noise::{DyadicSigma, SigmaError};

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
    corrupt_fraction: f64,
    clip_units: u32,
    modulus_bits: u8,
    /// How the clip moves, and with it one more entry.
    adaptive: Option<AdaptiveClip>,
    /// The rounds whose noise is that of one tree.
    tree: Option<TreeSchedule>,
    /// Public seed of the rotation; 0 where nothing is rotated.
    rotation: u64,
}

impl ReleaseParameters {
    /// Parameters on the default grid: `dimension` d, `clip` c, `noise_multiplier` z relative to the
    /// longest released vector (c, unless the clip is adaptive), `cohort` n (the fixed denominator of the mean) and `min_reports` `N_min`.
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
        let (modulus_bits, corrupt_fraction) = match mode {
            Mode::Central => (16, 0.0),
            Mode::Local => (32, 0.0),
            Mode::Distributed => (16, masked::DEFAULT_CORRUPT_FRACTION),
        };
        let parameters = Self {
            mode,
            dimension,
            clip,
            noise_multiplier,
            cohort,
            min_reports,
            corrupt_fraction,
            clip_units: DEFAULT_CLIP_UNITS,
            modulus_bits,
            adaptive: None,
            tree: None,
            rotation: 0,
        };
        let masked = mode == Mode::Distributed;
        if masked { parameters.with_default_modulus().regridded() } else { parameters.validated() }
    }

    /// Mode `distributed` on another assumption: of the cohort at most this share, gamma, is corrupt
    /// and adds no noise.
    ///
    /// # Errors
    /// When it is not 0 to below a half, or leaves no honest noise.
    pub fn with_corrupt_fraction(mut self, gamma: f64) -> Result<Self, ParameterError> {
        self.corrupt_fraction = gamma;
        self.regridded()
    }

    /// Mode `distributed` with another modulus, 16, 24 or 32 bits.
    ///
    /// # Errors
    /// When the sum of a cohort does not fit.
    pub fn with_modulus_bits(mut self, bits: u8) -> Result<Self, ParameterError> {
        self.modulus_bits = bits;
        self.regridded()
    }

    /// The same release with this round's public rotation; only mode `distributed` rotates.
    #[must_use]
    pub fn with_rotation(mut self, seed: u64) -> Self {
        self.rotation = if self.mode == Mode::Distributed { seed } else { 0 };
        self
    }

    /// In mode `distributed` the grid follows from the other numbers.
    fn regridded(mut self) -> Result<Self, ParameterError> {
        if self.mode == Mode::Distributed {
            self.clip_units = self.masked_clip_units();
        }
        self.validated()
    }

    /// The same release on another grid: `clip_units` steps in the clip norm, `modulus_bits` wide.
    ///
    /// # Errors
    /// When the grid does not fit; in mode `distributed` any but the one that follows.
    pub fn with_grid(mut self, clip_units: u32, modulus_bits: u8) -> Result<Self, ParameterError> {
        self.clip_units = clip_units;
        self.modulus_bits = modulus_bits;
        self.validated()
    }

    /// The mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Entries of the private vector, d.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Entries of the vector that is clipped and rounded: d, and one more where the clip is adaptive.
    pub(crate) fn entries(&self) -> usize {
        self.dimension + usize::from(self.adaptive.is_some())
    }

    /// Entries of the released vector: those, or their next power of two d' where it is rotated.
    pub fn released_len(&self) -> usize {
        if self.mode == Mode::Distributed { self.entries().next_power_of_two() } else { self.entries() }
    }

    /// The seed of the round's public rotation, where there is one.
    pub(crate) fn rotation(&self) -> Option<u64> {
        (self.mode == Mode::Distributed).then_some(self.rotation)
    }

    /// Share of the cohort that may be corrupt, gamma; 0 where nothing hangs on it.
    pub fn corrupt_fraction(&self) -> f64 {
        self.corrupt_fraction
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

    /// Grid steps in the norm of the longest released vector, `s c`.
    pub fn clip_units(&self) -> u32 {
        self.clip_units
    }

    /// Grid steps per unit, s.
    pub fn scale(&self) -> f64 {
        f64::from(self.clip_units) / self.norm_bound()
    }

    /// Bytes of a packed release.
    pub fn byte_len(&self) -> usize {
        self.released_len() * usize::from(self.modulus_bits / 8)
    }

    /// The bound on `sum k_i^2` that every released vector obeys, in grid steps:
    /// `floor(min((s c)^2 + d/4 + sqrt(2 ln(1/beta)) (s c + sqrt(d)/2), (s c + sqrt(d))^2))` with
    /// `beta = exp(-1/2)`, so that the factor under the root is 1 (Kairouz, Liu, Steinke 2021,
    /// Theorem 1 and Proposition 22).
    pub fn delta2_squared(&self) -> u128 {
        let sc = f64::from(self.clip_units);
        let d = self.released_len() as f64;
        let conditional = sc * sc + d / 4.0 + (sc + d.sqrt() / 2.0);
        let always = (sc + d.sqrt()).powi(2);
        conditional.min(always).floor() as u128
    }

    /// The L2 sensitivity in grid steps, `Delta2`, rounded up.
    pub fn delta2(&self) -> f64 {
        (self.delta2_squared() as f64).sqrt().next_up()
    }

    /// What one device adds (mode `local`), or the aggregator (mode `central`), is `z Delta2`; in
    /// mode `distributed` each device adds `sigma_loc = z Delta2 / sqrt(h)`, so that the noise of the
    /// h devices counted on adds up to it.
    fn exact_sigma(&self) -> f64 {
        let share = if self.mode == Mode::Distributed { f64::from(self.honest_reports()).sqrt() } else { 1.0 };
        self.noise_multiplier * self.delta2() / share
    }

    /// The standard deviation of one draw of noise, in grid steps, rounded up to sixteenths; `None`
    /// without noise. Who draws depends on the mode.
    pub fn sigma(&self) -> Option<DyadicSigma> {
        if self.noise_multiplier == 0.0 {
            return None;
        }
        DyadicSigma::rounded_up(self.exact_sigma().next_up()).ok()
    }

    /// [`sigma`](Self::sigma) of a sum whose reports count up to `unit` each, a power of two.
    pub(crate) fn weighted_sigma(&self, unit: u32) -> Result<Option<DyadicSigma>, SigmaError> {
        if self.noise_multiplier == 0.0 {
            return Ok(None);
        }
        // Times a power of two is exact.
        DyadicSigma::rounded_up(self.exact_sigma().next_up() * f64::from(unit)).map(Some)
    }

    /// The charge of one participation under zero-concentrated DP, for add-or-remove-user adjacency;
    /// infinite without noise.
    ///
    /// `rho = 1 / (2 z^2)`; in mode `distributed` `rho = (r + sqrt(d') tau)^2 / 2` with `r = Delta2 /
    /// (sqrt(h) sigma_loc) <= 1/z`, the bound of Kairouz et al. (2021, Proposition 14) that is
    /// zero-concentrated: a sum of discrete Gaussians is nearly one, and tau says how nearly. In a tree
    /// of noise [`TreeSchedule::cost`] such charges, a bound for any number of participations up to K.
    pub fn rho(&self) -> f64 {
        let z = self.noise_multiplier;
        if z == 0.0 {
            return f64::INFINITY;
        }
        // To the bit what a plan says: a ledger whose cap is the plan's holds just the planned charges.
        let independent = half_inverse_square_up(z);
        if let Some(tree) = &self.tree {
            return mul_up(tree.cost(), independent);
        }
        match (self.mode, self.sigma()) {
            (Mode::Distributed, Some(sigma)) => {
                let r = (1.0 / z).next_up();
                let distance = (self.released_len() as f64).sqrt() * self.tau(sigma.as_f64());
                (0.5 * (r + distance).next_up().powi(2)).next_up().next_up()
            }
            _ => independent,
        }
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
            corrupt_fraction: m.corrupt_fraction,
            clip_units: m.clip_units,
            modulus_bits: m.modulus_bits,
            adaptive: m.adaptive_clip,
            tree: match m.correlation {
                Correlation::Independent => None,
                Correlation::Tree { rounds } => {
                    Some(TreeSchedule::new(rounds.into(), m.max_participations.into(), m.min_separation.into())?)
                }
            },
            rotation: 0,
        }
        .with_rotation(m.seed)
        .validated()
    }
}

#[cfg(test)]
mod tests;
