//! What a tree of noise costs a user who takes part more than once.
//!
//! Unit: user. Adjacency: zero-out of one user; who takes part, and when, is public.

use thiserror::Error;

use super::{
    NoiseMultiplier, ParameterError, Rho,
    rounding::{count_up, half_inverse_square_up, mul_up},
};

/// Most rounds in one tree.
const MOST_ROUNDS: u64 = 1 << 16;

/// A schedule makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A number is outside its range.
    #[error("tree, {field}: expected {expected}, found {found}")]
    OutOfRange {
        /// The number.
        field: &'static str,
        /// What is accepted.
        expected: &'static str,
        /// What was found.
        found: u64,
    },
}

/// T rounds under one tree of noise, of which a user joins at most K, any two at least B apart.
///
/// # What is released
/// The sum over the first t rounds, for t = 1 to T, as the sum of noisy nodes that the binary digits of
/// t name. A node of level l stands for `2^l` rounds in a row; the digits only ever name those with an
/// even place in their level, counted from 0, that are over by round T:
/// `N_l = floor((floor(T / 2^l) + 1) / 2)` of them.
///
/// # What it costs
/// Let a user's vectors, each of norm at most `Delta`, fall `m_v` times into node v. Given all that was
/// released before, what the user adds to v has norm at most `m_v Delta`, so v is `m_v^2 / (2 z^2)`-zCDP
/// (CKS20, Theorem 4), and adaptively chosen mechanisms add up (BS16, Lemma 2.3), also when the user's
/// rounds are chosen as training goes on, as the bound below holds for every choice (Feldman and Zrnic,
/// "Individual Privacy Accounting via a Renyi Filter", 2021). In all `sum_v m_v^2 / (2 z^2)`.
///
/// `2^l` rounds hold at most `M_l = ceil(2^l / B)` of the user's, and the nodes of one level share no
/// round. A sum of squares under `0 <= m_v <= M_l`, at most `N_l` of them, adding up to at most j, is
/// largest when as many as possible are full. So j participations cost at most `F(j) / (2 z^2)`, with
///
/// `F(j) = sum_l a_l M_l^2 + (a_l < N_l) (j - a_l M_l)^2`, `a_l = min(N_l, floor(j / M_l))`.
///
/// A device is charged the same each time: `max over j <= K of F(j) / j`, so that no number of
/// participations is charged too little. For K = 1 this is `floor(log2 T) + 1`, as in Kairouz et al.
/// (2021), appendix D.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TreeSchedule {
    rounds: u64,
    participations: u64,
    separation: u64,
    cost: f64,
}

impl TreeSchedule {
    /// `rounds` T, `participations` K and `separation` B; more participations than fit into the rounds
    /// count as those that fit.
    ///
    /// # Errors
    /// When a number is 0, or there are more than 2^16 rounds.
    pub fn new(rounds: u64, participations: u64, separation: u64) -> Result<Self, TreeError> {
        let check = |ok: bool, field, expected, found| {
            if ok { Ok(()) } else { Err(TreeError::OutOfRange { field, expected, found }) }
        };
        check((1..=MOST_ROUNDS).contains(&rounds), "rounds", "1 to 65536", rounds)?;
        check(participations >= 1, "max_participations", "at least 1", participations)?;
        check(separation >= 1, "min_separation", "at least 1", separation)?;
        let participations = participations.min(rounds.div_ceil(separation));
        let mut schedule = Self { rounds, participations, separation, cost: 0.0 };
        let each = |joined: u64| (count_up(schedule.nodes_touched(joined)) / joined as f64).next_up();
        schedule.cost = (1..=participations).map(each).fold(0.0, f64::max);
        Ok(schedule)
    }

    /// T.
    #[must_use]
    pub const fn rounds(&self) -> u64 {
        self.rounds
    }

    /// K, at most as many as fit into the rounds.
    #[must_use]
    pub const fn participations(&self) -> u64 {
        self.participations
    }

    /// B.
    #[must_use]
    pub const fn separation(&self) -> u64 {
        self.separation
    }

    /// F(j): the largest sum of squares over nodes that `joined` participations can make.
    #[must_use]
    pub fn nodes_touched(&self, joined: u64) -> u64 {
        let joined = joined.min(self.participations);
        let level = |level: u32| {
            let nodes = (self.rounds >> level).div_ceil(2);
            let most = (1_u64 << level).div_ceil(self.separation);
            let full = nodes.min(joined / most);
            let rest = if full < nodes { joined - full * most } else { 0 };
            full * most * most + rest * rest
        };
        (0..=self.rounds.ilog2()).map(level).sum()
    }

    /// One participation's charge, in charges of a release with independent noise of the same z.
    #[must_use]
    pub const fn cost(&self) -> f64 {
        self.cost
    }

    /// What `joined` participations cost together.
    ///
    /// # Errors
    /// When the result leaves the range of [`Rho`].
    pub fn rho(&self, z: NoiseMultiplier, joined: u64) -> Result<Rho, ParameterError> {
        Rho::new(mul_up(count_up(self.nodes_touched(joined)), half_inverse_square_up(z.get())))
    }
}

#[cfg(test)]
mod tests;
