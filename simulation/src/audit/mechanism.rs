//! The mechanism game: can one tell from one release whether a person was in it?
//!
//! In one world a person's vector is the worst case, as long as the clip lets it be; in the other it is
//! zero. Everything after that is the production code: clipping, rounding, norm check, noise, packing,
//! the accumulator, in mode `distributed` the rotation and the modular sum over the honest devices'
//! shares. The attacker knows both vectors and guesses by the likelihood ratio, the best test there is
//! (Neyman, Pearson 1933): for Gaussian noise a threshold on the projection onto the vector.
//!
//! For every event S an (epsilon, delta) mechanism has `P1[S] <= e^epsilon P0[S] + delta`, so that
//! `epsilon >= ln((P1[S] - delta) / P0[S])`. S, one side of a threshold, is chosen on one half of the
//! runs; its probabilities are bounded on the other half (Clopper, Pearson 1934), both together at 99.9%.
//!
//! ```
//! use silhouette_privacy::Mode;
//! use silhouette_simulation::audit::mechanism::{Fault, Game, play};
//!
//! let game = Game { runs: 20_000, delta: 0.05, ..Game::new(Mode::Central, 4) };
//! let honest = play(&game, &|_| {}).unwrap();
//! assert!(honest.keeps_the_claim());
//! let broken = play(&Game { fault: Some(Fault::NoNoise), ..game }, &|_| {}).unwrap();
//! assert!(!broken.keeps_the_claim());
//! ```
//!
//! What it does not do: bound epsilon at a small delta. The events that decide there are too rare to
//! count; a delta of a hundredth is about the smallest that a million runs resolve at z = 1.

mod event;
mod fault;
mod world;

use serde::Serialize;
use silhouette_privacy::accounting::pld::{PldError, PrivacyLoss};
use silhouette_privacy::accounting::{Delta, NoiseMultiplier, ParameterError as AccountingError, Rho, zcdp};
use silhouette_privacy::noise::NoiseError;
use silhouette_privacy::{
    FinishError, FoldError, Mode, ParameterError, ReleaseError, ReleaseParameters, RoundingError,
};
use thiserror::Error;

pub use fault::Fault;

/// The confidence with which a bound holds.
pub const CONFIDENCE: f64 = 0.999;

/// The share of the tight claim that the bound has to reach for the noise not to be called too much.
pub const LEAST_SHARE: f64 = 0.8;

/// Fewest and most runs: below, no bound is worth printing; above, the ratios of all runs, eight bytes
/// each and kept twice, would not fit the memory.
const RUNS: std::ops::RangeInclusive<u64> = 1_000..=100_000_000;

/// Longest vector.
const MOST_ENTRIES: usize = 1 << 16;

/// Most devices whose shares are added.
const MOST_SHARES: u32 = 10_000;

/// Where the noise comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sampler {
    /// The exact sampler of simulations: fast, and repeatable.
    #[default]
    Seeded,
    /// What devices and aggregators ship: OpenDP, from the operating system's randomness.
    OpenDp,
}

/// What is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Game {
    /// Who adds the noise.
    pub mode: Mode,
    /// Entries of the vector, 1 to 2^16.
    pub dimension: usize,
    /// z, the noise's standard deviation over the sensitivity.
    pub noise_multiplier: f64,
    /// The delta at which epsilon is claimed and bounded.
    pub delta: f64,
    /// Releases made, half of them with the person.
    pub runs: u64,
    /// Mode `distributed`: devices, all honest, whose shares of the noise are added up.
    pub shares: u32,
    /// Seed of the noise, the rounding and the rotation.
    pub seed: u64,
    /// Where the noise comes from.
    pub sampler: Sampler,
    /// What is broken on purpose.
    pub fault: Option<Fault>,
    /// Worker threads; the result does not depend on it.
    pub threads: usize,
}

