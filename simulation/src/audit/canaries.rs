//! The one-run audit: one federation, many made-up people, each in it or not by the toss of a coin.
//!
//! Steinke, Nasr, Jagielski, "Privacy Auditing with One (1) Training Run" (2023): if every one of m
//! canaries is included independently with probability 1/2 and the training is (epsilon, delta)-private,
//! then whoever guesses r of the coins from the result, and leaves the others out, is right about as
//! often as a coin that shows heads with probability `e^epsilon / (1 + e^epsilon)` at most. The largest
//! epsilon under which so many right guesses would be a surprise (5%) bounds epsilon from below.
//!
//! A canary is a USER whose one text holds a single feature that no person's texts hold: its update is
//! as long as the clip lets it be, in a direction of its own. A canary left out takes part with a vector
//! of zeros, which is the adjacency that is claimed. Everything else is the simulator's federation over
//! ordinary people: sessions, charges, releases, the accumulator, the published models. The attacker
//! reads the published models only, and knows each canary's text.
//!
//! The aggregator's optimiser is a plain sum, so that the models show all that the noisy sums show: any
//! other optimiser computes on those sums and shows no more.

mod bound;
mod membership;
mod plant;
mod scores;

use serde::Serialize;
use silhouette_model::{Model, NativeEngine};
use silhouette_privacy::Mode;
use silhouette_privacy::accounting::pld::{PldError, PrivacyLoss};
use silhouette_privacy::accounting::{Delta, NoiseMultiplier, ParameterError};
use silhouette_query::{OptimiserConfig, OptimiserKind};
use silhouette_text::Event;
use thiserror::Error;

use crate::config::{ConfigError, PrivacyChoice, SimulationConfig};
use crate::dataset::{Dataset, DatasetError, TaskChoice};
use crate::federation::{Federation, FederationError};

pub use bound::{SURPRISE, lower_bound, p_value};
pub use membership::{Membership, membership};
pub use plant::MOST_CANARIES;
pub use scores::{Guesses, Score};

/// What is run.
#[derive(Clone, Debug, PartialEq)]
pub struct CanaryConfig {
    /// Canaries, m, 20 to [`MOST_CANARIES`].
    pub canaries: usize,
    /// Coins that are guessed, r, an even number: half of them those that look most present, half those
    /// that look most absent. Fixed before anything is looked at.
    pub guesses: usize,
    /// Who adds the noise.
    pub mode: Mode,
    /// The claim over all rounds, per user.
    pub epsilon: f64,
    /// The claim.
    pub delta: f64,
    /// Rounds; everybody joins each.
    pub rounds: u64,
    /// The control: the same federation without any noise, held against the same claim.
    pub without_noise: bool,
    /// Hash buckets, as a power of two; the recipe's when absent.
    pub buckets_log2: Option<u8>,
    /// Seed of everything.
    pub seed: u64,
    /// Worker threads; the result does not depend on it.
    pub threads: usize,
}

impl Default for CanaryConfig {
    fn default() -> Self {
        Self {
            canaries: 2_000,
            guesses: 400,
            mode: Mode::Central,
            epsilon: 4.0,
            delta: 1e-5,
            rounds: 5,
            without_noise: false,
            buckets_log2: None,
            seed: 7,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }
}

impl CanaryConfig {
    fn check(&self) -> Result<(), CanaryError> {
        let setting = |field, expected: String, found: usize| CanaryError::Setting { field, expected, found };
        if !(20..=MOST_CANARIES).contains(&self.canaries) {
            return Err(setting("canaries", format!("20 to {MOST_CANARIES}"), self.canaries));
        }
        let fits = (2..=self.canaries).contains(&self.guesses) && self.guesses.is_multiple_of(2);
        if !fits {
            let expected = format!("an even number from 2 to the {} canaries", self.canaries);
            return Err(setting("guesses", expected, self.guesses));
        }
        Ok(())
    }

