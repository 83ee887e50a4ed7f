//! Figures of rankings and differences.

/// The area under the ROC curve: how often a positive is ranked above a negative, ties for half (Mann and Whitney 1947).
/// `None` where one side is empty.
pub(super) fn area_under_curve(scored: &[(f32, bool)]) -> Option<f64> {
    let mut order: Vec<_> = scored.to_vec();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = order.iter().filter(|(_, positive)| *positive).count() as f64;
    let negatives = order.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    // Of equal scores each has the mean of their ranks.
    let mut ranks = 0.0;
    let mut from = 0;
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let mean_rank = from as f64 + (tied.len() as f64 + 1.0) / 2.0;
        ranks += mean_rank * tied.iter().filter(|(_, positive)| *positive).count() as f64;
        from += tied.len();
    }
    Some((ranks - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// Pearson's correlation; `None` where a side does not vary.
pub(super) fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let (a, b) = pairs.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|&(x, y)| f(x - a, y - b)).sum::<f64>();
    let spread = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    (spread > 0.0).then(|| sum(&|x, y| x * y) / spread)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_areas() {
        let of = |scored: &[(f32, bool)]| area_under_curve(scored);
        assert_eq!(of(&[(0.1, false), (0.9, true)]), Some(1.0));
        assert_eq!(of(&[(0.9, false), (0.1, true)]), Some(0.0));
        assert_eq!(of(&[(0.5, false), (0.5, true)]), Some(0.5));
        // scikit-learn: roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) = 0.75
        assert_eq!(of(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)]), Some(0.75));
        assert_eq!(of(&[(0.5, true)]), None);
    }

    #[test]
    fn known_correlations() {
        assert!((correlation(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]).unwrap() - 1.0).abs() < 1e-12);
        // numpy: corrcoef([1, 2, 3, 4], [1, 3, 2, 5])[0, 1] = 0.8315218406
        let r = correlation(&[(1.0, 1.0), (2.0, 3.0), (3.0, 2.0), (4.0, 5.0)]).unwrap();
        assert!((r - 0.831_521_840_6).abs() < 1e-9, "{r}");
        assert_eq!(correlation(&[(1.0, 1.0), (1.0, 2.0)]), None);
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_order(scored in prop::collection::vec((0_u8..10, any::<bool>()), 2..40)) {
            let scored: Vec<(f32, bool)> = scored.into_iter().map(|(s, p)| (f32::from(s), p)).collect();
            let (mut sum, mut pairs) = (0.0, 0.0);
            for p in scored.iter().filter(|s| s.1) {
                for n in scored.iter().filter(|s| !s.1) {
                    pairs += 1.0;
                    sum += if p.0 > n.0 { 1.0 } else if p.0 == n.0 { 0.5 } else { 0.0 };
                }
            }
            match area_under_curve(&scored) {
                None => prop_assert_eq!(pairs, 0.0),
                Some(area) => prop_assert!((area - sum / pairs).abs() < 1e-9),
            }
        }
    }
}
