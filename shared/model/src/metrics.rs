//! How good predictions are, per text and per person.

use serde::{Deserialize, Serialize};

/// Counts of (true label, predicted label) and what follows from them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    labels: usize,
    counts: Vec<u64>,
    /// Texts whose true label is none of the labels, by what was predicted.
    #[serde(default)]
    unseen: Vec<u64>,
}

/// Precision, recall and F1 averaged over labels with equal weight (labels that never occur and
/// are never predicted are left out), and plain accuracy. Texts whose true label is none of the
/// labels count as wrong: in the accuracy, and in the precision of what was predicted instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Share of texts predicted right.
    pub accuracy: f64,
    /// Macro-averaged F1.
    pub macro_f1: f64,
    /// Macro-averaged precision.
    pub precision: f64,
    /// Macro-averaged recall.
    pub recall: f64,
}

impl Confusion {
    /// No counts yet, over `labels` labels.
    pub fn new(labels: usize) -> Self {
        Self { labels, counts: vec![0; labels * labels], unseen: vec![0; labels] }
    }

    /// Counts one text.
    pub fn add(&mut self, truth: usize, predicted: usize) {
        if let Some(count) = self.counts.get_mut(truth * self.labels + predicted) {
            *count += 1;
        }
    }

    /// Counts one text whose true label is none of the labels: whatever is predicted is wrong.
    pub fn add_unseen(&mut self, predicted: usize) {
        if let Some(count) = self.unseen.get_mut(predicted) {
            *count += 1;
        }
    }

    /// Texts whose true label is none of the labels.
    pub fn unseen(&self) -> u64 {
        self.unseen.iter().sum()
    }

    /// Adds another shard's counts.
    pub fn merge(&mut self, other: &Self) {
        self.unseen.iter_mut().zip(&other.unseen).for_each(|(a, b)| *a += b);
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
    }

    /// The count of texts of label `truth` predicted as `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts.get(truth * self.labels + predicted).copied().unwrap_or(0)
    }

    /// All texts counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.unseen()
    }

    /// The figures.
    pub fn scores(&self) -> Scores {
        let total = self.total();
        if total == 0 {
            return Scores::default();
        }
        let right: u64 = (0..self.labels).map(|l| self.count(l, l)).sum();
        let (mut seen, mut f1, mut precision, mut recall) = (0.0, 0.0, 0.0, 0.0);
        for label in 0..self.labels {
            let hit = self.count(label, label) as f64;
            let truth: u64 = (0..self.labels).map(|p| self.count(label, p)).sum();
            let known: u64 = (0..self.labels).map(|t| self.count(t, label)).sum();
            let predicted = known + self.unseen.get(label).copied().unwrap_or(0);
            if truth + predicted == 0 {
                continue;
            }
            seen += 1.0;
            f1 += 2.0 * hit / (truth + predicted) as f64;
            precision += if predicted > 0 { hit / predicted as f64 } else { 0.0 };
            recall += if truth > 0 { hit / truth as f64 } else { 0.0 };
        }
        Scores {
            accuracy: right as f64 / total as f64,
            macro_f1: f1 / seen,
            precision: precision / seen,
            recall: recall / seen,
        }
    }

    /// The table as CSV: a header of predicted labels, one row per true label, and a last row for
    /// texts of no known label where there are any.
    pub fn to_csv(&self, labels: &[String]) -> String {
        let quote = |s: &String| {
            if s.contains([',', '"', '\n']) { format!("\"{}\"", s.replace('"', "\"\"")) } else { s.clone() }
        };
        let mut out = String::from("true\\predicted");
        labels.iter().for_each(|l| {
            out.push(',');
            out.push_str(&quote(l));
        });
        out.push('\n');
        for (truth, label) in labels.iter().enumerate() {
            out.push_str(&quote(label));
            (0..self.labels).for_each(|p| out.push_str(&format!(",{}", self.count(truth, p))));
            out.push('\n');
        }
        if self.unseen() > 0 {
            out.push_str("(unseen in training)");
            self.unseen.iter().for_each(|count| out.push_str(&format!(",{count}")));
            out.push('\n');
        }
        out
    }
}

/// The index of the largest entry; the first of equals.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (i, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = i;
        }
    }
    best
}

/// Whether the arg-max of a person's mean probabilities is one of that person's most frequent
/// labels.
pub fn user_top1(true_counts: &[u64], mean_probabilities: &[f32]) -> bool {
    let most = true_counts.iter().copied().max().unwrap_or(0);
    most > 0 && true_counts[argmax(mean_probabilities)] == most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_match_a_hand_computed_table() {
        let mut c = Confusion::new(3);
        for (t, p, n) in [(0, 0, 5), (0, 1, 1), (1, 1, 3), (1, 0, 1), (2, 0, 2)] {
            (0..n).for_each(|_| c.add(t, p));
        }
        let s = c.scores();
        assert!((s.accuracy - 8.0 / 12.0).abs() < 1e-12);
        assert!((s.precision - (5.0 / 8.0 + 3.0 / 4.0) / 3.0).abs() < 1e-12);
        assert!((s.recall - (5.0 / 6.0 + 3.0 / 4.0) / 3.0).abs() < 1e-12);
        assert!((s.macro_f1 - (10.0 / 14.0 + 6.0 / 8.0) / 3.0).abs() < 1e-12);
        assert_eq!(c.to_csv(&["x".into(), "y,z".into(), "w".into()]).lines().nth(2), Some("\"y,z\",1,3,0"));
    }

    #[test]
    fn labels_never_seen_in_training_count_as_wrong() {
        let mut c = Confusion::new(2);
        c.add(0, 0);
        c.add(1, 1);
        c.add_unseen(1);
        c.add_unseen(1);
        let s = c.scores();
        assert_eq!((c.total(), c.unseen(), s.accuracy), (4, 2, 0.5));
        assert!((s.precision - (1.0 + 1.0 / 3.0) / 2.0).abs() < 1e-12);
        assert!((s.macro_f1 - (1.0 + 2.0 / 4.0) / 2.0).abs() < 1e-12);
        assert_eq!(c.to_csv(&["x".into(), "y".into()]).lines().last(), Some("(unseen in training),0,2"));
        let mut both = c.clone();
        both.merge(&c);
        assert_eq!((both.total(), both.unseen()), (8, 4));
    }

    #[test]
    fn top1_accepts_any_of_tied_labels() {
        assert!(user_top1(&[2, 2, 1], &[0.1, 0.8, 0.1]));
        assert!(!user_top1(&[2, 2, 1], &[0.1, 0.1, 0.8]));
        assert!(!user_top1(&[0, 0], &[0.5, 0.5]));
    }

    #[test]
    fn an_empty_table_scores_zero() {
        assert_eq!(Confusion::new(2).scores(), Scores::default());
    }
}
