//! Degree and threshold: how many neighbours a member needs, and how many shares a secret.

use super::GraphError;
use super::hypergeometric::{Hypergeometric, ln_factorial};
use crate::secagg::Adversary;

/// Statistical security in bits. The event that a secret leaks or the honest survivors fall apart
/// has probability below 2^-40 over the choice of the graph (Bell et al. 2020, section 3).
const SECURITY_BITS: i32 = 40;

/// A round in which no more members drop out than assumed fails with probability below 2^-20.
const CORRECTNESS_BITS: i32 = 20;

/// Keeps a rate such as 0.05 from losing a member to the rounding of `rate * n`.
const ROUNDING: f64 = 1e-14;

/// Degree k of the graph and threshold t of the secret sharing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphParameters {
    /// k: neighbours of each member.
    pub degree: u32,
    /// t: shares that reconstruct a secret; t - 1 tell nothing.
    pub threshold: u32,
}

/// What a graph has to withstand, in members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) members: u32,
    pub(crate) corrupt: u32,
    pub(crate) dropped: u32,
}

impl GraphParameters {
    /// The smallest random ring graph for `members`, of whom a share `corrupt` collude with the
    /// aggregator and a share `dropped` drop out (Bell et al. 2020; security 2^-40, failure 2^-20).
    ///
    /// The degree may exceed what Shamir's scheme over GF(2^8) can serve; [`Graph`](super::Graph)
    /// refuses it then.
    ///
    /// # Errors
    /// When a rate is outside [0, 1), or no degree below `members - 1` suffices.
    pub fn ring(members: u32, corrupt: f64, dropped: f64, adversary: Adversary) -> Result<Self, GraphError> {
        for (field, rate) in [("corrupt fraction", corrupt), ("dropout", dropped)] {
            if !(0.0..1.0).contains(&rate) {
                return Err(GraphError::Rate { field, found: rate });
            }
        }
        let count = |rate: f64| ((rate + ROUNDING) * f64::from(members)).floor() as u32;
        Self::of_ring(Load { members, corrupt: count(corrupt), dropped: count(dropped) }, adversary)
    }

    pub(crate) fn of_ring(load: Load, adversary: Adversary) -> Result<Self, GraphError> {
        let infeasible = GraphError::Infeasible { members: load.members };
        if u64::from(load.corrupt) + u64::from(load.dropped) >= u64::from(load.members) {
            return Err(infeasible);
        }
        (2..load.members.saturating_sub(1))
            .step_by(2)
            .find_map(|degree| Some(Self { degree, threshold: ring_threshold(load, degree, adversary)? }))
            .ok_or(infeasible)
    }

    /// The complete graph: everybody is everybody's neighbour, nothing is left to chance.
    ///
    /// Any threshold between two bounds will do: above what the corrupt can reconstruct, at most
    /// what the fewest survivors can serve. The middle of the two leaves the same room for more
    /// corruption as for more dropouts than assumed.
    pub(crate) fn of_complete(load: Load, adversary: Adversary) -> Result<Self, GraphError> {
        let infeasible = GraphError::Infeasible { members: load.members };
        let degree = load.members.saturating_sub(1);
        let least = match adversary {
            Adversary::Curious => load.corrupt + 1,
            // Every honest member answers for one secret only, a corrupt one for both:
            // 2 t > k + c leaves no way to t shares of each (Bonawitz et al. 2017, section 6.2).
            Adversary::SemiMalicious | Adversary::Active => (degree + load.corrupt) / 2 + 1,
        }
        .max(2);
        // A survivor and t of its neighbours are also the more than t who have to sign.
        let most = degree.saturating_sub(load.dropped);
        if least > most {
            return Err(infeasible);
        }
        Ok(Self { degree, threshold: least.midpoint(most) })
    }
}

