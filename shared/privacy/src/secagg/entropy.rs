//! The randomness of one participation.

use chacha20::ChaCha20Rng;
use rand::rngs::SysRng;
use rand::{Rng, SeedableRng};
use thiserror::Error;
use zeroize::Zeroizing;

/// The operating system's random source failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the operating system's random source failed: {0}")]
pub struct EntropyError(String);

/// Where a device's keys, seeds and coefficients come from: ChaCha20 keyed by the operating system.
/// The key is erased when it is dropped.
pub struct Entropy(ChaCha20Rng);

impl Entropy {
    /// Keyed by the operating system.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn from_system() -> Result<Self, EntropyError> {
        ChaCha20Rng::try_from_rng(&mut SysRng).map(Self).map_err(|e| EntropyError(e.to_string()))
    }

    /// Repeatable. Whoever knows the seed can take every mask off: for simulations, tests and
    /// fuzzing only.
    pub fn dangerous_for_simulation_only(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    pub(super) fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.0
    }

    pub(super) fn seed(&mut self) -> Zeroizing<[u8; 32]> {
        let mut seed = Zeroizing::new([0; 32]);
        self.0.fill_bytes(&mut *seed);
        seed
    }
}
