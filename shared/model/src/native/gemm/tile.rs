//! The tiles: a few rows times a few lanes, summed in registers.

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use super::{LANES, Lane, Start, View, ViewMut};

/// Whether a lane fits one register; then there are 32 of them, else 16 of half the size or less.
#[inline(always)]
fn wide<S: Simd>() -> bool {
    <S::f32s as SimdBase<S>>::LEN >= LANES
}

/// See [`multiply_rows`](super::multiply_rows).
#[inline(always)]
pub(super) fn add_rows<S: Simd>(
    simd: S,
    a: View<'_>,
    b: View<'_>,
    c: &mut ViewMut<'_>,
    (rows, depth, lanes): (usize, usize, usize),
    (start, times): (Start<'_>, Option<View<'_>>),
) {
    let mut lane = 0;
    let tile = Rows { a, b, depth, start, times };
    if wide::<S>() {
        while lane + 4 <= lanes {
            rows_of_four(simd, &tile, c, rows, lane);
            lane += 4;
        }
        while lane + 2 <= lanes {
            rows_of::<S, 8, 2>(simd, &tile, c, rows, lane);
            lane += 2;
        }
    }
    while lane < lanes {
        if wide::<S>() {
            rows_of::<S, 8, 1>(simd, &tile, c, rows, lane);
        } else {
            rows_of::<S, 6, 1>(simd, &tile, c, rows, lane);
        }
        lane += 1;
    }
}

/// What all tiles of a product by rows share.
struct Rows<'a> {
    a: View<'a>,
    b: View<'a>,
    depth: usize,
    start: Start<'a>,
    times: Option<View<'a>>,
}

#[inline(always)]
fn rows_of_four<S: Simd>(simd: S, tile: &Rows<'_>, c: &mut ViewMut<'_>, rows: usize, lane: usize) {
    let mut row = 0;
    while row + 6 <= rows {
        tile.run::<S, 6, 4>(simd, c, row, lane);
        row += 6;
    }
    match rows - row {
        5 => tile.run::<S, 5, 4>(simd, c, row, lane),
        4 => tile.run::<S, 4, 4>(simd, c, row, lane),
        3 => tile.run::<S, 3, 4>(simd, c, row, lane),
        2 => tile.run::<S, 2, 4>(simd, c, row, lane),
        1 => tile.run::<S, 1, 4>(simd, c, row, lane),
        _ => {}
    }
}

/// Rows in tiles of 8 (6 where registers are short). What is left over is done by one tile that ends with the last
/// row and repeats a few rows before, if their start allows it: short tiles would wait for their own sums.
#[inline(always)]
fn rows_of<S: Simd, const R: usize, const C: usize>(
    simd: S,
    tile: &Rows<'_>,
    c: &mut ViewMut<'_>,
    rows: usize,
    lane: usize,
) {
    let again = !tile.start.adds();
    let mut row = 0;
    while row + R <= rows {
        tile.run::<S, R, C>(simd, c, row, lane);
        row += R;
    }
    if again && rows >= R && rows - row > 4 {
        return tile.run::<S, R, C>(simd, c, rows - R, lane);
    }
    while row + 4 <= rows {
        tile.run::<S, 4, C>(simd, c, row, lane);
        row += 4;
    }
    if again && rows >= 4 && rows > row {
        return tile.run::<S, 4, C>(simd, c, rows - 4, lane);
    }
    while row < rows {
        tile.run::<S, 1, C>(simd, c, row, lane);
        row += 1;
    }
}

impl Rows<'_> {
    #[expect(clippy::needless_range_loop, reason = "the index runs through several rows side by side")]
    #[inline(always)]
    fn run<S: Simd, const R: usize, const C: usize>(&self, simd: S, c: &mut ViewMut<'_>, row: usize, lane: usize) {
        let mut sums = begin::<S, R, C>(simd, self.start, lane);
        let (whole, rest) = (self.depth / LANES, self.depth % LANES);
        let mut rows: [&[Lane]; R] = [&[]; R];
        for (r, lanes) in rows.iter_mut().enumerate() {
            *lanes = &self.a.data[(row + r) * self.a.stride..][..self.depth.div_ceil(LANES)];
        }
        let mut at = lane;
        for k in 0..whole {
            let numbers = numbers_at(&rows, k);
            for i in 0..LANES {
                let b = lanes_at::<S, C>(simd, self.b.data, at);
                at += self.b.stride;
                fused(simd, &mut sums, |r| numbers[r][i], b);
            }
        }
        if rest > 0 {
            let numbers = numbers_at(&rows, whole);
            for i in 0..rest {
                let b = lanes_at::<S, C>(simd, self.b.data, at);
                at += self.b.stride;
                fused(simd, &mut sums, |r| numbers[r][i], b);
            }
        }
        if let Some(times) = self.times {
            for (r, sums) in sums.iter_mut().enumerate() {
                let factors = lanes_at::<S, C>(simd, times.data, (row + r) * times.stride + lane);
                sums.iter_mut().zip(factors).for_each(|(sum, factor)| *sum *= factor);
            }
        }
        end(simd, &sums, c, (row, lane, R), self.start.adds());
    }
}

