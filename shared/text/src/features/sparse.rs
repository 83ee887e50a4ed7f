//! Sparse counts.

use serde::{Deserialize, Serialize};

/// Buckets with their counts, sorted by bucket, none twice and none zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u32, u32)>", into = "Vec<(u32, u32)>")]
pub struct SparseCounts {
    pairs: Vec<(u32, u32)>,
}

impl SparseCounts {
    /// The pairs of bucket and count.
    pub fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// How many features there are, each as often as it occurs.
    pub fn total(&self) -> u64 {
        self.pairs.iter().map(|&(_, count)| u64::from(count)).sum()
    }

    /// Whether there are no features.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub(super) fn from_buckets(mut buckets: Vec<u32>) -> Self {
        buckets.sort_unstable();
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            match pairs.last_mut() {
                Some((last, count)) if *last == bucket => *count += 1,
                _ => pairs.push((bucket, 1)),
            }
        }
        Self { pairs }
    }
}

/// Sorts and merges, so that counts read from a file keep their promise.
impl From<Vec<(u32, u32)>> for SparseCounts {
    fn from(mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.retain(|&(_, count)| count > 0);
        pairs.sort_unstable_by_key(|&(bucket, _)| bucket);
        pairs.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            same
        });
        Self { pairs }
    }
}

impl From<SparseCounts> for Vec<(u32, u32)> {
    fn from(counts: SparseCounts) -> Self {
        counts.pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_back_are_sorted_and_merged() {
        let counts: SparseCounts = serde_json::from_str("[[9,1],[2,3],[9,4],[5,0]]").unwrap();
        assert_eq!(counts.pairs(), [(2, 3), (9, 5)]);
        assert_eq!(counts.total(), 8);
        assert_eq!(SparseCounts::from_buckets(vec![9, 2, 9]).pairs(), [(2, 1), (9, 2)]);
    }
}
