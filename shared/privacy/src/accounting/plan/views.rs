//! Who can learn how much, by every accountant.

use serde::Serialize;

use super::Accountant;
use crate::accounting::{
    Delta, Epsilon, NoiseMultiplier, ParameterError, SamplingRate,
    pld::{PldError, PrivacyLoss},
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
    /// `parts` are the multipliers of the kinds of query and how often one user takes part in each.
    pub(super) fn of_aggregator(parts: &[(NoiseMultiplier, u64)], delta: Delta) -> Result<Self, ParameterError> {
        let rho = parts.iter().map(|&(z, times)| zcdp::repeated(zcdp::gaussian(z), times));
        let rho = zcdp::compose(rho.collect::<Result<Vec<_>, _>>()?)?;
        let orders = Orders::default();
        let curves = parts.iter().map(|&(z, times)| RdpCurve::gaussian(&orders, z).repeated(times));
        let losses = parts.iter().map(|&(z, times)| PrivacyLoss::gaussian(z).repeated(times));
        let eps_zcdp = zcdp::epsilon(rho, delta);
        Ok(Self {
            eps_zcdp,
            eps_rdp: together(curves).map_or(eps_zcdp, |curve| curve.epsilon(delta)),
            eps_pld: composed(losses).and_then(|loss| loss.epsilon(delta).ok()),
        })
    }

    /// A reader of the releases does not know who took part: Poisson-sampled Gaussian mechanisms, one for
    /// each round, and never more than the aggregator learns.
    ///
    /// A device that stops at its own cap joins a round with probability at most `q` given the past, and
    /// the divergence grows with `q`, so the cap on PARTICIPATIONS does not weaken the bound. (A cap on
    /// the COHORT would: it makes users depend on each other.)
    pub(super) fn of_release(
        parts: &[(NoiseMultiplier, u64)],
        q: SamplingRate,
        delta: Delta,
        aggregator: &Self,
    ) -> Self {
        let orders = Orders::default();
        let curves = parts.iter().map(|&(z, rounds)| RdpCurve::poisson_gaussian(&orders, q, z).repeated(rounds));
        let losses = parts.iter().map(|&(z, rounds)| PrivacyLoss::poisson_gaussian(q, z).repeated(rounds));
        let sampled = composed(losses).and_then(|loss| loss.epsilon(delta).ok());
        let bound = aggregator.by(Accountant::Zcdp);
        Self {
            eps_zcdp: aggregator.eps_zcdp,
            eps_rdp: together(curves).map_or(bound, |curve| smaller(curve.epsilon(delta), bound)),
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

/// All of them one after the other; `None` of nothing.
fn together(mut curves: impl Iterator<Item = RdpCurve>) -> Option<RdpCurve> {
    let first = curves.next()?;
    curves.try_fold(first, |all, curve| all.compose(&curve).ok())
}

/// All of them one after the other; `None` where one is too large for a grid, or of nothing.
fn composed(mut losses: impl Iterator<Item = Result<PrivacyLoss, PldError>>) -> Option<PrivacyLoss> {
    let first = losses.next()?.ok()?;
    losses.try_fold(first, |all, loss| all.compose(&loss.ok()?).ok())
}

fn smaller(a: Epsilon, b: Epsilon) -> Epsilon {
    if a < b { a } else { b }
}
