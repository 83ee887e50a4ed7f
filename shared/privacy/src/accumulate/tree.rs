//! Noise of a binary tree over the rounds: what is published are sums over all rounds so far.
//!
//! Kairouz, McMahan, Song, Thakkar, Thakurta, Xu (2021), "Practical and Private (Deep) Learning without
//! Sampling or Shuffling", Algorithm 1. A node stands for `2^l` rounds in a row and holds one draw of
//! noise; the sum of the first t rounds carries the noise of the nodes that t's binary digits name, at
//! most `log2(T) + 1`. The change from one published sum to the next carries the difference of their
//! noises, so the noise of many rounds does not add up: it is taken off again.

use thiserror::Error;
use zeroize::Zeroizing;

use super::{Accumulator, FinishError, NoisySum};
use crate::accounting::tree::TreeSchedule;
use crate::noise::{DyadicSigma, NoiseError, NoiseSource};
use crate::parameters::ReleaseParameters;

/// Why a tree gives no noise. It is as it was.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoiseTreeError {
    /// A round comes before one that was published, twice, or after the last.
    #[error("noise tree, round: expected {after} to {rounds}, found {found}")]
    Round {
        /// The least that may come.
        after: u64,
        /// The last of the tree.
        rounds: u64,
        /// What came.
        found: u64,
    },
    /// The release is of another tree, or of none.
    #[error("noise tree: made for another release")]
    OtherRelease,
    /// No noise could be drawn.
    #[error("noise tree: {0}")]
    Noise(#[from] NoiseError),
    /// Stored state that no round leaves behind.
    #[error("noise tree, stored state: expected {expected}")]
    State {
        /// What was expected.
        expected: &'static str,
    },
}

/// One node that the last published sum carries, named by the last of its rounds.
#[derive(Clone)]
struct Node {
    end: u64,
    noise: Zeroizing<Vec<i64>>,
}

/// The noise that the last published sum carries: at most one node for each level.
///
/// A node's noise is drawn when a published sum first needs it, kept as long as later ones do, and
/// dropped then. **A node that was published once must never be drawn again:** the difference of two
/// draws would be published, and the sum with it. So an aggregator keeps [`to_bytes`](Self::to_bytes)
/// durably before it publishes.
#[derive(Clone)]
pub struct NoiseTree {
    rounds: u64,
    sigma: DyadicSigma,
    entries: usize,
    /// The last round published; 0 for none.
    last: u64,
    nodes: Vec<Node>,
}

impl NoiseTree {
    /// A tree before its first round; `None` if the release asks for none.
    pub fn new(parameters: &ReleaseParameters) -> Option<Self> {
        let (schedule, sigma) = (parameters.tree()?, parameters.sigma()?);
        Some(Self { rounds: schedule.rounds(), sigma, entries: parameters.released_len(), last: 0, nodes: Vec::new() })
    }

    /// The last round that was published; 0 for none.
    pub fn last_round(&self) -> u64 {
        self.last
    }

    /// Moves on to the sum of the first `round` rounds; returns how its noise differs from that of the
    /// last published sum, and of how many draws the difference is made.
    fn advance(&mut self, round: u64, source: &mut dyn NoiseSource) -> Result<(Vec<i64>, u32), NoiseTreeError> {
        if round <= self.last || round > self.rounds {
            return Err(NoiseTreeError::Round {
                after: self.last.saturating_add(1),
                rounds: self.rounds,
                found: round,
            });
        }
        let mut change = vec![0_i64; self.entries];
        let mut draws = 0;
        let mut fresh = Vec::new();
        for end in nodes_of(round) {
            if !self.nodes.iter().any(|node| node.end == end) {
                let mut noise = Zeroizing::new(vec![0; self.entries]);
                source.sample_discrete_gaussian(self.sigma, &mut noise)?;
                fresh.push(Node { end, noise });
            }
        }
        let (kept, gone): (Vec<Node>, Vec<Node>) =
            self.nodes.drain(..).partition(|node| nodes_of(round).any(|end| end == node.end));
        for (nodes, sign) in [(&fresh, 1_i64), (&gone, -1)] {
            for node in nodes {
                draws += 1;
                change.iter_mut().zip(node.noise.iter()).for_each(|(c, &n)| *c = c.saturating_add(sign * n));
            }
        }
        self.nodes = kept;
        self.nodes.extend(fresh);
        self.last = round;
        Ok((change, draws))
    }

