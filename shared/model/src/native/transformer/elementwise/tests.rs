use fearless_simd::{Level, dispatch};

use super::*;
use crate::native::kernels::LANES;

/// `function` at every thousandth of a step from `low` to `high`, with the places.
fn values(low: f32, high: f32, function: impl Fn(&[f32; LANES]) -> [f32; LANES]) -> Vec<(f64, f64)> {
    let steps = 20_000;
    let x: Vec<f32> = (0..steps * LANES).map(|i| low + (high - low) * i as f32 / (steps * LANES) as f32).collect();
    let lanes = x.as_chunks::<LANES>().0;
    lanes
        .iter()
        .flat_map(|lane| {
            lane.iter().zip(function(lane)).map(|(x, y)| (f64::from(*x), f64::from(y))).collect::<Vec<_>>()
        })
        .collect()
}

/// The normal distribution by Simpson's rule from 0: exact to 1e-12.
fn phi(x: f64) -> f64 {
    let n = 400;
    let h = x / f64::from(n);
    let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let weight = |i: i32| {
        if i == 0 || i == n {
            1.0
        } else if i % 2 == 1 {
            4.0
        } else {
            2.0
        }
    };
    0.5 + h / 3.0 * (0..=n).map(|i| weight(i) * density(h * f64::from(i))).sum::<f64>()
}

#[test]
fn gelu_and_its_slope_are_good_to_one_in_a_million() {
    let pair = |x: &[f32; LANES]| {
        dispatch!(Level::new(), simd => {
            let (y, slope) = gelu(simd, f32x16::load_array_ref(simd, x));
            (y.to_array(), slope.to_array())
        })
    };
    let (mut worst, mut worst_slope) = (0_f64, 0_f64);
    for (low, high) in [(-6.0, 6.0), (-40.0, -6.0)] {
        for (i, ((x, y), (_, slope))) in
            values(low, high, |x| pair(x).0).into_iter().zip(values(low, high, |x| pair(x).1)).enumerate()
        {
            if i % 7 != 0 {
                continue;
            }
            let exact = phi(x);
            worst = worst.max((y - x * exact).abs() / x.abs().max(1.0));
            let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
            worst_slope = worst_slope.max((slope - exact - x * density).abs());
        }
    }
    assert!(worst < 3e-7 && worst_slope < 1e-6, "{worst} {worst_slope}");
}

#[test]
fn sums_of_sixteen_are_whole() {
    let x: [f32; LANES] = std::array::from_fn(|i| (1 << i) as f32);
    assert_eq!(dispatch!(Level::new(), simd => total(simd, f32x16::load_array_ref(simd, &x))), 65535.0);
}
