//! Small dense products, sixteen numbers at a time.
//!
//! Rows are padded to whole [`Lane`]s, whose padding is zero and stays zero. Every sum runs in the order of its
//! index and is fused (`mul_add`) from its first term on, so its bits depend neither on the machine's vectors (as
//! long as it has fused multiply-add, as x86-64-v3 and ARM64 do) nor on how a product is cut into tiles.

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

/// Sixteen neighbouring numbers.
pub(super) type Lane = [f32; LANES];

/// Numbers in a [`Lane`].
pub(super) const LANES: usize = 16;

/// Lanes that hold `n` numbers.
pub(super) const fn lanes_of(n: usize) -> usize {
    n.div_ceil(LANES)
}

/// Rows and lanes of the tile that is kept in registers.
const ROWS: usize = 4;
const COLUMNS: usize = 4;

/// A matrix that is read one number at a time: entry `(row, k)` stands at `row * row_step + k * k_step`.
#[derive(Clone, Copy)]
pub(super) struct Scalars<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) row_step: usize,
    pub(super) k_step: usize,
}

impl<'a> Scalars<'a> {
    /// The rows of a matrix whose rows are `lanes` lanes long.
    pub(super) fn rows(numbers: &'a [Lane], lanes: usize) -> Self {
        Self { numbers: numbers.as_flattened(), row_step: lanes * LANES, k_step: 1 }
    }

    /// Its columns.
    pub(super) fn columns(numbers: &'a [Lane], lanes: usize) -> Self {
        Self { numbers: numbers.as_flattened(), row_step: 1, k_step: lanes * LANES }
    }
}

/// `C += A B`: A has `rows` rows of `depth` numbers, B `depth` and C `rows` rows of `lanes` lanes.
#[inline(always)]
pub(super) fn multiply<S: Simd>(
    simd: S,
    a: Scalars<'_>,
    b: &[Lane],
    c: &mut [Lane],
    (rows, depth, lanes): (usize, usize, usize),
) {
    let mut row = 0;
    while row + ROWS <= rows {
        strip::<S, ROWS>(simd, a, b, c, (row, depth, lanes));
        row += ROWS;
    }
    while row < rows {
        strip::<S, 1>(simd, a, b, c, (row, depth, lanes));
        row += 1;
    }
}

#[inline(always)]
fn strip<S: Simd, const R: usize>(
    simd: S,
    a: Scalars<'_>,
    b: &[Lane],
    c: &mut [Lane],
    (row, depth, lanes): (usize, usize, usize),
) {
    let mut column = 0;
    while column + COLUMNS <= lanes {
        tile::<S, R, COLUMNS>(simd, a, b, c, (row, column, depth, lanes));
        column += COLUMNS;
    }
    while column < lanes {
        tile::<S, R, 1>(simd, a, b, c, (row, column, depth, lanes));
        column += 1;
    }
}

#[inline(always)]
fn tile<S: Simd, const R: usize, const C: usize>(
    simd: S,
    a: Scalars<'_>,
    b: &[Lane],
    c: &mut [Lane],
    (row, column, depth, lanes): (usize, usize, usize, usize),
) {
    let mut sums = [[f32x16::splat(simd, 0.0); C]; R];
    for (r, sums) in sums.iter_mut().enumerate() {
        let at = (row + r) * lanes + column;
        for (sum, lane) in sums.iter_mut().zip(&c[at..at + C]) {
            *sum = f32x16::from_slice(simd, lane);
        }
    }
    for k in 0..depth {
        let at = k * lanes + column;
        let Some(b) = b[at..].first_chunk::<C>() else { return };
        let b = b.map(|lane| f32x16::from_slice(simd, &lane));
        for (r, sums) in sums.iter_mut().enumerate() {
            let x = f32x16::splat(simd, a.numbers[(row + r) * a.row_step + k * a.k_step]);
            for (sum, &b) in sums.iter_mut().zip(&b) {
                *sum = x.mul_add(b, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let at = (row + r) * lanes + column;
        for (sum, lane) in sums.iter().zip(&mut c[at..at + C]) {
            sum.store_slice(lane);
        }
    }
}

/// `to += x from`; both have as many numbers.
#[inline(always)]
pub(super) fn add_scaled<S: Simd>(simd: S, x: f32, from: &[f32], to: &mut [f32]) {
    debug_assert_eq!(from.len(), to.len());
    let (lanes, last) = from.as_chunks::<LANES>();
    let (to_lanes, to_last) = to.as_chunks_mut::<LANES>();
    let all = f32x16::splat(simd, x);
    for (from, to) in lanes.iter().zip(to_lanes) {
        all.mul_add(f32x16::from_slice(simd, from), f32x16::from_slice(simd, to)).store_slice(to);
    }
    for (from, to) in last.iter().zip(to_last) {
        *to = x.mul_add(*from, *to);
    }
}

/// `exp(x)` for x from -87 to 0, with a relative error below 2e-7: `2^n` times a polynomial of the rest, after
/// Cody and Waite's reduction; below -87 zero.
#[inline(always)]
pub(super) fn exp_of_negative(x: f32) -> f32 {
    // Adding and taking off 1.5 * 2^23 rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    let n = x.mul_add(std::f32::consts::LOG2_E, ROUND) - ROUND;
    let r = (-n).mul_add(LN2_LOW, (-n).mul_add(LN2_HIGH, x));
    // Taylor's series to the seventh power: |r| < 0.347.
    let p = r.mul_add(1.0 / 5040.0, 1.0 / 720.0);
    let p = p.mul_add(r, 1.0 / 120.0).mul_add(r, 1.0 / 24.0).mul_add(r, 1.0 / 6.0).mul_add(r, 0.5);
    let p = p.mul_add(r, 1.0).mul_add(r, 1.0);
    p * f32::from_bits(((n as i32 + 127) << 23) as u32)
}

#[cfg(test)]
mod tests;