    /// The state: last round, number of nodes, and of each its last round and its noise; whole numbers of
    /// 8 bytes, little-endian. Whoever reads it can take the noise off the last published sum.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 + self.nodes.len() * 8 * (self.entries + 1)));
        bytes.extend(self.last.to_le_bytes());
        bytes.extend((self.nodes.len() as u64).to_le_bytes());
        for node in &self.nodes {
            bytes.extend(node.end.to_le_bytes());
            node.noise.iter().for_each(|n| bytes.extend(n.to_le_bytes()));
        }
        bytes
    }

    /// Restores [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    /// When the bytes are not the state of this release's tree.
    pub fn from_bytes(parameters: &ReleaseParameters, bytes: &[u8]) -> Result<Self, NoiseTreeError> {
        let mut tree = Self::new(parameters).ok_or(NoiseTreeError::OtherRelease)?;
        let wrong = |expected| NoiseTreeError::State { expected };
        let (words, rest) = bytes.as_chunks::<8>();
        let words: Zeroizing<Vec<u64>> = Zeroizing::new(words.iter().map(|w| u64::from_le_bytes(*w)).collect());
        let (&[last, count], body) =
            words.split_first_chunk::<2>().ok_or_else(|| wrong("a round and a number of nodes"))?;
        if last > tree.rounds || count != u64::from(last.count_ones()) {
            return Err(wrong("a round of the tree, and a node for each of its binary digits"));
        }
        if !rest.is_empty() || body.len() != count as usize * (tree.entries + 1) {
            return Err(wrong("as many numbers as the nodes have"));
        }
        for node in body.chunks_exact(tree.entries + 1) {
            let noise = Zeroizing::new(node[1..].iter().map(|&n| n as i64).collect());
            tree.nodes.push(Node { end: node[0], noise });
        }
        let named = |end| tree.nodes.iter().filter(|node| node.end == end).count() == 1;
        if !nodes_of(last).all(named) {
            return Err(wrong("the nodes that the last round carries"));
        }
        tree.last = last;
        Ok(tree)
    }
}

/// The nodes of the sum of the first `round` rounds, each named by the last of its rounds.
fn nodes_of(round: u64) -> impl Iterator<Item = u64> {
    (0..u64::BITS).filter(move |level| round >> level & 1 == 1).map(move |level| round >> level << level)
}

impl Accumulator {
    /// Closes the sum of `round` with the noise of a tree. What is published is the sum of the first
    /// `round` rounds with its nodes' noise; the result is by how much it moved: this round's sum, the
    /// noise of the nodes that are new in it, and minus that of those that are gone. Rounds that were
    /// left out count as zero.
    ///
    /// # Errors
    /// With fewer than `N_min` reports, for a round that is not ahead, or when the noise source fails; the
    /// sum is dropped, and the tree as it was.
    pub fn finish_in_tree(
        mut self,
        tree: &mut NoiseTree,
        round: u64,
        source: &mut dyn NoiseSource,
    ) -> Result<NoisySum, FinishError> {
        self.enough_reports()?;
        let schedule = self.parameters.tree().map(TreeSchedule::rounds);
        let fits = schedule == Some(tree.rounds) && self.parameters.sigma() == Some(tree.sigma);
        if !fits || self.sum.len() != tree.entries {
            return Err(NoiseTreeError::OtherRelease.into());
        }
        let (change, draws) = tree.advance(round, source)?;
        self.sum.iter_mut().zip(&change).for_each(|(k, &n)| *k = k.saturating_add(n));
        Ok(NoisySum { sum: self.sum, parameters: self.parameters, reports: self.reports, draws, unit: 1 })
    }
}

#[cfg(test)]
mod tests;
