//! Repeatable noise for simulations and tests.
//!
//! The distribution is exactly that of the real source, so a simulation measures the accuracy of
//! real runs; but whoever knows the seed can subtract the noise. Never for real people's data.

mod prepared;

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use prepared::PreparedNoise;

use super::blocks::{AT_ONCE, BlockSampler, Words};
use super::{DyadicSigma, NoiseError, NoiseSource};
use crate::lanes::{LANES, Lanes, vectorised};

/// Separates these keys from any other use of SHA-256 over the same seed.
const DOMAIN: &[u8] = b"silhouette simulation noise v2";

/// Draws made before they are put where they belong.
const PART: usize = 1 << 9;

/// Rows of words fetched at once.
const ROWS: usize = 64;

/// 64-bit words in them.
const WORDS: usize = ROWS * LANES / 2;

/// Draws of one counter: each run of this many has a keystream of its own, so that runs can be drawn on
/// different threads, in any order.
const RUN: usize = 1 << 13;

/// Seeded, exact discrete Gaussian noise by rejection from a staircase over sixteen xoshiro128++ side by side.
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
    fn finish_run(
        &mut self,
        sampler: &BlockSampler,
        out: &mut [i64],
        put: impl Fn(&mut i64, i64) + Copy + Send + Sync,
    ) -> Result<usize, NoiseError> {
        let within = (self.drawn % RUN as u64) as usize;
        if within == 0 {
            return Ok(0);
        }
        let run = self.drawn / RUN as u64;
        let keystream = self.keystream.get_or_insert_with(|| Keystream::new(&self.key, run));
        let count = out.len().min(RUN - within);
        fill(sampler, keystream, &mut out[..count], put)?;
        self.drawn += count as u64;
        Ok(count)
    }

    /// Draws whole runs, and the beginning of one, on up to `threads` threads.
    fn fill_runs(
        &mut self,
        sampler: &BlockSampler,
        out: &mut [i64],
        put: impl Fn(&mut i64, i64) + Copy + Send + Sync,
        threads: usize,
    ) -> Result<(), NoiseError> {
        if out.is_empty() {
            return Ok(());
        }
        let (key, first) = (&self.key, self.drawn / RUN as u64);
        let share = out.len().div_ceil(RUN).div_ceil(threads.max(1)).max(1);
        let part = |(i, part): (usize, &mut [i64])| -> Result<_, NoiseError> {
            let mut last = None;
            for (j, run) in part.chunks_mut(RUN).enumerate() {
                let keystream = last.insert(Keystream::new(key, first + (i * share + j) as u64));
                fill(sampler, keystream, run, put)?;
            }
            Ok(last)
        };
        self.drawn += out.len() as u64;
        let mut parts = out.chunks_mut(share * RUN).enumerate();
        self.keystream = match parts.len() {
            0 | 1 => parts.next().map_or(Ok(None), part)?,
            _ => {
                let parts: Vec<_> = parts.collect();
                let drawn: Vec<_> = parts.into_par_iter().map(part).collect();
                drawn.into_iter().try_fold(None, |_, last| last)?
            }
        };
        Ok(())
    }
}

/// Draws a part of a run and puts each draw where it belongs.
fn fill(
    sampler: &BlockSampler,
    keystream: &mut Keystream,
    out: &mut [i64],
    put: impl Fn(&mut i64, i64) + Copy + Send + Sync,
) -> Result<(), NoiseError> {
    let mut drawn = Zeroizing::new([0; PART]);
    for part in out.chunks_mut(PART) {
        vectorised(
            #[inline(always)]
            || draw_part(sampler, keystream, &mut drawn[..part.len()]),
        )?;
        part.iter_mut().zip(drawn.iter()).for_each(|(to, &n)| put(to, n));
    }
    Ok(())
}

/// Draws that lie side by side in the keystream's buffer at once, the others one by one.
#[inline(always)]
fn draw_part(sampler: &BlockSampler, keystream: &mut Keystream, out: &mut [i64]) -> Result<(), NoiseError> {
    let mut done = 0;
    while sampler.is_side_by_side() && done < out.len() {
        if let (Some(words), Some(several)) = (keystream.ahead(), out[done..].first_chunk_mut::<AT_ONCE>()) {
            let settled = sampler.draw_settled(&words, several);
            keystream.position += settled;
            done += settled;
            if settled == AT_ONCE {
                continue;
            }
        }
        out[done] = sampler.draw(keystream)?;
        done += 1;
    }
    out[done..].iter_mut().try_for_each(|slot| sampler.draw(keystream).map(|n| *slot = n))
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
        self.draw(threads, sigma, out, |slot, n| *slot = n).inspect_err(|_| out.fill(0))
    }

    fn add_on(&mut self, threads: usize, sigma: DyadicSigma, sum: &mut [i64]) -> Result<(), NoiseError> {
        // No draw is 2^60 away from zero: the widest tail block that is ever drawn ends before it.
        if sum.iter().any(|k| k.unsigned_abs() >= 1 << 62) {
            return Err(NoiseError::Overflow);
        }
        self.draw(threads, sigma, sum, |k, n| *k += n)
    }
}

impl SeededNoise {
    fn draw(
        &mut self,
        threads: usize,
        sigma: DyadicSigma,
        out: &mut [i64],
        put: impl Fn(&mut i64, i64) + Copy + Send + Sync,
    ) -> Result<(), NoiseError> {
        let kept = self.sampler.take().filter(|s| s.sixteenths() == sigma.sixteenths());
        let sampler = kept.unwrap_or_else(|| BlockSampler::new(sigma.sixteenths()));
        let begun = self.finish_run(&sampler, out, put);
        let drawn = begun.and_then(|n| self.fill_runs(&sampler, &mut out[n..], put, threads));
        self.sampler = Some(sampler);
        drawn
    }
}

/// The keystream of one run of draws.
struct Keystream {
    lanes: Lanes,
    buffer: [[u32; LANES]; ROWS],
    position: usize,
}

impl Keystream {
    fn new(key: &[u8; 32], run: u64) -> Self {
        let hash = Sha256::new().chain_update(DOMAIN).chain_update(key).chain_update(run.to_le_bytes());
        Self { lanes: Lanes::seeded(hash.finalize().into()), buffer: [[0; LANES]; ROWS], position: WORDS }
    }
}

impl Keystream {
    /// The next words, where so many are in the buffer.
    #[inline(always)]
    fn ahead(&self) -> Option<[u64; AT_ONCE]> {
        let pairs = self.buffer.as_flattened().as_chunks::<2>().0.get(self.position..)?.first_chunk::<AT_ONCE>()?;
        Some(pairs.map(word_of))
    }
}

/// A word of two of the generators' words, the first one lowest.
#[inline(always)]
fn word_of(pair: [u32; 2]) -> u64 {
    u64::from(pair[0]) | u64::from(pair[1]) << 32
}

impl Words for Keystream {
    #[inline]
    fn next_word(&mut self) -> u64 {
        if self.position == WORDS {
            self.lanes.fill(&mut self.buffer);
            self.position = 0;
        }
        let pair = self.buffer.as_flattened().as_chunks::<2>().0[self.position % WORDS];
        self.position += 1;
        word_of(pair)
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
