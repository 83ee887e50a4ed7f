use fearless_simd::{Level, dispatch};

use super::*;
use crate::native::kernels::lanes_of;

fn number(i: usize) -> f32 {
    ((i * 7919 % 2003) as f32 - 1001.0) / 997.0
}

fn matrix(rows: usize, columns: usize, seed: usize) -> Matrix {
    let lanes = lanes_of(columns);
    let mut all = Matrix::default();
    all.shape(rows, lanes);
    for i in 0..rows {
        let row = all.row_mut(i, lanes).as_flattened_mut();
        row.iter_mut().take(columns).enumerate().for_each(|(j, v)| *v = number(seed + i * 97 + j));
    }
    all
}

fn entry(of: &Matrix, row: usize, column: usize) -> f32 {
    of.lanes().as_flattened()[row * of.stride * LANES + column]
}

/// Entries of C by their definition, in the plain order.
fn check(
    found: &Matrix,
    (rows, depth, lanes): (usize, usize, usize),
    (bias, before): (Option<&Matrix>, Option<&Matrix>),
    a: &dyn Fn(usize, usize) -> f32,
    b: &Matrix,
) {
    for row in 0..rows {
        for column in 0..lanes * LANES {
            let start = bias.map_or(0.0, |bias| entry(bias, 0, column));
            let sum = (0..depth).fold(start, |sum, k| a(row, k).mul_add(entry(b, k, column), sum));
            let sum = before.map_or(sum, |before| sum + entry(before, row, column));
            assert_eq!(entry(found, row, column).to_bits(), sum.to_bits(), "{rows} {depth} {lanes}: {row} {column}");
        }
    }
}

const SIZES: [(usize, usize, usize); 8] =
    [(1, 1, 1), (6, 16, 64), (17, 64, 192), (23, 5, 100), (16, 64, 16), (13, 40, 33), (9, 0, 16), (29, 31, 256)];

fn levels() -> Vec<Level> {
    #[cfg(target_arch = "x86_64")]
    if let (Some(narrow), wide @ Level::Avx512(_)) = (Level::new().as_avx2(), Level::new()) {
        return vec![Level::Avx2(narrow), wide];
    }
    println!("SKIPPED: this machine has not both AVX2 and AVX-512; only its own level is checked");
    vec![Level::new()]
}

#[test]
fn products_have_the_bits_of_the_plain_order() {
    for (level, (rows, depth, columns)) in levels().into_iter().flat_map(|level| SIZES.map(|size| (level, size))) {
        let size = (rows, depth, lanes_of(columns));
        let b = matrix(depth, columns, 3);
        let before = matrix(rows, columns, 11);
        let bias = matrix(1, columns, 17);
        let (by_row, by_column) = (matrix(rows, depth, 5), matrix(depth, rows, 5));
        let starts = [
            (Start::Zero, (None, None)),
            (Start::There, (None, Some(&before))),
            (Start::Row(bias.lanes()), (Some(&bias), None)),
            (Start::RowThere(bias.lanes()), (Some(&bias), Some(&before))),
        ];
        for (start, begin) in starts {
            let mut found = before.clone();
            dispatch!(level, simd => multiply_rows(simd, by_row.view(), b.view(), found.view_mut(), size, start));
            check(&found, size, begin, &|row, k| entry(&by_row, row, k), &b);
            let mut found = before.clone();
            dispatch!(level, simd => multiply_columns(simd, by_column.view(), b.view(), found.view_mut(), size, start));
            check(&found, size, begin, &|row, k| entry(&by_column, k, row), &b);
        }
    }
}

#[test]
fn products_leave_the_rows_and_lanes_beside_them() {
    let (a, b) = (matrix(20, 20, 5), matrix(20, 40, 3));
    for product in [multiply_in_part, multiply_in_part_by_columns] {
        let before = matrix(20, 80, 11);
        let mut found = before.clone();
        product(&a, &b, &mut found);
        for row in 0..20 {
            for column in 0..80 {
                let inside = (4..11).contains(&row) && (16..48).contains(&column);
                assert_eq!(entry(&found, row, column) != entry(&before, row, column), inside, "{row} {column}");
            }
        }
    }
}

fn multiply_in_part(a: &Matrix, b: &Matrix, c: &mut Matrix) {
    dispatch!(Level::new(), simd => multiply_rows(simd, a.view(), b.view(), c.at_mut(4, 1), (7, 20, 2), Start::Zero));
}

fn multiply_in_part_by_columns(a: &Matrix, b: &Matrix, c: &mut Matrix) {
    dispatch!(Level::new(), simd => multiply_columns(simd, a.view(), b.view(), c.at_mut(4, 1), (7, 20, 2), Start::Zero));
}

#[test]
fn turned_matrices_have_rows_for_columns() {
    for (level, (rows, columns)) in levels().into_iter().flat_map(|l| [(16, 16), (5, 40), (33, 64)].map(|s| (l, s))) {
        let from = matrix(rows, columns, 3);
        let mut to = matrix(lanes_of(columns) * LANES, lanes_of(rows) * LANES, 9);
        dispatch!(level, simd => transpose(simd, from.view(), to.view_mut(), (rows, lanes_of(columns))));
        for i in 0..lanes_of(rows) * LANES {
            for j in 0..lanes_of(columns) * LANES {
                let expected = if i < rows { entry(&from, i, j) } else { 0.0 };
                assert_eq!(entry(&to, j, i), expected, "{i} {j}");
            }
        }
    }
}
