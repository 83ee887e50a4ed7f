//! Matrix products for the transformer, in tiles that stay in registers.
//!
//! Every entry of a product is summed in the order of its index, one fused multiply-add a term, and added to what it
//! is to be added to at the end. So its bits depend neither on the machine's vectors (where they have fused multiply-add, as
//! x86-64-v3 and ARM64 do) nor on how the product is cut into tiles.

mod tile;

use fearless_simd::{Simd, SimdBase, f32x16};

use self::tile::{add_columns, add_rows};
use super::kernels::{LANES, Lane};

/// A matrix of rows of lanes, each lane on a cache line of its own. It only grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Matrix {
    numbers: Vec<f32>,
    /// Where the first cache line begins.
    begin: usize,
    pub(super) stride: usize,
}

/// Bytes of a cache line, and of a lane.
const LINE: usize = LANES * size_of::<f32>();

impl Matrix {
    /// Makes room for `rows` rows of `lanes` lanes. If that needs more memory than ever before they are all zeros,
    /// else they are left as they are.
    pub(super) fn shape(&mut self, rows: usize, lanes: usize) {
        self.stride = stride_of(lanes);
        let needed = rows * self.stride * LANES;
        if self.numbers.len() < self.begin + needed {
            self.numbers = vec![0.0; needed + LANES - 1];
            let past = self.numbers.as_ptr().addr() % LINE;
            self.begin = (LINE - past) % LINE / size_of::<f32>();
        }
    }

    /// All lanes.
    #[inline(always)]
    pub(super) fn lanes(&self) -> &[Lane] {
        self.numbers[self.begin..].as_chunks().0
    }

    #[inline(always)]
    pub(super) fn lanes_mut(&mut self) -> &mut [Lane] {
        self.numbers[self.begin..].as_chunks_mut().0
    }

    pub(super) fn view(&self) -> View<'_> {
        self.at(0, 0)
    }

    /// The part from a row and a lane on.
    pub(super) fn at(&self, row: usize, lane: usize) -> View<'_> {
        View { data: &self.lanes()[row * self.stride + lane..], stride: self.stride }
    }

    pub(super) fn view_mut(&mut self) -> ViewMut<'_> {
        self.at_mut(0, 0)
    }

    pub(super) fn at_mut(&mut self, row: usize, lane: usize) -> ViewMut<'_> {
        let stride = self.stride;
        ViewMut { data: &mut self.lanes_mut()[row * stride + lane..], stride }
    }

    #[inline(always)]
    pub(super) fn row(&self, row: usize, lanes: usize) -> &[Lane] {
        &self.lanes()[row * self.stride..][..lanes]
    }

    #[inline(always)]
    pub(super) fn row_mut(&mut self, row: usize, lanes: usize) -> &mut [Lane] {
        let stride = self.stride;
        &mut self.lanes_mut()[row * stride..][..lanes]
    }
}

/// Lanes from one row to the next. A stride of many lanes would put all rows into the same few sets of the cache,
/// so it gets one more.
fn stride_of(lanes: usize) -> usize {
    if lanes.is_multiple_of(8) { lanes + 1 } else { lanes }
}

/// Rows of lanes to read.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) data: &'a [Lane],
    pub(super) stride: usize,
}

/// Rows of lanes to write.
pub(super) struct ViewMut<'a> {
    pub(super) data: &'a mut [Lane],
    pub(super) stride: usize,
}

/// What a product's entries start with.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    Zero,
    /// Zero; what stands there is added to the sum.
    There,
    /// One row for all rows.
    Row(&'a [Lane]),
    /// The same; what stands there is added to the sum.
    RowThere(&'a [Lane]),
}

impl Start<'_> {
    /// Whether what stands there is added.
    fn adds(self) -> bool {
        matches!(self, Self::There | Self::RowThere(_))
    }
}

