//! A fast, exact sampler of the discrete Gaussian: rejection from a staircase.
//!
//! The integers from 0 are cut into blocks of `W = 2^s` neighbours, and everything past a cut-off into
//! blocks of `V = 2^t W` whose weights halve from one to the next. Over each block lies a step that is
//! nowhere below the density `w(x) = exp(-x^2 / (2 sigma^2))`. A draw picks a step by its exact integer
//! weight (Walker's alias method), a place on it uniformly, and is accepted with probability density over
//! step: 199 times in 200 one comparison of integers with the step's lowest ratio settles that, and
//! one 64-bit word serves the whole draw. This is the idea of the ziggurat (Marsaglia and Tsang, 2000; on
//! the integers Buchmann et al., 2013), with the one place exact that they leave to floating point: a ratio
//! is compared with a uniform real whose bits are revealed as they are needed, and floats only decide where
//! their error can't matter ([`decide`]).
//!
//! Weights need not be exact, only integers and large enough: what is too much of a step is rejected.

mod alias;
mod decide;

use alias::AliasTable;
use decide::{Comparison, Ratio};

use super::NoiseError;

/// A stream of uniform 64-bit words.
pub(super) trait Words {
    /// The next word.
    fn next_word(&mut self) -> u64;
}

/// Steps of the staircase, the tail's among them.
const SLOTS: usize = alias::SLOTS;

/// What all weights come to.
const TOTAL: u32 = alias::TOTAL;

/// Blocks in one sigma, at least, where sigma is large enough to have blocks of more than one integer.
const BLOCKS_PER_SIGMA: u64 = 128;

/// Blocks before the tail where blocks hold more than one integer: 3.5 to 7 sigma.
const BLOCKS: u64 = 896;

/// Words looked at side by side.
pub(super) const AT_ONCE: usize = 16;

/// Bits of the uniform real that come with the first word.
const HEAD_BITS: u32 = 16;

/// Bits of the first word that are left for the place on the step.
const PLACE_BITS: u32 = 64 - alias::WORD_BITS - 1 - HEAD_BITS;

/// Covers the rounding of floats in what only has to be large enough, or small enough.
const SLACK: f64 = 1e-9;

/// Halvings of the tail before it is given up: never seen, `2^-1024`.
const LONGEST_TAIL: u32 = 1 << 10;

/// The staircase over `N_Z(0, (p/16)^2)`.
pub(super) struct BlockSampler {
    /// p.
    sixteenths: u64,
    /// s: blocks hold `2^s` integers.
    width_log2: u32,
    /// Blocks before the tail; the tail's slot has this number.
    blocks: u64,
    /// t: the tail's blocks are `2^t` times as wide.
    tail_log2: u32,
    /// C: step `b` is `weights[b]` high where the density is `C w(x)`.
    scale: u32,
    weights: [u32; SLOTS],
    /// Per step, in `2^-16`: below this the uniform real is under the density wherever on the step it fell.
    surely: [u32; SLOTS],
    steps: AliasTable,
    /// Whether looking at several words side by side pays.
    side_by_side: bool,
}

impl BlockSampler {
    /// The staircase for `sigma = sixteenths / 16`, up to `2^40`.
    pub(super) fn new(sixteenths: u64) -> Self {
        let sigma = sixteenths as f64 / 16.0;
        let width_log2 = (sixteenths / (16 * BLOCKS_PER_SIGMA)).checked_ilog2().unwrap_or(0);
        let blocks = if width_log2 > 0 { BLOCKS } else { ((6.0 * sigma).ceil() as u64).clamp(4, BLOCKS) };
        let density = |x: u64| (-(x as f64 / sigma).powi(2) / 2.0).exp();
        let cut = blocks << width_log2;
        // From one tail block to the next the density falls to a half or less.
        let falls = |t: u32| {
            let v = (1_u64 << (width_log2 + t)) as f64;
            (2.0 * cut as f64 + v) * v / (2.0 * sigma * sigma) > std::f64::consts::LN_2 * (1.0 + SLACK)
        };
        let tail_log2 = (0..20).find(|&t| falls(t)).unwrap_or(20);
        // The tail's steps together: V/W (1 + 1/2 + 1/4 + ...) times the density at the cut-off.
        let tail = (2_u64 << tail_log2) as f64 * density(cut);
        let whole = (0..blocks).map(|b| density(b << width_log2)).sum::<f64>() + tail;
        let scale = (f64::from(TOTAL - SLOTS as u32) / (whole * (1.0 + 4.0 * SLACK))) as u32;
        let at_least = |height: f64| (f64::from(scale) * height * (1.0 + SLACK)).ceil().max(1.0) as u32;
        let mut weights = [0; SLOTS];
        let mut surely = [0; SLOTS];
        for b in 0..blocks {
            weights[b as usize] = at_least(density(b << width_log2));
        }
        weights[blocks as usize] = at_least(tail);
        // The alias table wants the weights to fill it; what is over goes where it costs least.
        weights[0] += TOTAL - weights.iter().sum::<u32>();
        for b in 0..blocks {
            let lowest = f64::from(scale) * density(((b + 1) << width_log2) - 1) / f64::from(weights[b as usize]);
            surely[b as usize] = (f64::from(1 << HEAD_BITS) * lowest * (1.0 - SLACK)) as u32;
        }
        let steps = AliasTable::new(&weights);
        // Where zero is likely, so is a zero of the wrong sign, which ends every look; and beyond `PLACE_BITS` a draw
        // takes a second word.
        let zero_is_rare = width_log2 > 0 || weights[0] < TOTAL / 16;
        let side_by_side = zero_is_rare && width_log2 <= PLACE_BITS;
        Self { sixteenths, width_log2, blocks, tail_log2, scale, weights, surely, steps, side_by_side }
    }

