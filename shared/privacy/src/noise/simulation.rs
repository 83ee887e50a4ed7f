//! Repeatable noise for simulations and tests.
//!
//! The distribution is exactly that of the real source, so a simulation measures the accuracy of
//! real runs; but whoever knows the seed can subtract the noise. Never for real people's data.

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    DyadicSigma, NoiseError, NoiseSource,
    exact::{Words, discrete_gaussian},
};

/// Separates these keys from any other use of SHA-256 over the same seed.
const DOMAIN: &[u8] = b"silhouette simulation noise v1";

/// Keystream words fetched at once: one kibibyte.
const BUFFER: usize = 256;

/// Seeded, exact discrete Gaussian noise (CKS20, Algorithms 1 to 3; ChaCha20 keystream).
///
/// The same seed, stream and sequence of calls give the same draws on every platform. Splitting one
/// call into two gives the same draws as well.
pub struct SeededNoise {
    rng: ChaCha20Rng,
    buffer: [u8; 4 * BUFFER],
    position: usize,
}

impl SeededNoise {
    /// A source for simulations: anyone who knows `seed` and `stream` can undo its noise.
    #[must_use]
    pub fn dangerous_for_simulation_only(seed: [u8; 32], stream: u64) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        rng.set_stream(stream);
        Self { rng, buffer: [0; 4 * BUFFER], position: 4 * BUFFER }
    }
}

impl std::fmt::Debug for SeededNoise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeededNoise").finish_non_exhaustive()
    }
}

impl Words for SeededNoise {
    #[inline]
    fn next_word(&mut self) -> u32 {
        if self.position == self.buffer.len() {
            self.rng.fill_bytes(&mut self.buffer);
            self.position = 0;
        }
        let mut word = [0; 4];
        word.copy_from_slice(&self.buffer[self.position..self.position + 4]);
        self.position += 4;
        u32::from_le_bytes(word)
    }
}

impl NoiseSource for SeededNoise {
    fn sample_discrete_gaussian(&mut self, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        for i in 0..out.len() {
            match discrete_gaussian(sigma.sixteenths(), self) {
                Ok(draw) => out[i] = draw,
                Err(error) => {
                    out.fill(0);
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// What a stream of simulated noise is for; streams of different keys are independent.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct StreamKey {
    seed: [u8; 32],
    round: u64,
    device: u64,
    purpose: String,
}

impl StreamKey {
    /// The key of one device's noise for one purpose in one round of a simulation.
    #[must_use]
    pub fn dangerous_for_simulation_only(seed: [u8; 32], round: u64, device: u64, purpose: &str) -> Self {
        Self { seed, round, device, purpose: purpose.to_owned() }
    }

    /// The source of this key, at its beginning: SHA-256 over a domain, the seed, the round, the
    /// device and the purpose (last, so that no two keys give the same bytes) keys the stream.
    #[must_use]
    pub fn noise(&self) -> SeededNoise {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(self.seed);
        hash.update(self.round.to_le_bytes());
        hash.update(self.device.to_le_bytes());
        hash.update(self.purpose.as_bytes());
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());
        SeededNoise::dangerous_for_simulation_only(*key, 0)
    }
}

impl std::fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamKey").finish_non_exhaustive()
    }
}
