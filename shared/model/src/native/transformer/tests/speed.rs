//! The speed of the products alone, for whoever looks at speed.

use std::time::Instant;

use fearless_simd::{Level, dispatch};

use crate::native::gemm::{Matrix, Start, multiply_columns, multiply_rows};
use crate::native::kernels::lanes_of;

#[test]
#[ignore = "prints speeds: cargo test --release -p silhouette-model -- --ignored --nocapture peak"]
fn peak_of_the_products() {
    for (rows, depth, lanes) in [
        (72_usize, 64_usize, 4_usize),
        (72, 64, 12),
        (72, 64, 16),
        (72, 256, 4),
        (80, 64, 12),
        (20, 16, 2),
        (20, 20, 1),
    ] {
        let (mut a, mut b, mut c) = (Matrix::default(), Matrix::default(), Matrix::default());
        a.shape(rows, lanes_of(depth));
        b.shape(depth, lanes);
        c.shape(rows, lanes);
        let operations = 2.0 * (rows * depth * lanes * 16) as f64;
        let repeats = (2e8 / operations) as usize + 1;
        let time = |work: &mut dyn FnMut()| {
            (0..20).fold(f64::INFINITY, |best: f64, _| {
                let started = Instant::now();
                (0..repeats).for_each(|_| work());
                best.min(started.elapsed().as_secs_f64())
            })
        };
        let by_rows = time(&mut || {
            let size = (rows, depth, lanes);
            dispatch!(Level::new(), simd => multiply_rows(simd, a.view(), b.view(), c.view_mut(), size, Start::Zero));
        });
        // The same product's gradient: [depth, lanes] from [rows, depth] and [rows, lanes].
        let by_columns = time(&mut || {
            let size = (depth, rows, lanes);
            dispatch!(Level::new(), simd => multiply_columns(simd, a.view(), c.view(), b.view_mut(), size, Start::There));
        });
        let rate = |seconds: f64| operations * repeats as f64 / seconds * 1e-9;
        eprintln!("{rows} x {depth} x {}: {:.1} and {:.1} GFLOP/s", lanes * 16, rate(by_rows), rate(by_columns));
    }
}