    fn simulation(&self) -> SimulationConfig {
        SimulationConfig {
            privacy: PrivacyChoice::Budget { mode: self.mode, epsilon: self.epsilon, delta: self.delta },
            rounds: self.rounds,
            buckets_log2: self.buckets_log2,
            seed: self.seed,
            threads: self.threads,
            ..SimulationConfig::default()
        }
    }
}

/// Why nothing was audited.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CanaryError {
    /// A setting outside its range.
    #[error("{field}: expected {expected}, found {found}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// What is accepted.
        expected: String,
        /// What was found.
        found: usize,
    },
    /// A task in which a canary has no direction of its own.
    #[error("task: expected a frozen bag and a head of at least two classes, found {0}")]
    Task(String),
    /// The people.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The settings of the federation.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The federation.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// An accountant's input.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The tight claim could not be computed.
    #[error(transparent)]
    Pld(#[from] PldError),
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Canaries.
    pub canaries: usize,
    /// People beside them.
    pub people: usize,
    /// Rounds.
    pub rounds: u64,
    /// z of one round; 0 in the control.
    pub noise_multiplier: f64,
    /// The claim.
    pub epsilon_claimed: f64,
    /// The claim.
    pub delta: f64,
    /// Epsilon at delta by the tight account of the same noise: what the best attack could reach.
    pub epsilon_tight: f64,
    /// The guesses and how many were right.
    pub guesses: Guesses,
    /// Epsilon is at least this, at 95% confidence.
    pub epsilon_lower: f64,
    /// An estimate, no bound, in the manner of Andrew et al. (2023): normal distributions fitted to the
    /// scores of canaries that were in and out, the epsilon at delta that these stand for. `None` where
    /// it is beyond any accountant.
    pub epsilon_estimate: Option<f64>,
    /// How many standard deviations apart the two kinds of scores are.
    pub separation: f64,
    /// Membership inference at fixed rates of false positives.
    pub membership: Vec<Membership>,
    /// Whether the noise was left out on purpose.
    pub without_noise: bool,
}

impl Outcome {
    /// Whether neither the guesses nor the membership inference show more than is claimed.
    pub fn keeps_the_claim(&self) -> bool {
        self.epsilon_lower <= self.epsilon_claimed && self.membership.iter().all(|m| !m.breaks_the_claim())
    }
}

/// Runs one federation over these people and the canaries. `progress` hears of every round.
///
/// # Errors
/// When the settings, the people or the federation are no good.
pub fn run(
    people: Vec<Event>,
    choice: &TaskChoice,
    config: &CanaryConfig,
    progress: &mut dyn FnMut(u64),
) -> Result<Outcome, CanaryError> {
    config.check()?;
    let mut simulation = config.simulation();
    let mut data = Dataset::of_events(people, choice, &simulation)?;
    data.recipe.optimiser = plain_sum();
    let people = data.train.len();
    let planted = plant::plant(&mut data, config.canaries, config.seed)?;
    let users = data.train.len();
    let plan = simulation.plan(users)?;
    let z = plan.as_ref().map_or(0.0, |plan| plan.noise_multiplier.get());
    if config.without_noise {
        simulation.privacy = PrivacyChoice::None;
    }
    let [first, last] = train(&data, &simulation, progress)?;
    // In units of what one canary adds over all rounds.
    let unit = data.recipe.clip * config.rounds as f64 / users as f64;
    let scores = planted.scores(&first, &last, unit);
    let guesses = Guesses::of(&scores, config.guesses);
    let delta = Delta::new(config.delta)?;
    let tight = PrivacyLoss::gaussian(NoiseMultiplier::new(z)?).repeated(config.rounds)?.epsilon(delta)?;
    let separation = scores::separation(&scores);
    Ok(Outcome {
        canaries: config.canaries,
        people,
        rounds: config.rounds,
        noise_multiplier: if config.without_noise { 0.0 } else { z },
        epsilon_claimed: config.epsilon,
        delta: config.delta,
        epsilon_tight: tight.get(),
        epsilon_lower: lower_bound(config.canaries as u64, guesses.made, guesses.right, config.delta),
        epsilon_estimate: scores::estimate(separation, delta),
        separation,
        membership: membership(&scores, config.epsilon, config.delta),
        guesses,
        without_noise: config.without_noise,
    })
}

fn plain_sum() -> OptimiserConfig {
    OptimiserConfig {
        kind: OptimiserKind::Sgd,
        learning_rate: 1.0,
        momentum: 0.0,
        averaging: 0.0,
        ..OptimiserConfig::default()
    }
}

/// The model before the first round and the one published after the last.
fn train(data: &Dataset, config: &SimulationConfig, progress: &mut dyn FnMut(u64)) -> Result<[Model; 2], CanaryError> {
    let mut federation = Federation::new(Model::new(data.task.clone(), config.seed), data, config, &NativeEngine)?;
    let first = federation.published().clone();
    for round in 1..=config.rounds {
        federation.round(None)?;
        progress(round);
    }
    Ok([first, federation.into_published()])
}

#[cfg(test)]
mod tests;
