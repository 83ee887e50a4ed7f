use fearless_simd::{Level, dispatch};

use super::*;

fn number(i: usize) -> f32 {
    ((i * 7919 % 2003) as f32 - 1001.0) / 997.0
}

fn matrix(rows: usize, columns: usize, seed: usize) -> Vec<Lane> {
    let lanes = lanes_of(columns);
    let mut all = vec![[0.0; LANES]; rows * lanes];
    for (i, row) in all.chunks_mut(lanes.max(1)).enumerate() {
        row.as_flattened_mut().iter_mut().take(columns).enumerate().for_each(|(j, v)| *v = number(seed + i * 97 + j));
    }
    all
}

/// The same in the plain order.
fn reference(a: Scalars<'_>, b: &[Lane], c: &mut [Lane], (rows, depth, lanes): (usize, usize, usize)) {
    let (b, c) = (b.as_flattened(), c.as_flattened_mut());
    for row in 0..rows {
        for column in 0..lanes * LANES {
            for k in 0..depth {
                let to = &mut c[row * lanes * LANES + column];
                *to = a.numbers[row * a.row_step + k * a.k_step].mul_add(b[k * lanes * LANES + column], *to);
            }
        }
    }
}

#[test]
fn products_have_the_bits_of_the_plain_order() {
    for (rows, depth, columns) in [(1, 1, 1), (4, 16, 64), (7, 5, 100), (16, 64, 16), (3, 40, 33), (9, 0, 16)] {
        let lanes = lanes_of(columns);
        let b = matrix(depth, columns, 3);
        let (by_row, by_column) = (matrix(rows, depth, 5), matrix(depth, rows, 5));
        for a in [Scalars::rows(&by_row, lanes_of(depth)), Scalars::columns(&by_column, lanes_of(rows))] {
            let (mut found, mut expected) = (matrix(rows, columns, 11), matrix(rows, columns, 11));
            dispatch!(Level::new(), simd => multiply(simd, a, &b, &mut found, (rows, depth, lanes)));
            reference(a, &b, &mut expected, (rows, depth, lanes));
            assert_eq!(found, expected, "{rows} {depth} {columns}");
        }
    }
}

#[test]
fn the_levels_of_this_machine_agree_to_the_bit() {
    #[cfg(target_arch = "x86_64")]
    if let (Some(narrow), Level::Avx512(wide)) = (Level::new().as_avx2(), Level::new()) {
        let (rows, depth, columns) = (21, 64, 100);
        let lanes = lanes_of(columns);
        let (a, b) = (matrix(rows, depth, 5), matrix(depth, columns, 3));
        let a = Scalars::rows(&a, lanes_of(depth));
        let mut results = [matrix(rows, columns, 11), matrix(rows, columns, 11)];
        narrow.vectorize(
            #[inline(always)]
            || multiply(narrow, a, &b, &mut results[0], (rows, depth, lanes)),
        );
        wide.vectorize(
            #[inline(always)]
            || multiply(wide, a, &b, &mut results[1], (rows, depth, lanes)),
        );
        assert_eq!(results[0], results[1]);
        return;
    }
    println!("SKIPPED: this machine has not both AVX2 and AVX-512");
}

#[test]
fn scaled_rows_add_up() {
    for n in [0, 1, 16, 37] {
        let from: Vec<f32> = (0..n).map(number).collect();
        let mut to: Vec<f32> = (0..n).map(|i| number(i + 50)).collect();
        let expected: Vec<f32> = from.iter().zip(&to).map(|(f, t)| 0.37_f32.mul_add(*f, *t)).collect();
        dispatch!(Level::new(), simd => add_scaled(simd, 0.37, &from, &mut to));
        assert_eq!(to, expected);
    }
}

#[test]
fn the_exponential_is_good_to_three_parts_in_ten_million() {
    let mut found: Vec<f32> = (0..=870_000).map(|i| -(i as f32) * 1e-4).collect();
    let x = found.clone();
    dispatch!(Level::new(), simd => exp_all(simd, &mut found));
    for (&x, &found) in x.iter().zip(&found) {
        let exact = f64::from(x).exp();
        assert!((f64::from(found) / exact - 1.0).abs() < 3e-7, "{x}: {found} {exact}");
    }
    let mut ends = [f32::MIN, 0.0];
    dispatch!(Level::new(), simd => exp_all(simd, &mut ends));
    assert!(ends[0] < 2e-38 && ends[1] == 1.0);
}
