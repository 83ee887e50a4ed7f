use proptest::prelude::*;

use super::*;
use crate::noise::OpenDpNoise;
use crate::private::Private;
use crate::quantise::Rounding;
use crate::release::release;

fn upload(update: &[f32], p: &ReleaseParameters, seed: u8) -> Vec<u8> {
    let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
    let mut rounding = Rounding::seeded([seed; 32]);
    release(Private::new(update.to_vec()), p, noise, &mut rounding).unwrap().as_bytes().to_vec()
}

fn silent(n: u32, d: usize) -> ReleaseParameters {
    ReleaseParameters::new(Mode::Central, d, 1.0, 0.0, n, 1).unwrap()
}

proptest! {
    #[test]
    fn any_order_and_any_sharding_give_the_same_bits(
        updates in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 5), 1..12),
        split in 0_usize..12,
    ) {
        let p = silent(updates.len() as u32, 5);
        let uploads: Vec<_> = updates.iter().enumerate().map(|(i, u)| upload(u, &p, i as u8)).collect();
        let mut forward = Accumulator::new(p.clone());
        uploads.iter().for_each(|u| forward.fold(u).unwrap());
        let split = split.min(uploads.len());
        let (mut a, mut b) = (Accumulator::new(p.clone()), Accumulator::new(p));
        uploads[..split].iter().rev().for_each(|u| a.fold(u).unwrap());
        uploads[split..].iter().for_each(|u| b.fold(u).unwrap());
        b.merge(&a).unwrap();
        let mut noise = OpenDpNoise::new();
        prop_assert_eq!(
            forward.finish(&mut noise).unwrap().digest(),
            b.finish(&mut noise).unwrap().digest()
        );
    }
}

#[test]
fn a_release_adds_the_same_packed_or_not() {
    let p = silent(2, 3);
    let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
    let r = release(Private::new(vec![0.5, 0.0, -0.25]), &p, noise, &mut Rounding::seeded([1; 32])).unwrap();
    let (mut packed, mut whole) = (Accumulator::new(p.clone()), Accumulator::new(p));
    packed.fold(r.as_bytes()).unwrap();
    whole.fold_release(&r).unwrap();
    assert_eq!(packed.sum, whole.sum);
    assert_eq!((packed.reports, whole.reports), (1, 1));
}

#[test]
fn a_boosted_update_is_refused_and_changes_nothing() {
    let p = silent(3, 4);
    let mut sum = Accumulator::new(p.clone());
    sum.fold(&upload(&[0.5, 0.5, 0.0, 0.0], &p, 1)).unwrap();
    let before = sum.sum.clone();
    let boosted = silhouette_wire::pack(&[30000, 30000, 0, 0], 16).unwrap();
    assert_eq!(sum.fold(&boosted), Err(FoldError::Norm));
    assert_eq!(sum.fold(&boosted[1..]), Err(FoldError::Length { expected: 8, found: 7 }));
    assert_eq!((sum.sum, sum.reports), (before, 1));
}

#[test]
fn too_few_reports_yield_nothing() {
    let p = ReleaseParameters::new(Mode::Central, 2, 1.0, 1.0, 5, 3).unwrap();
    let mut sum = Accumulator::new(p.clone());
    sum.fold(&upload(&[0.1, 0.1], &p, 1)).unwrap();
    let result = sum.finish(&mut OpenDpNoise::new());
    assert_eq!(result.err(), Some(FinishError::TooFewReports { expected: 3, found: 1 }));
}

#[test]
fn an_extra_report_is_refused() {
    let p = silent(1, 2);
    let mut sum = Accumulator::new(p.clone());
    sum.fold(&upload(&[0.1, 0.1], &p, 1)).unwrap();
    assert_eq!(sum.fold(&upload(&[0.1, 0.1], &p, 2)), Err(FoldError::Full(1)));
}

#[test]
fn the_mean_of_a_silent_round_is_the_mean_update() {
    let p = silent(2, 3).with_grid(1 << 24, 32).unwrap();
    let mut sum = Accumulator::new(p.clone());
    sum.fold(&upload(&[0.5, 0.0, -0.25], &p, 1)).unwrap();
    sum.fold(&upload(&[0.25, 0.0, 0.25], &p, 2)).unwrap();
    let mean = sum.finish(&mut OpenDpNoise::new()).unwrap().mean();
    for (found, expected) in mean.iter().zip([0.375, 0.0, 0.0]) {
        assert!((found - expected).abs() < 1e-5);
    }
}

