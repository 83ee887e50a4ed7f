//! TextRank: how central words are among the words near them.

use std::collections::{BTreeMap, HashMap};

/// PageRank's damping factor (Brin and Page 1998) and how often it is applied: enough for the first
/// three digits.
const DAMPING: f64 = 0.85;
const ROUNDS: usize = 20;

/// Words and how often two of them stand near each other, in an order that does not depend on the
/// hasher's seed.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    near: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Graph {
    /// Adds the content words of a text; those at most `window` apart are near each other.
    pub(super) fn add(&mut self, words: &[String], window: usize) {
        for (at, word) in words.iter().enumerate() {
            for other in words.iter().skip(at + 1).take(window.max(1)).filter(|other| *other != word) {
                for (a, b) in [(word, other), (other, word)] {
                    *self.near.entry(a.clone()).or_default().entry(b.clone()).or_default() += 1.0;
                }
            }
        }
    }

    /// Drops words with the fewest neighbours when there are more than `most`.
    pub(super) fn bound(&mut self, most: usize) {
        if self.near.len() <= most {
            return;
        }
        let weight = |neighbours: &BTreeMap<String, f64>| neighbours.values().sum::<f64>();
        let mut weights: Vec<f64> = self.near.values().map(weight).collect();
        weights.sort_by(|a, b| b.total_cmp(a));
        let least = weights.get(most / 2).copied().unwrap_or(0.0);
        self.near.retain(|_, neighbours| weight(neighbours) > least);
        let kept: std::collections::BTreeSet<String> = self.near.keys().cloned().collect();
        self.near.values_mut().for_each(|neighbours| neighbours.retain(|word, _| kept.contains(word)));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.near.len()
    }

    /// From 0 to 1 for each word, 1 for the most central.
    pub(super) fn centrality(&self) -> HashMap<&str, f64> {
        let words: Vec<&str> = self.near.keys().map(String::as_str).collect();
        let place: HashMap<&str, usize> = words.iter().enumerate().map(|(at, word)| (*word, at)).collect();
        let edges: Vec<Vec<(usize, f64)>> = self
            .near
            .values()
            .map(|near| near.iter().filter_map(|(word, weight)| Some((*place.get(word.as_str())?, *weight))).collect())
            .collect();
        let out: Vec<f64> = edges.iter().map(|near| near.iter().map(|(_, weight)| weight).sum()).collect();
        let mut rank = vec![1.0; words.len()];
        for _ in 0..ROUNDS {
            rank = edges
                .iter()
                .map(|near| {
                    let sum: f64 = near.iter().map(|&(other, weight)| weight / out[other] * rank[other]).sum();
                    1.0 - DAMPING + DAMPING * sum
                })
                .collect();
        }
        let most = rank.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        words.into_iter().zip(rank).map(|(word, rank)| (word, rank / most)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_is_most_central() {
        let mut graph = Graph::default();
        for other in ["a", "b", "c"] {
            graph.add(&["hub".to_owned(), other.to_owned()], 1);
        }
        let central = graph.centrality();
        assert_eq!(central["hub"], 1.0);
        assert!(central["a"] < 0.5 && (central["a"] - central["b"]).abs() < 1e-12);
    }
}
