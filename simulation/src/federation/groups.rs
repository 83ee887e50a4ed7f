//! What belongs to a round's groups and to those who would spoil them.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;
use silhouette_privacy::{FinishError, NoisySum};

use super::{FederationError, seed_bytes};
use crate::config::{Attack, SimulationConfig};

/// The sum, or none where it is longer than honest reports add up to.
pub(super) fn unless_too_long(sum: Result<NoisySum, FederationError>) -> Result<Option<NoisySum>, FederationError> {
    match sum {
        Err(FederationError::Finish(FinishError::SumTooLong { .. })) => Ok(None),
        other => other.map(Some),
    }
}

/// The public randomness of a group's manifest: every group of every round has its own.
pub(super) fn group_seed(seed: u64, round: u64, group: usize) -> u64 {
    if group == 0 {
        return seed.wrapping_add(round);
    }
    let bytes = seed_bytes(seed, format!("group {group} of round {round}").as_bytes());
    u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

/// Who is malicious, drawn from the seed, and how.
pub(super) fn poisoners(config: &SimulationConfig, users: usize) -> Vec<(usize, Attack)> {
    let Some(poison) = config.poison else { return Vec::new() };
    let mut all: Vec<usize> = (0..users).collect();
    all.shuffle(&mut ChaCha20Rng::from_seed(seed_bytes(config.seed, b"poisoners")));
    all.into_iter().take(poison.count(users)).map(|user| (user, poison.attack)).collect()
}
