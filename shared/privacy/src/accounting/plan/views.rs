//! Who can learn how much, by every accountant.

use serde::Serialize;

use super::Accountant;
use crate::accounting::{
    Delta, Epsilon, NoiseMultiplier, ParameterError, SamplingRate,
    pld::PrivacyLoss,
    rdp::{Orders, RdpCurve},
    zcdp,
};

/// One adversary's epsilon by every accountant, at the delta of the plan. Each figure is an upper bound by
/// itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct View {
    /// By zero-concentrated differential privacy, without amplification.
    pub eps_zcdp: Epsilon,
    /// By Renyi orders; those of [`Orders::default`], so it may exceed `eps_zcdp`, which takes all orders.
    pub eps_rdp: Epsilon,
    /// By privacy loss distributions: the tight figure. `None` where the loss is too large for a grid.
    pub eps_pld: Option<Epsilon>,
}

impl View {
    /// The aggregator knows who took part: Gaussian mechanisms, one for each participation.
    pub(super) fn of_aggregator(z: NoiseMultiplier, times: u64, delta: Delta) -> Result<Self, ParameterError> {
        let loss = PrivacyLoss::gaussian(z).repeated(times);
        Ok(Self {
            eps_zcdp: zcdp::epsilon(zcdp::repeated(zcdp::gaussian(z), times)?, delta),
            eps_rdp: RdpCurve::gaussian(&Orders::default(), z).repeated(times).epsilon(delta),
            eps_pld: loss.and_then(|loss| loss.epsilon(delta)).ok(),
        })
    }

    /// A reader of the releases does not know who took part: Poisson-sampled Gaussian mechanisms, one for
    /// each round, and never more than the aggregator learns.
    ///
    /// A device that stops at its own cap joins a round with probability at most `q` given the past, and
    /// the divergence grows with `q`, so the cap on PARTICIPATIONS does not weaken the bound. (A cap on
    /// the COHORT would: it makes users depend on each other.)
    pub(super) fn of_release(
        z: NoiseMultiplier,
        q: SamplingRate,
        rounds: u64,
        delta: Delta,
        aggregator: &Self,
    ) -> Self {
        let curve = RdpCurve::poisson_gaussian(&Orders::default(), q, z).repeated(rounds);
        let loss = PrivacyLoss::poisson_gaussian(q, z).repeated(rounds);
        let sampled = loss.and_then(|loss| loss.epsilon(delta)).ok();
        Self {
            eps_zcdp: aggregator.eps_zcdp,
            eps_rdp: smaller(curve.epsilon(delta), aggregator.by(Accountant::Zcdp)),
            eps_pld: match (sampled, aggregator.eps_pld) {
                (Some(a), Some(b)) => Some(smaller(a, b)),
                (one, other) => one.or(other),
            },
        }
    }

    /// The figure that an accountant answers for: the ledger's own bound for zCDP (Renyi orders where
    /// those are smaller, which takes sampling), the exact one for PLD.
    pub(super) fn by(&self, accountant: Accountant) -> Epsilon {
        let bound = smaller(self.eps_zcdp, self.eps_rdp);
        match accountant {
            Accountant::Zcdp => bound,
            Accountant::Pld => self.eps_pld.unwrap_or(bound),
        }
    }
}

fn smaller(a: Epsilon, b: Epsilon) -> Epsilon {
    if a < b { a } else { b }
}
