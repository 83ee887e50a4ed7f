//! The exact discrete Gaussian sampler of CKS20 over fixed-width integers.
//!
//! Every accept or reject decision compares a lazily revealed uniform real with a rational number;
//! no floating point takes part. With `sigma = p/16` the proposal is a discrete Laplace of scale
//! `t = sigma` (CKS20's identity holds for every `t > 0`; their `t = floor(sigma) + 1` is only one
//! choice), which keeps numerator and denominator of the acceptance exponent inside 128 bits:
//! `(|Y| - sigma^2/t)^2 / (2 sigma^2) = (16 |Y| - p)^2 / (2 p^2)`.

use super::NoiseError;

/// A stream of uniform 32-bit words.
pub(super) trait Words {
    /// The next word.
    fn next_word(&mut self) -> u32;
}

/// Sixteenths in one.
const PARTS: u64 = 16;

/// No draw of a geometric variable with success probability `1 - 1/e` reaches this in practice
/// (`exp(-65536)`); it keeps the arithmetic inside its width.
const GEOMETRIC_LIMIT: u64 = 1 << 16;

/// One draw from `N_Z(0, (p/16)^2)`, `0 < p <= 2^44` (CKS20, Algorithm 3).
pub(super) fn discrete_gaussian(p: u64, words: &mut impl Words) -> Result<i64, NoiseError> {
    let twice_square = 2 * u128::from(p) * u128::from(p);
    loop {
        let (magnitude, negative) = discrete_laplace(p, words)?;
        let distance = (PARTS * magnitude).abs_diff(p);
        let square = u128::from(distance) * u128::from(distance);
        if bernoulli_exp(square, twice_square, words)? {
            let value = i64::try_from(magnitude).map_err(|_| NoiseError::OutOfRange)?;
            return Ok(if negative { -value } else { value });
        }
    }
}

/// Magnitude and sign of a draw with probability proportional to `exp(-16 |y| / p)` (CKS20,
/// Algorithm 2 with `t = p`, `s = 16`).
fn discrete_laplace(p: u64, words: &mut impl Words) -> Result<(u64, bool), NoiseError> {
    loop {
        let u = uniform_below(p, words);
        if !bernoulli_exp(u128::from(u), u128::from(p), words)? {
            continue;
        }
        let mut v = 0_u64;
        while bernoulli_exp_unit(1, 1, words)? {
            v += 1;
            if v == GEOMETRIC_LIMIT {
                return Err(NoiseError::OutOfRange);
            }
        }
        let magnitude = (u + p * v) / PARTS;
        let negative = words.next_word() & 1 == 1;
        // Zero would otherwise come up with both signs.
        if !(negative && magnitude == 0) {
            return Ok((magnitude, negative));
        }
    }
}

/// True with probability `exp(-n/d)` (CKS20, Algorithm 1).
fn bernoulli_exp(mut n: u128, d: u128, words: &mut impl Words) -> Result<bool, NoiseError> {
    while n > d {
        if !bernoulli_exp_unit(1, 1, words)? {
            return Ok(false);
        }
        n -= d;
    }
    bernoulli_exp_unit(n, d, words)
}

/// True with probability `exp(-n/d)` for `n <= d` (CKS20, Algorithm 1, first case): the first `k` at
/// which a Bernoulli(`n/(d k)`) fails is odd with that probability.
#[inline]
fn bernoulli_exp_unit(n: u128, d: u128, words: &mut impl Words) -> Result<bool, NoiseError> {
    let mut k = 1_u32;
    let mut denominator = d;
    while bernoulli(n, denominator, words)? {
        k += 1;
        denominator += d;
    }
    Ok(k % 2 == 1)
}

/// True with probability `n/d`, `n <= d`: compares a uniform real with `n/d`, 32 bits at a time, and
/// goes on to the next word only while all bits so far agree.
#[inline]
fn bernoulli(n: u128, d: u128, words: &mut impl Words) -> Result<bool, NoiseError> {
    if n == d {
        return Ok(true);
    }
    if d >> 96 != 0 {
        return Err(NoiseError::OutOfRange);
    }
    let mut rest = n;
    while rest != 0 {
        // rest < d < 2^96, so neither product leaves 128 bits.
        let scaled = rest << 32;
        let drawn = d * u128::from(words.next_word());
        if drawn >= scaled {
            return Ok(false);
        }
        if scaled - drawn >= d {
            return Ok(true);
        }
        rest = scaled - drawn;
    }
    Ok(false)
}

/// Uniform on `0..bound`: rejection of the top, uneven part of the smallest enclosing power of two.
#[inline]
fn uniform_below(bound: u64, words: &mut impl Words) -> u64 {
    let shift = (bound - 1).leading_zeros().min(63);
    loop {
        let high = if shift >= 32 { 0 } else { u64::from(words.next_word()) << 32 };
        let mask = u64::MAX >> shift;
        let value = (high | u64::from(words.next_word())) & mask;
        if value < bound {
            return value;
        }
    }
}