/// The threshold at this degree, if the degree suffices.
fn ring_threshold(load: Load, degree: u32, adversary: Adversary) -> Option<u32> {
    let n = f64::from(load.members);
    // Half of the security budget for the connection of the graph, half for the secrets.
    let budget = 2_f64.powi(-(SECURITY_BITS + 1));
    if ln_disconnected(load, degree) >= budget.ln() {
        return None;
    }
    let corrupt = Hypergeometric::new(load.members, load.corrupt, degree).upper_quantile(budget / n);
    let most = Hypergeometric::new(load.members, load.members - load.dropped, degree)
        .lower_quantile(2_f64.powi(-CORRECTNESS_BITS) / n);
    let below = match adversary {
        Adversary::Curious => corrupt,
        // 2 t > k + c again; a quarter off, so that a bound met exactly is not rounded away.
        Adversary::SemiMalicious | Adversary::Active => {
            ((f64::from(corrupt) + f64::from(degree) - 1.25) / 2.0).ceil() as u32
        }
    };
    (most > below).then(|| (below + 1).max(2))
}

/// Logarithm of a bound on the probability that the honest survivors are not connected.
///
/// A ring in which everybody knows k/2 to either side falls apart only where two disjoint runs of
/// k/2 members are all corrupt or gone. Union bound over the pairs of runs, for members placed at
/// random.
fn ln_disconnected(load: Load, degree: u32) -> f64 {
    let bad = load.corrupt + load.dropped;
    if degree > bad {
        return f64::NEG_INFINITY;
    }
    let n = load.members;
    let pairs = f64::from(n).ln() + f64::from(n - degree - 1).ln() - 2_f64.ln();
    pairs + ln_factorial(bad) - ln_factorial(bad - degree) + ln_factorial(n - degree) - ln_factorial(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of the published tests of Google's server (PRIVACY specification, section 6).
    #[test]
    fn ring_parameters_match_the_published_rows() {
        use Adversary::{Curious, SemiMalicious};
        for (n, corrupt, dropped, adversary, degree, threshold) in [
            (100, 0.05, 0.05, Curious, 12, 6),
            (1000, 0.05, 0.05, Curious, 30, 17),
            (1000, 0.05, 0.33, Curious, 72, 24),
            (10_000, 0.05, 0.05, Curious, 34, 20),
            (1000, 0.33, 0.05, Curious, 78, 60),
            (100, 0.33, 0.33, Curious, 68, 34),
            (100, 0.05, 0.05, SemiMalicious, 16, 11),
            (1000, 0.05, 0.05, SemiMalicious, 52, 37),
            (1000, 0.05, 0.33, SemiMalicious, 398, 223),
            (10_000, 0.05, 0.05, SemiMalicious, 62, 44),
            (1000, 0.33, 0.05, SemiMalicious, 132, 109),
        ] {
            let found = GraphParameters::ring(n, corrupt, dropped, adversary).unwrap();
            assert_eq!(found.degree, degree, "{n} {corrupt} {dropped} {adversary:?}");
            assert!(found.threshold <= threshold, "{found:?}, expected at most {threshold}");
            // Not far below it either: the row's corrupt neighbours must stay short of it.
            assert!(found.threshold + 1 >= threshold, "{found:?}, expected about {threshold}");
        }
    }

    #[test]
    fn impossible_demands_are_refused() {
        assert!(GraphParameters::ring(1000, f64::NAN, 0.1, Adversary::Curious).is_err());
        assert!(GraphParameters::ring(1000, 0.1, 1.0, Adversary::Curious).is_err());
        let found = GraphParameters::ring(100, 0.5, 0.5, Adversary::Curious);
        assert_eq!(found, Err(GraphError::Infeasible { members: 100 }));
        let load = Load { members: 10, corrupt: 4, dropped: 5 };
        assert!(GraphParameters::of_complete(load, Adversary::Curious).is_err());
        assert!(GraphParameters::of_complete(Load { members: 2, corrupt: 0, dropped: 0 }, Adversary::Curious).is_err());
    }

    #[test]
    fn complete_thresholds_hold_both_bounds() {
        for members in 3..=256_u32 {
            for (corrupt, dropped) in [(0, 0), (members / 10, members / 5), (members / 4, members / 8)] {
                let load = Load { members, corrupt, dropped };
                if let Ok(GraphParameters { degree, threshold }) =
                    GraphParameters::of_complete(load, Adversary::Curious)
                {
                    assert!(threshold > corrupt && threshold + dropped <= degree && threshold >= 2);
                }
                if let Ok(GraphParameters { degree, threshold }) = GraphParameters::of_complete(load, Adversary::Active)
                {
                    assert!(2 * threshold > degree + corrupt && threshold + dropped <= degree);
                }
            }
        }
    }
}
