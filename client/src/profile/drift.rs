//! How a mixture moves with time.

use silhouette_text::Event;

use super::document::Drift;
use super::predict::HeadView;

/// Fewer texts in a half than this say nothing about a move.
const FEWEST: usize = 10;

/// How far the mixture of a head moved from the earlier half of the timed texts to the later one; `texts` are the
/// numbers of the events its rows are of.
pub(super) fn drift(field: String, view: &HeadView<'_>, events: &[Event], texts: &[usize]) -> Option<Drift> {
    let mut timed: Vec<(i64, &[f32])> =
        view.rows().zip(texts).filter_map(|(row, &i)| Some((events[i].time?, row))).collect();
    if timed.len() < 2 * FEWEST {
        return None;
    }
    timed.sort_by_key(|&(time, _)| time);
    let (earlier, later) = timed.split_at(timed.len() / 2);
    let (p, q) = (mixture(earlier, view.labels()), mixture(later, view.labels()));
    let moves: Vec<f64> = p.iter().zip(&q).map(|(p, q)| q - p).collect();
    let at = |sign: f64| (0..moves.len()).max_by(|&a, &b| (sign * moves[a]).total_cmp(&(sign * moves[b]))).unwrap_or(0);
    let label = |i: usize| view.head.labels()[i].clone();
    Some(Drift { field, bits: jensen_shannon(&p, &q), towards: label(at(1.0)), away_from: label(at(-1.0)) })
}

fn mixture(rows: &[(i64, &[f32])], labels: usize) -> Vec<f64> {
    let mut sum = vec![0.0; labels];
    for (_, row) in rows {
        sum.iter_mut().zip(*row).for_each(|(s, &p)| *s += f64::from(p));
    }
    let total: f64 = sum.iter().sum();
    sum.iter_mut().for_each(|s| *s /= if total > 0.0 { total } else { 1.0 });
    sum
}

/// The Jensen-Shannon divergence of two distributions in bits, 0 to 1 (Lin 1991).
pub fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    let part = |a: f64, b: f64| if a > 0.0 { a * (2.0 * a / (a + b)).log2() } else { 0.0 };
    (0.5 * p.iter().zip(q).map(|(&p, &q)| part(p, q) + part(q, p)).sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_mixtures_are_nothing_apart_and_disjoint_ones_a_bit() {
        assert_eq!(jensen_shannon(&[0.3, 0.7], &[0.3, 0.7]), 0.0);
        assert!((jensen_shannon(&[1.0, 0.0], &[0.0, 1.0]) - 1.0).abs() < 1e-12);
        // By hand: 0.5 (log2(4/3) + 0.5 log2(2/3) + 0.5 log2 2).
        assert!((jensen_shannon(&[1.0, 0.0], &[0.5, 0.5]) - 0.311_278_124_459_132_8).abs() < 1e-12);
    }
}
