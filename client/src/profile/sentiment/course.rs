//! How sentiment goes in time, and what it is about.

use std::collections::BTreeMap;

use silhouette_text::Event;

use super::super::document::{Aspect, Interest, TrendPoint};
use super::super::predict::HeadView;

/// Stretches of time shown.
const STRETCHES: usize = 12;

/// Aspects shown.
const ASPECTS: usize = 16;

/// Fewer texts than this are no aspect.
const FEWEST: usize = 2;

/// The mean of each stretch of time; `values` are those of the events numbered `texts`.
pub(in super::super) fn trend(events: &[Event], texts: &[usize], values: &[f64]) -> Vec<TrendPoint> {
    let timed: Vec<(i64, f64)> = texts.iter().zip(values).filter_map(|(&i, &v)| Some((events[i].time?, v))).collect();
    let (Some(first), Some(last)) = (timed.iter().map(|t| t.0).min(), timed.iter().map(|t| t.0).max()) else {
        return Vec::new();
    };
    // Times may be any 64-bit number.
    let (first, span) = (i128::from(first), i128::from(last) - i128::from(first) + 1);
    let mut found: BTreeMap<i128, (f64, usize)> = BTreeMap::new();
    for (time, value) in timed {
        let stretch = (i128::from(time) - first) * STRETCHES as i128 / span;
        let (sum, n) = found.entry(stretch).or_default();
        (*sum, *n) = (*sum + value, *n + 1);
    }
    let point = |(stretch, (sum, n)): (i128, (f64, usize))| TrendPoint {
        start: (first + (stretch * span).div_euclid(STRETCHES as i128)) as i64,
        mean: (sum / n as f64).clamp(-1.0, 1.0),
        texts: n,
    };
    found.into_iter().map(point).collect()
}

/// The mean sentiment of the texts of each label of a mixture; `values` are those of the view's rows.
pub(in super::super) fn aspects(
    field: &str,
    interests: &[Interest],
    view: &HeadView<'_>,
    values: &[f64],
) -> Vec<Aspect> {
    let mut sums: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
    for (label, value) in view.likeliest().into_iter().zip(values) {
        let (sum, n) = sums.entry(label).or_default();
        (*sum, *n) = (*sum + value, *n + 1);
    }
    let listed = |label: &str| interests.iter().any(|interest| interest.label == label);
    let mut found: Vec<Aspect> = sums
        .into_iter()
        .filter(|&(label, (_, n))| n >= FEWEST && listed(&view.head.labels()[label]))
        .map(|(label, (sum, n))| Aspect {
            field: field.to_owned(),
            label: view.head.labels()[label].clone(),
            mean: (sum / n as f64).clamp(-1.0, 1.0),
            texts: n,
        })
        .collect();
    found.sort_by(|a, b| b.texts.cmp(&a.texts).then_with(|| a.label.cmp(&b.label)));
    found.truncate(ASPECTS);
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mood_that_turns_is_seen() {
        let events: Vec<_> = (0..24).map(|i| Event { time: Some(i * 1000), ..Event::new("me", "x") }).collect();
        let texts: Vec<usize> = (0..24).collect();
        let values: Vec<f64> = (0..24).map(|i| if i < 12 { 0.5 } else { -0.5 }).collect();
        let points = trend(&events, &texts, &values);
        assert_eq!(points.len(), 12);
        assert_eq!((points[0].mean, points[11].mean, points[0].texts), (0.5, -0.5, 2));
        assert!(points.windows(2).all(|w| w[0].start < w[1].start));
        assert!(trend(&[Event::new("me", "x")], &[0], &[0.5]).is_empty());
    }

    proptest! {
        #[test]
        fn every_timed_text_is_in_one_stretch(times in prop::collection::vec(any::<i64>(), 1..40)) {
            let events: Vec<_> = times.iter().map(|&t| Event { time: Some(t), ..Event::new("me", "x") }).collect();
            let texts: Vec<usize> = (0..events.len()).collect();
            let points = trend(&events, &texts, &vec![0.1; times.len()]);
            prop_assert_eq!(points.iter().map(|p| p.texts).sum::<usize>(), times.len());
            prop_assert!(points.len() <= STRETCHES);
        }
    }
}
