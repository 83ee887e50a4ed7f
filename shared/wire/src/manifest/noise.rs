use serde::{Deserialize, Serialize};

use super::{ManifestError, validate};
use crate::{defaults::MAX_TREE_ROUNDS, mode::Mode};

/// The clip follows a quantile of the norms (Andrew, Thakkar, McMahan, Ramaswamy, "Differentially
/// Private Learning with Adaptive Clipping", 2021): a device releases one more entry, which says in a
/// noisy sum whether its norm was within the clip.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdaptiveClip {
    /// gamma: the share of updates that should not be clipped, in (0, 1).
    pub quantile: f64,
    /// `eta_C`: how fast the clip moves, in (0, 2].
    pub learning_rate: f64,
    /// `sigma_b`: standard deviation of the noise on the number of devices within the clip; above z / 2.
    pub count_noise: f64,
    /// The clip never becomes larger than this.
    pub largest: f64,
}

/// Whether the noise of one round depends on that of another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Correlation {
    /// Fresh noise in every round.
    #[default]
    Independent,
    /// What is released are sums over all rounds so far, with the noise of a binary tree over the rounds
    /// (Kairouz et al., "Practical and Private (Deep) Learning without Sampling or Shuffling", 2021). A
    /// device's cost depends on how often and how close together it takes part: on `max_participations`
    /// and `min_separation`.
    Tree {
        /// T: rounds in the tree, 1 to 2^16.
        rounds: u32,
    },
}

impl AdaptiveClip {
    pub(super) fn validate(&self, clip: f64, noise_multiplier: f64) -> Result<(), ManifestError> {
        let Self { quantile, learning_rate, count_noise, largest } = *self;
        validate::positive("adaptive_clip.largest", largest)?;
        validate::ensure(clip <= largest, "clip", "at most adaptive_clip.largest", clip)?;
        let inside = quantile > 0.0 && quantile < 1.0;
        validate::ensure(inside, "adaptive_clip.quantile", "a number in (0, 1)", quantile)?;
        let moves = learning_rate > 0.0 && learning_rate <= 2.0;
        validate::ensure(moves, "adaptive_clip.learning_rate", "a number in (0, 2]", learning_rate)?;
        validate::positive("adaptive_clip.count_noise", count_noise)?;
        let affordable = 2.0 * count_noise > noise_multiplier;
        validate::ensure(affordable, "adaptive_clip.count_noise", "above half of noise_multiplier", count_noise)
    }
}

impl Correlation {
    pub(super) fn validate(self, mode: Mode, round: u64, adaptive: bool) -> Result<(), ManifestError> {
        let Self::Tree { rounds } = self else { return Ok(()) };
        validate::ensure((1..=MAX_TREE_ROUNDS).contains(&rounds), "correlation.rounds", "1 to 2^16", rounds)?;
        validate::ensure(round <= u64::from(rounds), "round", "at most the rounds of the tree", round)?;
        // Only who adds all of the noise can add the same noise again.
        validate::ensure(mode == Mode::Central, "correlation", "independent noise outside mode central", "a tree")?;
        // The sums of a tree are of one sensitivity.
        validate::ensure(!adaptive, "correlation", "independent noise with an adaptive clip", "a tree")
    }
}
