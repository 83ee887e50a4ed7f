//! Repeatable noise for simulations and tests.
//!
//! The distribution is exactly that of the real source, so a simulation measures the accuracy of
//! real runs; but whoever knows the seed can subtract the noise. Never for real people's data.

use std::panic::resume_unwind;
use std::thread::ScopedJoinHandle;

use chacha20::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::blocks::{BlockSampler, Words};
use super::{DyadicSigma, NoiseError, NoiseSource};

/// Separates these keys from any other use of SHA-256 over the same seed.
const DOMAIN: &[u8] = b"silhouette simulation noise v2";

/// Keystream words fetched at once.
const BUFFER: usize = 256;

/// Draws of one counter: each run of this many has a keystream of its own, so that runs can be drawn on
/// different threads, in any order.
const RUN: usize = 1 << 13;

/// Seeded, exact discrete Gaussian noise by rejection from a staircase over a ChaCha8 keystream.
///
/// The same seed and sequence of calls give the same draws on every platform and for any number of threads.
/// Splitting one call into two gives the same draws as well, as long as sigma stays the same.
pub struct SeededNoise {
    key: Zeroizing<[u8; 32]>,
    /// Draws so far.
    drawn: u64,
    /// Where the present run stands, if it has begun.
    keystream: Option<Keystream>,
    sampler: Option<BlockSampler>,
}

impl SeededNoise {
    /// A source for simulations: anyone who knows `seed` and `stream` can undo its noise.
    #[must_use]
    pub fn dangerous_for_simulation_only(seed: [u8; 32], stream: u64) -> Self {
        let hash = Sha256::new().chain_update(DOMAIN).chain_update(seed).chain_update(stream.to_le_bytes());
        Self { key: Zeroizing::new(hash.finalize().into()), drawn: 0, keystream: None, sampler: None }
    }

    /// Draws up to the end of the present run; returns how many.
    fn finish_run(&mut self, sampler: &BlockSampler, out: &mut [i64]) -> Result<usize, NoiseError> {
        let within = (self.drawn % RUN as u64) as usize;
        if within == 0 {
            return Ok(0);
        }
        let run = self.drawn / RUN as u64;
        let keystream = self.keystream.get_or_insert_with(|| Keystream::new(&self.key, run));
        let count = out.len().min(RUN - within);
        fill(sampler, keystream, &mut out[..count])?;
        self.drawn += count as u64;
        Ok(count)
    }

    /// Draws whole runs, and the beginning of one, on up to `threads` threads.
    fn fill_runs(&mut self, sampler: &BlockSampler, out: &mut [i64], threads: usize) -> Result<(), NoiseError> {
        if out.is_empty() {
            return Ok(());
        }
        let (key, first) = (&self.key, self.drawn / RUN as u64);
        let share = out.len().div_ceil(RUN).div_ceil(threads.max(1)).max(1);
        let part = |(i, part): (usize, &mut [i64])| -> Result<_, NoiseError> {
            let mut last = None;
            for (j, run) in part.chunks_mut(RUN).enumerate() {
                let keystream = last.insert(Keystream::new(key, first + (i * share + j) as u64));
                fill(sampler, keystream, run)?;
            }
            Ok(last)
        };
        self.drawn += out.len() as u64;
        let mut parts = out.chunks_mut(share * RUN).enumerate();
        self.keystream = match parts.len() {
            0 | 1 => parts.next().map_or(Ok(None), part)?,
            _ => std::thread::scope(|scope| {
                let workers: Vec<_> = parts.map(|one| scope.spawn(move || part(one))).collect();
                let join = |w: ScopedJoinHandle<'_, _>| w.join().unwrap_or_else(|panic| resume_unwind(panic));
                workers.into_iter().map(join).try_fold(None, |_, last| last)
            })?,
        };
        Ok(())
    }
}

fn fill(sampler: &BlockSampler, keystream: &mut Keystream, out: &mut [i64]) -> Result<(), NoiseError> {
    for slot in out {
        *slot = sampler.draw(keystream)?;
    }
    Ok(())
}

impl std::fmt::Debug for SeededNoise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeededNoise").finish_non_exhaustive()
    }
}

impl NoiseSource for SeededNoise {
    fn sample_discrete_gaussian(&mut self, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        self.sample_on(1, sigma, out)
    }

    fn sample_on(&mut self, threads: usize, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        let kept = self.sampler.take().filter(|s| s.sixteenths() == sigma.sixteenths());
        let sampler = kept.unwrap_or_else(|| BlockSampler::new(sigma.sixteenths()));
        let drawn = self.finish_run(&sampler, out).and_then(|n| self.fill_runs(&sampler, &mut out[n..], threads));
        self.sampler = Some(sampler);
        drawn.inspect_err(|_| out.fill(0))
    }
}

/// The keystream of one run of draws.
struct Keystream {
    rng: ChaCha8Rng,
    buffer: Zeroizing<[u8; 8 * BUFFER]>,
    position: usize,
}

impl Keystream {
    fn new(key: &[u8; 32], run: u64) -> Self {
        let mut rng = ChaCha8Rng::from_seed(*key);
        rng.set_stream(run);
        Self { rng, buffer: Zeroizing::new([0; 8 * BUFFER]), position: 8 * BUFFER }
    }
}

impl Words for Keystream {
    #[inline]
    fn next_word(&mut self) -> u64 {
        if self.position == 8 * BUFFER {
            self.rng.fill_bytes(self.buffer.as_mut());
            self.position = 0;
        }
        let mut word = [0; 8];
        word.copy_from_slice(&self.buffer[self.position..self.position + 8]);
        self.position += 8;
        u64::from_le_bytes(word)
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