    /// Whether [`draw_settled`](Self::draw_settled) may be used, and pays.
    pub(super) fn is_side_by_side(&self) -> bool {
        self.side_by_side
    }

    /// p, of the sigma this is made for.
    pub(super) fn sixteenths(&self) -> u64 {
        self.sixteenths
    }

    /// One draw.
    #[inline]
    pub(super) fn draw(&self, words: &mut impl Words) -> Result<i64, NoiseError> {
        loop {
            let word = words.next_word();
            let step = self.steps.pick(word);
            let rest = word >> alias::WORD_BITS;
            let (negative, rest) = (rest & 1, rest >> 1);
            let (head, rest) = (rest as u32 & ((1 << HEAD_BITS) - 1), rest >> HEAD_BITS);
            let places = (1 << self.width_log2) - 1;
            let place = if self.width_log2 <= PLACE_BITS { rest } else { words.next_word() } & places;
            let x = ((step as u64) << self.width_log2) | place;
            let drawn = if head < self.surely[step] { x } else { self.compare(step, x, head, words)? };
            // Zero would otherwise come up with both signs.
            if drawn != REJECTED && (drawn | (negative ^ 1)) != 0 {
                let sign = (negative as i64).wrapping_neg();
                return Ok((drawn as i64 ^ sign) - sign);
            }
        }
    }

    /// The draws that these words give, up to the first that one look does not settle; returns how many they are.
    ///
    /// A word serves a whole draw wherever one look is enough, so these are the draws that [`draw`](Self::draw) makes of
    /// the same words one after the other; here nothing branches on them, and vectors take several at a time.
    #[inline(always)]
    pub(super) fn draw_settled(&self, words: &[u64; AT_ONCE], out: &mut [i64; AT_ONCE]) -> usize {
        let places = (1 << self.width_log2) - 1;
        let mut unsettled = [0_u8; AT_ONCE];
        for ((&word, out), unsettled) in words.iter().zip(out).zip(&mut unsettled) {
            let step = self.steps.pick(word);
            let rest = word >> alias::WORD_BITS;
            let sign = (rest as i64 & 1).wrapping_neg();
            let head = (rest >> 1) as u32 & ((1 << HEAD_BITS) - 1);
            let x = (((step as u64) << self.width_log2) | ((rest >> (1 + HEAD_BITS)) & places)) as i64;
            *out = (x ^ sign) - sign;
            *unsettled = u8::from(head >= self.surely[step]) | u8::from(x | !sign == 0);
        }
        unsettled.iter().position(|&open| open != 0).unwrap_or(AT_ONCE)
    }

    /// The few that one look does not settle, and the tail. `head` are the first bits of the
    /// uniform real. Returns `x`, or in the tail its own place, or [`REJECTED`].
    #[cold]
    #[inline(never)]
    fn compare(&self, step: usize, x: u64, head: u32, words: &mut impl Words) -> Result<u64, NoiseError> {
        let revealed = u64::from(head) << (64 - HEAD_BITS) | words.next_word() >> HEAD_BITS;
        let (x, doublings) = if step as u64 == self.blocks { self.tail(words)? } else { (x, 0) };
        let weight = self.weights[step];
        let ratio = Ratio { scale: self.scale, doublings, weight, x, sixteenths: self.sixteenths };
        Ok(if Comparison::new(revealed).is_below(&ratio, words) { x } else { REJECTED })
    }

    /// A place in the tail: block `j` with probability `2^-(j+1)`. Also the power of two by which the density
    /// there counts for more, as its block is wider and less likely: `2^(t + j + 1)`.
    fn tail(&self, words: &mut impl Words) -> Result<(u64, u32), NoiseError> {
        let mut j = 0;
        loop {
            let ones = words.next_word().trailing_ones();
            j += ones;
            if ones < 64 {
                break;
            }
            if j > LONGEST_TAIL {
                return Err(NoiseError::OutOfRange);
            }
        }
        let width_log2 = self.width_log2 + self.tail_log2;
        let place = words.next_word() & ((1 << width_log2) - 1);
        Ok(((self.blocks << self.width_log2) + (u64::from(j) << width_log2) + place, self.tail_log2 + j + 1))
    }
}

/// No draw is this large.
const REJECTED: u64 = u64::MAX;

#[cfg(test)]
mod tests;