#[test]
fn central_and_local_noise_have_the_promised_spread() {
    // Delta2 = sqrt(2^28 + d/4 + 2^14 + sqrt(d)/2) grid steps of c / 2^14 each, d = 4000: from the
    // specification, not from the code. The aggregator adds one draw, or each of two devices does.
    let delta2 = (268_435_456.0 + 1000.0 + 16_384.0 + 4000_f64.sqrt() / 2.0).floor().sqrt();
    for (mode, draws) in [(Mode::Central, 1.0_f64), (Mode::Local, 2.0)] {
        for (clip, z) in [(1.0, 1.0), (0.5, 3.0)] {
            let p = ReleaseParameters::new(mode, 4000, clip, z, 2, 1).unwrap();
            let p = if mode == Mode::Local { p } else { p.with_grid(1 << 14, 32).unwrap() };
            let mut sum = Accumulator::new(p.clone());
            (0..2).for_each(|i| sum.fold(&upload(&[0.0; 4000], &p, i)).unwrap());
            let result = sum.finish(&mut OpenDpNoise::new()).unwrap();
            let sd = (result.mean().iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / 4000.0).sqrt();
            let promised = z * delta2 * draws.sqrt() * clip / 16_384.0 / 2.0;
            // The sample sd of 4000 normals has relative standard error 1.1%: six of them.
            assert!((sd / promised - 1.0).abs() < 0.067, "{mode:?} {clip} {z}: {sd} {promised}");
            assert!((result.mean_noise_sd() / promised - 1.0).abs() < 1e-4);
        }
    }
}

fn masked(n: u32, d: usize, z: f64) -> ReleaseParameters {
    ReleaseParameters::new(Mode::Distributed, d, 1.0, z, n, n)
        .unwrap()
        .with_corrupt_fraction(0.0)
        .unwrap()
        .with_rotation(11)
}

#[test]
fn a_masked_rounds_mean_is_turned_back() {
    let p = masked(2, 3, 0.0);
    let mut sum = Accumulator::new(p.clone());
    sum.fold(&upload(&[0.5, 0.0, -0.25], &p, 1)).unwrap();
    sum.fold(&upload(&[0.25, 0.0, 0.25], &p, 2)).unwrap();
    let mean = sum.finish(&mut OpenDpNoise::new()).unwrap().mean();
    assert_eq!(mean.len(), 3);
    // A fine grid, or 24 bits: the error is below a thousandth of the clip norm.
    mean.iter().zip([0.375, 0.0, 0.0]).for_each(|(found, expected)| assert!((found - expected).abs() < 2e-3));
}

#[test]
fn the_noise_of_a_masked_round_comes_from_all_shares_together() {
    let (n, d) = (20, 4096);
    let p = masked(n, d, 1.0);
    let mut sum = Accumulator::new(p.clone());
    (0..n).for_each(|i| sum.fold(&upload(&vec![0.0; d], &p, i as u8)).unwrap());
    let result = sum.finish(&mut OpenDpNoise::new()).unwrap();
    let square = |v: &[f32]| v.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    let sd = (square(&result.mean()) / d as f64).sqrt();
    // 4096 normals: relative standard error 1.1 %, six of them.
    assert!((sd / result.mean_noise_sd() - 1.0).abs() < 0.067, "{sd}");
    // Every device is counted on, so the noise of the sum is the promised z c; variance over n, not
    // over h, or one share alone, would be far off.
    assert!((sd * f64::from(n) - 1.0).abs() < 0.07, "{sd}");
}

#[test]
fn a_boosted_vector_under_a_mask_fails_the_sum_test() {
    let (n, d) = (20, 4096);
    let p = masked(n, d, 1.0);
    let mut sum = Accumulator::new(p.clone());
    (0..n - 1).for_each(|i| sum.fold(&upload(&vec![0.0; d], &p, i as u8)).unwrap());
    // A vector drawn evenly from the modulus: what a wrong mask, or a vandal, leaves behind.
    let vandal: Vec<i64> = (0..d as i64).map(|i| (i * 40_503) % 65_536 - 32_768).collect();
    sum.fold(&silhouette_wire::pack(&vandal, 16).unwrap()).unwrap();
    assert!(matches!(sum.finish(&mut OpenDpNoise::new()), Err(FinishError::SumTooLong { .. })));
}

mod bounds;