/// See [`multiply_columns`](super::multiply_columns).
#[inline(always)]
pub(super) fn add_columns<S: Simd>(
    simd: S,
    a: View<'_>,
    b: View<'_>,
    c: &mut ViewMut<'_>,
    (rows, depth, lanes): (usize, usize, usize),
    start: Start<'_>,
) {
    let mut lane = 0;
    if wide::<S>() {
        while lane + 2 <= lanes {
            columns_of::<S, 8, 2>(simd, a, b, c, (rows, depth, lane), start);
            lane += 2;
        }
        while lane < lanes {
            columns_of::<S, 8, 1>(simd, a, b, c, (rows, depth, lane), start);
            lane += 1;
        }
    } else {
        while lane < lanes {
            columns_of::<S, 4, 1>(simd, a, b, c, (rows, depth, lane), start);
            lane += 1;
        }
    }
}

/// Rows of C in tiles of `R`, a divisor of [`LANES`]; of the last tile only the rows that exist are kept.
#[inline(always)]
fn columns_of<S: Simd, const R: usize, const C: usize>(
    simd: S,
    a: View<'_>,
    b: View<'_>,
    c: &mut ViewMut<'_>,
    (rows, depth, lane): (usize, usize, usize),
    start: Start<'_>,
) {
    let mut row = 0;
    while row + R <= rows {
        let sums = columns::<S, R, C>(simd, a, b, (row, depth, lane), start);
        end(simd, &sums, c, (row, lane, R), start.adds());
        row += R;
    }
    if row < rows {
        let sums = columns::<S, R, C>(simd, a, b, (row, depth, lane), start);
        end(simd, &sums, c, (row, lane, rows - row), start.adds());
    }
}

#[inline(always)]
fn columns<S: Simd, const R: usize, const C: usize>(
    simd: S,
    a: View<'_>,
    b: View<'_>,
    (row, depth, lane): (usize, usize, usize),
    start: Start<'_>,
) -> [[f32x16<S>; C]; R] {
    let mut sums = begin::<S, R, C>(simd, start, lane);
    let part = row % LANES / R;
    let (mut at_a, mut at_b) = (row / LANES, lane);
    for _ in 0..depth {
        let numbers = a.data[at_a].as_chunks::<R>().0[part];
        let lanes = lanes_at::<S, C>(simd, b.data, at_b);
        at_a += a.stride;
        at_b += b.stride;
        fused(simd, &mut sums, |r| numbers[r], lanes);
    }
    sums
}

/// Lane `k` of each row. Written out, as `map` and `from_fn` are not always inlined.
#[inline(always)]
fn numbers_at<'a, const R: usize>(rows: &[&'a [Lane]; R], k: usize) -> [&'a Lane; R] {
    let mut numbers = [&[0.0; LANES]; R];
    for (number, row) in numbers.iter_mut().zip(rows) {
        *number = &row[k];
    }
    numbers
}

#[inline(always)]
fn lanes_at<S: Simd, const C: usize>(simd: S, data: &[Lane], at: usize) -> [f32x16<S>; C] {
    let mut lanes = [f32x16::splat(simd, 0.0); C];
    for (to, lane) in lanes.iter_mut().zip(&data[at..at + C]) {
        *to = f32x16::load_array_ref(simd, lane);
    }
    lanes
}

#[inline(always)]
fn fused<S: Simd, const R: usize, const C: usize>(
    simd: S,
    sums: &mut [[f32x16<S>; C]; R],
    number: impl Fn(usize) -> f32,
    b: [f32x16<S>; C],
) {
    for (r, sums) in sums.iter_mut().enumerate() {
        let x = f32x16::splat(simd, number(r));
        for (sum, b) in sums.iter_mut().zip(&b) {
            *sum = x.mul_add(*b, *sum);
        }
    }
}

#[inline(always)]
fn begin<S: Simd, const R: usize, const C: usize>(simd: S, start: Start<'_>, lane: usize) -> [[f32x16<S>; C]; R] {
    match start {
        Start::Zero | Start::There => [[f32x16::splat(simd, 0.0); C]; R],
        Start::Row(row) | Start::RowThere(row) => [lanes_at(simd, row, lane); R],
    }
}

/// Writes the first `height` rows of a tile. What stands there is read only now: that it may come from far away
/// keeps nobody waiting.
#[inline(always)]
fn end<S: Simd, const R: usize, const C: usize>(
    simd: S,
    sums: &[[f32x16<S>; C]; R],
    c: &mut ViewMut<'_>,
    (row, lane, height): (usize, usize, usize),
    add: bool,
) {
    for (r, sums) in sums.iter().enumerate().take(height) {
        let lanes = &mut c.data[(row + r) * c.stride + lane..][..C];
        for (sum, lane) in sums.iter().zip(lanes) {
            let all = if add { *sum + f32x16::load_array_ref(simd, lane) } else { *sum };
            all.store_array(lane);
        }
    }
}