/// `C = start + A B` of `rows` rows, `depth` terms and `lanes` lanes.
pub(super) fn multiply_rows<S: Simd>(
    simd: S,
    a: View<'_>,
    b: View<'_>,
    mut c: ViewMut<'_>,
    size: (usize, usize, usize),
    start: Start<'_>,
) {
    simd.vectorize(
        #[inline(always)]
        || add_rows(simd, a, b, &mut c, size, (start, None)),
    );
}

/// `C = A B`, times `factor` number by number.
pub(super) fn multiply_rows_times<S: Simd>(
    simd: S,
    a: View<'_>,
    b: View<'_>,
    mut c: ViewMut<'_>,
    size: (usize, usize, usize),
    factor: View<'_>,
) {
    simd.vectorize(
        #[inline(always)]
        || add_rows(simd, a, b, &mut c, size, (Start::Zero, Some(factor))),
    );
}

/// `C = start + A^T B` of `rows` rows, `depth` terms (the rows of A and B) and `lanes` lanes.
pub(super) fn multiply_columns<S: Simd>(
    simd: S,
    a: View<'_>,
    b: View<'_>,
    mut c: ViewMut<'_>,
    size: (usize, usize, usize),
    start: Start<'_>,
) {
    simd.vectorize(
        #[inline(always)]
        || add_columns(simd, a, b, &mut c, size, start),
    );
}

/// Turns `rows` rows of `lanes` lanes: entry `(i, j)` of `from` goes to `(j, i)` of `to`, whose rows are filled up to
/// whole lanes with zeros.
pub(super) fn transpose<S: Simd>(simd: S, from: View<'_>, to: ViewMut<'_>, (rows, lanes): (usize, usize)) {
    let ViewMut { data: to, stride } = to;
    simd.vectorize(
        #[inline(always)]
        || {
            for (block, lane) in (0..rows.div_ceil(LANES)).flat_map(|b| (0..lanes).map(move |lane| (b, lane))) {
                let mut rows_of_block = [f32x16::splat(simd, 0.0); LANES];
                for (i, row) in rows_of_block.iter_mut().enumerate().take(rows - block * LANES) {
                    *row = f32x16::load_array_ref(simd, &from.data[(block * LANES + i) * from.stride + lane]);
                }
                store_turned(simd, rows_of_block, &mut to[lane * LANES * stride + block..], stride);
            }
        },
    );
}

/// `matrix += step`, of whole blocks of sixteen rows, and `turned` the same turned.
pub(super) fn add_and_transpose<S: Simd>(
    simd: S,
    matrix: ViewMut<'_>,
    step: View<'_>,
    turned: ViewMut<'_>,
    (blocks, lanes): (usize, usize),
) {
    let ViewMut { data: matrix, stride } = matrix;
    let ViewMut { data: turned, stride: turned_stride } = turned;
    simd.vectorize(
        #[inline(always)]
        || {
            for (block, lane) in (0..blocks).flat_map(|block| (0..lanes).map(move |lane| (block, lane))) {
                let mut rows = [f32x16::splat(simd, 0.0); LANES];
                for (i, row) in rows.iter_mut().enumerate() {
                    let now = &mut matrix[(block * LANES + i) * stride + lane];
                    let step = &step.data[(block * LANES + i) * step.stride + lane];
                    *row = f32x16::load_array_ref(simd, now) + f32x16::load_array_ref(simd, step);
                    row.store_array(now);
                }
                store_turned(simd, rows, &mut turned[lane * LANES * turned_stride + block..], turned_stride);
            }
        },
    );
}

/// Stores the columns of a block. Four rounds, each interleaving the upper with the lower half of the rows.
#[inline(always)]
fn store_turned<S: Simd>(simd: S, mut block: [f32x16<S>; LANES], to: &mut [Lane], stride: usize) {
    for _ in 0..4 {
        let mut next = block;
        for i in 0..LANES / 2 {
            let (low, high) = simd.interleave_f32x16(block[i], block[i + LANES / 2]);
            next[2 * i] = low;
            next[2 * i + 1] = high;
        }
        block = next;
    }
    for (j, row) in block.into_iter().enumerate() {
        row.store_array(&mut to[j * stride]);
    }
}

#[cfg(test)]
mod tests;