impl Game {
    /// The game at z = 1 and delta = 0.01, a million runs of the seeded sampler.
    pub fn new(mode: Mode, dimension: usize) -> Self {
        Self {
            mode,
            dimension,
            noise_multiplier: 1.0,
            delta: 1e-2,
            runs: 1_000_000,
            shares: 4,
            seed: 7,
            sampler: Sampler::default(),
            fault: None,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }

    fn check(&self) -> Result<(), GameError> {
        let ensure = |holds: bool, field, expected: &str, found: String| {
            if holds { Ok(()) } else { Err(GameError::Setting { field, expected: expected.to_owned(), found }) }
        };
        let dimension = (1..=MOST_ENTRIES).contains(&self.dimension);
        ensure(dimension, "dimension", "1 to 65536", self.dimension.to_string())?;
        ensure(RUNS.contains(&self.runs), "runs", "1000 to 1000000000", self.runs.to_string())?;
        ensure((1..=MOST_SHARES).contains(&self.shares), "shares", "1 to 10000", self.shares.to_string())?;
        ensure((1..=1024).contains(&self.threads), "threads", "1 to 1024", self.threads.to_string())
    }

    /// The public numbers of the release: one report, or as many as there are shares.
    fn parameters(&self) -> Result<ReleaseParameters, GameError> {
        let reports = if self.mode == Mode::Distributed { self.shares } else { 1 };
        let p = ReleaseParameters::new(self.mode, self.dimension, 1.0, self.noise_multiplier, reports, reports)?;
        // The game is played over the honest devices.
        let p = if self.mode == Mode::Distributed { p.with_corrupt_fraction(0.0)? } else { p };
        Ok(p.with_rotation(self.seed))
    }
}

/// Why no game was played.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GameError {
    /// A setting outside its range.
    #[error("{field}: expected {expected}, found {found}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// What is accepted.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The release's public numbers.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// An accountant's input.
    #[error(transparent)]
    Accounting(#[from] AccountingError),
    /// The tight claim could not be computed.
    #[error(transparent)]
    Pld(#[from] PldError),
    /// No noise.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// No randomness to round with.
    #[error(transparent)]
    Rounding(#[from] RoundingError),
    /// The release.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The sum.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The noisy sum.
    #[error(transparent)]
    Finish(#[from] FinishError),
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Who added the noise.
    pub mode: Mode,
    /// Entries of the vector.
    pub dimension: usize,
    /// z.
    pub noise_multiplier: f64,
    /// Standard deviation of one draw, in grid steps.
    pub sigma: f64,
    /// The person's vector on the grid, as a share of the sensitivity `Delta2` that the noise is made
    /// for. What is missing to 1 is the rounding's allowance.
    pub norm_over_delta2: f64,
    /// Delta.
    pub delta: f64,
    /// Epsilon claimed at delta by the tight account of the Gaussian mechanism.
    pub epsilon_tight: f64,
    /// Epsilon claimed at delta by zero-concentrated DP, as in the ledgers.
    pub epsilon_zcdp: f64,
    /// Epsilon is at least this, with confidence [`CONFIDENCE`].
    pub epsilon_lower: f64,
    /// The threshold on the log-likelihood ratio, in nats, chosen on the first half of the runs.
    pub threshold: f64,
    /// Whether the event is that the person looks present (else: absent).
    pub guesses_present: bool,
    /// Runs in which the event was right, in the second half, of `measured`.
    pub true_positives: u64,
    /// Runs in which it was wrong, of `measured`.
    pub false_positives: u64,
    /// Runs of each world in the second half.
    pub measured: u64,
    /// What was broken on purpose.
    pub control: Option<Fault>,
    /// Where the noise came from.
    pub sampler: Sampler,
}

impl Outcome {
    /// Whether nothing was found that the tight claim does not allow. The claim of the ledgers is
    /// weaker and then kept too.
    pub fn keeps_the_claim(&self) -> bool {
        self.epsilon_lower <= self.epsilon_tight
    }

    /// The bound as a share of the tight claim: how much of what is allowed was really reached.
    pub fn share(&self) -> f64 {
        self.epsilon_lower / self.epsilon_tight
    }
}

/// Plays. `progress` is told how many releases were made since it was last told, from any thread.
///
/// # Errors
/// When the settings are out of range, or the release fails.
pub fn play(game: &Game, progress: &(dyn Fn(u64) + Sync)) -> Result<Outcome, GameError> {
    game.check()?;
    let parameters = game.parameters()?;
    let delta = Delta::new(game.delta)?;
    let (tight, zcdp) = claims(&parameters, delta)?;
    let table = world::Table::new(game, parameters)?;
    let [absent, present] = table.play(progress)?;
    let found = event::bound(&absent, &present, game.delta);
    Ok(Outcome {
        mode: game.mode,
        dimension: game.dimension,
        noise_multiplier: game.noise_multiplier,
        sigma: table.sigma(),
        norm_over_delta2: table.norm_over_delta2(),
        delta: game.delta,
        epsilon_tight: tight,
        epsilon_zcdp: zcdp,
        epsilon_lower: found.epsilon,
        threshold: found.threshold,
        guesses_present: found.present,
        true_positives: found.hits,
        false_positives: found.misses,
        measured: found.measured,
        control: game.fault,
        sampler: game.sampler,
    })
}

/// Epsilon at delta: by the privacy loss distribution of the Gaussian mechanism, and by zCDP.
///
/// The sum of shares is no discrete Gaussian but next to one: the tight figure is taken at the noise
/// multiplier that its rho, which pays for the difference, stands for.
fn claims(parameters: &ReleaseParameters, delta: Delta) -> Result<(f64, f64), GameError> {
    let rho = Rho::new(parameters.rho())?;
    let z = NoiseMultiplier::new((0.5 / rho.get()).sqrt().next_down())?;
    Ok((PrivacyLoss::gaussian(z).epsilon(delta)?.get(), zcdp::epsilon(rho, delta).get()))
}

#[cfg(test)]
mod tests;
