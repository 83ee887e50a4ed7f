use proptest::prelude::*;

use super::*;

/// Groups of four coordinates each, values of every size a mean update may have and far more.
fn groups(most: usize) -> impl Strategy<Value = Vec<Vec<f32>>> {
    prop::collection::vec(prop::collection::vec(-1e6_f32..1e6, 4), 1..most)
}

proptest! {
    #[test]
    fn bad_groups_cannot_leave_the_range_of_the_good(
        good in groups(12),
        bad in prop::collection::vec(prop::collection::vec(prop::num::f32::ANY, 4), 0..4),
        more in 0_usize..2,
    ) {
        // As many are trimmed as are bad, or more.
        let trim = bad.len() + more;
        let all: Vec<_> = bad.iter().chain(&good).cloned().collect();
        prop_assume!(all.len() >= fewest_groups(trim));
        let mean = trimmed_mean(&all, trim).unwrap();
        for (i, &m) in mean.iter().enumerate() {
            let of_good = good.iter().map(|g| g[i]);
            let (least, most) = (of_good.clone().fold(f32::INFINITY, f32::min), of_good.fold(f32::NEG_INFINITY, f32::max));
            prop_assert!((least..=most).contains(&m), "{m} outside {least}..={most}");
        }
    }

    #[test]
    fn without_trimming_it_is_the_mean(groups in groups(12)) {
        let found = trimmed_mean(&groups, 0).unwrap();
        for (i, &m) in found.iter().enumerate() {
            let mean = groups.iter().map(|g| f64::from(g[i])).sum::<f64>() / groups.len() as f64;
            prop_assert!((f64::from(m) - mean).abs() <= mean.abs() * 1e-6 + 1e-6);
        }
    }

    #[test]
    fn the_order_of_the_groups_changes_no_bit(groups in groups(9), trim in 0_usize..4, turn in 0_usize..9) {
        prop_assume!(groups.len() >= fewest_groups(trim));
        let mut turned = groups.clone();
        turned.rotate_left(turn % groups.len());
        turned.reverse();
        let bits = |v: Vec<f32>| v.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        prop_assert_eq!(bits(trimmed_mean(&groups, trim).unwrap()), bits(trimmed_mean(&turned, trim).unwrap()));
    }
}

#[test]
fn one_bad_group_of_four_is_left_out() {
    let groups = [vec![1.0, 5.0], vec![2.0, 6.0], vec![3.0, -1e30], vec![1e30, 7.0]];
    assert_eq!(trimmed_mean(&groups, 1).unwrap(), [2.5, 5.5]);
}

#[test]
fn a_single_group_is_itself_bit_by_bit() {
    let group = vec![0.1_f32, -3.7e-20, 0.0, f32::MAX];
    assert_eq!(trimmed_mean(std::slice::from_ref(&group), 0).unwrap(), group);
}

#[test]
fn too_few_groups_and_other_lengths_are_refused() {
    let groups = [vec![1.0], vec![2.0]];
    assert_eq!(trimmed_mean(&groups, 1), Err(TrimError::TooFew { expected: 3, trim: 1, found: 2 }));
    assert_eq!(trimmed_mean(&[], 0), Err(TrimError::TooFew { expected: 1, trim: 0, found: 0 }));
    assert_eq!(trimmed_mean(&[vec![1.0], vec![]], 0), Err(TrimError::Length { expected: 1, found: 0 }));
}

#[test]
fn the_stated_noise_is_that_of_the_trimmed_mean() {
    // Variances of the trimmed mean of G standard normals from tables of normal order statistics
    // (Sarhan and Greenberg 1956): G = 3 and trim 1, the median, 0.4487; G = 4 and 1, 0.2982; G = 5
    // and 2, 0.2868.
    for (groups, trim, variance) in [(3_usize, 1, 0.4487_f64), (4, 1, 0.2982), (5, 2, 0.2868)] {
        let found = trimmed_noise_sd(&vec![1.0; groups], trim);
        assert!((found / variance.sqrt() - 1.0).abs() < 0.025, "{groups}, {trim}: {found}");
    }
    assert_eq!(trimmed_noise_sd(&[2.0], 0), 2.0);
    assert_eq!(trimmed_noise_sd(&[2.0; 4], 0), 1.0);
    // Half a million groups, nearly all left out: the median's.
    assert!((excess(0.4999) - std::f64::consts::FRAC_PI_2).abs() < 1e-3);
}
