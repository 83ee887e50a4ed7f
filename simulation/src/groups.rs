//! What belongs to a round's groups and to those who would spoil them.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;
use silhouette_privacy::{FinishError, NoisySum};

use crate::config::{Attack, SimulationConfig};
use crate::federation::FederationError;
use crate::offers::seed_bytes;

/// The sum, or none where it is longer than honest reports add up to.
pub(crate) fn unless_too_long(sum: Result<NoisySum, FederationError>) -> Result<Option<NoisySum>, FederationError> {
    match sum {
        Err(FederationError::Finish(FinishError::SumTooLong { .. })) => Ok(None),
        other => other.map(Some),
    }
}

/// Who is malicious, drawn from the seed, and how.
pub(crate) fn poisoners(config: &SimulationConfig, users: usize) -> Vec<(usize, Attack)> {
    let Some(poison) = config.poison else { return Vec::new() };
    let mut all: Vec<usize> = (0..users).collect();
    all.shuffle(&mut ChaCha20Rng::from_seed(seed_bytes(config.seed, b"poisoners")));
    all.into_iter().take(poison.count(users)).map(|user| (user, poison.attack)).collect()
}
