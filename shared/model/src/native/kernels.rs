//! Small dense products, sixteen numbers at a time.
//!
//! Rows are padded to whole [`Lane`]s, whose padding is zero and stays zero. Every sum runs in the order of its
//! index and is fused (`mul_add`) from its first term on, so its bits depend neither on the machine's vectors (as
//! long as it has fused multiply-add, as x86-64-v3 and ARM64 do) nor on how a product is cut into tiles.

use fearless_simd::{Bytes, Simd, SimdBase, SimdFloat, f32x16, u32x16};

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

/// `exp(x)` for x up to 0, with a relative error below 3e-7; below -87 that of -87, about 1.6e-38.
///
/// `2^n` times Taylor's series of the rest to the sixth power, after Cody and Waite's reduction.
#[inline(always)]
pub(super) fn exp_of_negative<S: Simd>(simd: S, x: f32x16<S>) -> f32x16<S> {
    // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let number = |v: f32| f32x16::splat(simd, v);
    let x = x.max(number(-87.0));
    let shifted = x.mul_add(number(std::f32::consts::LOG2_E), number(ROUND));
    let n = number(ROUND) - shifted;
    let r = n.mul_add(number(-2.121_944_4e-4), n.mul_add(number(0.693_359_4), x));
    let mut p = number(1.0 / 720.0);
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = p.mul_add(r, number(coefficient));
    }
    let power: u32x16<S> = shifted.bitcast::<u32x16<S>>() << 23;
    (p.bitcast::<u32x16<S>>() + power).bitcast()
}

/// The same of each number.
#[inline(always)]
pub(super) fn exp_all<S: Simd>(simd: S, numbers: &mut [f32]) {
    for part in numbers.chunks_mut(LANES) {
        let mut lane = [0.0; LANES];
        lane[..part.len()].copy_from_slice(part);
        exp_of_negative(simd, f32x16::load_array_ref(simd, &lane)).store_array(&mut lane);
        part.copy_from_slice(&lane[..part.len()]);
    }
}

#[cfg(test)]
mod tests;
