//! From mechanisms to a figure: choose a grid, round, compose, read off.

use super::{
    Buckets, Composed, LARGEST_LOSS, LN_HOEFFDING, MOST_BUCKETS, Mechanism, PldError, PrivacyLoss, Query, Side, Source,
    Sum, Term, TooLarge, WIDEST, WIDTH, WIDTH_PER_ROOT_STEP, count_up, normal,
};

impl PrivacyLoss {
    pub(super) fn bound(&self, query: Query, side: Side) -> Result<f64, PldError> {
        if side == Side::Lower && !self.parts.iter().all(|(mechanism, _)| mechanism.is_exact()) {
            return Err(PldError::UpperBoundOnly);
        }
        let parts = self.merged();
        match &parts[..] {
            [] => return Ok(0.0),
            [(Mechanism::Gaussian { mu }, 1)] => {
                return Ok(match query {
                    Query::Epsilon(delta) => normal::gaussian_epsilon(*mu, delta, side),
                    Query::Delta(epsilon) => normal::gaussian_delta(*mu, epsilon, side),
                });
            }
            _ => {}
        }
        let found = Gridded::new(&parts, query, side)?.bound(query, side)?;
        if side == Side::Upper
            && let Query::Epsilon(_) = query
        {
            let pure: f64 = parts.iter().map(|(m, times)| m.largest_loss() * count_up(*times)).sum();
            // Never above the sum of the pure epsilons, itself rounded to the nearest float.
            return Ok(found.min(pure));
        }
        Ok(found)
    }

    /// The parts, all Gaussians without sampling as one: `mu^2` is their sum.
    fn merged(&self) -> Vec<(Mechanism, u64)> {
        let mut square = 0.0;
        let mut parts = Vec::new();
        for (mechanism, times) in &self.parts {
            match mechanism {
                Mechanism::Gaussian { mu } => square += mu * mu * count_up(*times),
                other => parts.push((other.clone(), *times)),
            }
        }
        if square > 0.0 {
            parts.push((Mechanism::Gaussian { mu: square.sqrt() }, 1));
        }
        parts
    }
}

/// Mechanisms with the grid that suits them.
struct Gridded {
    sources: Vec<(Source, u64)>,
    symmetric: bool,
    /// Where Gaussians are cut, in standard deviations.
    reach: f64,
    /// The width of the grid.
    h: f64,
    /// A bound on the error of all losses together: of edges, of outputs, of sums.
    slack: f64,
}

impl Gridded {
    fn new(parts: &[(Mechanism, u64)], query: Query, side: Side) -> Result<Self, PldError> {
        let symmetric = parts.iter().all(|(mechanism, _)| mechanism.is_symmetric());
        let sources: Vec<(Source, u64)> = parts
            .iter()
            .map(|(mechanism, times)| Ok((mechanism.source()?, *times)))
            .collect::<Result<_, TooLarge>>()
            .map_err(|TooLarge| PldError::SupportTooLarge)?;
        let steps: f64 = sources.iter().map(|(_, times)| count_up(*times)).sum();
        let reach = reach(query, steps);
        let (mut widest, mut largest, mut slack) = (0.0_f64, 0.0_f64, 0.0);
        for (source, times) in &sources {
            let [low, high] = source.range(reach);
            let size = low.abs().max(high.abs());
            widest = widest.max(high - low);
            largest = largest.max(size);
            slack += count_up(*times) * 16.0 * f64::EPSILON * (1.0 + size);
        }
        if largest.is_nan() || largest > LARGEST_LOSS {
            return Err(PldError::LossTooLarge { found: largest });
        }
        // Rounding down costs a multiple of the width, connecting the dots only its square.
        let narrower = if side == Side::Upper { 1.0 } else { 4.0 };
        let fine = WIDTH.min(WIDTH_PER_ROOT_STEP / narrower / steps.sqrt());
        Ok(Self { sources, symmetric, reach, h: fine.max(widest / MOST_BUCKETS), slack })
    }

    /// The larger bound of both directions, on the finest grid that fits.
    fn bound(mut self, query: Query, side: Side) -> Result<f64, PldError> {
        loop {
            if self.h > WIDEST {
                return Err(PldError::LossTooLarge { found: LARGEST_LOSS });
            }
            let buckets: Vec<(Buckets, u64)> =
                self.sources.iter().map(|(source, times)| (source.buckets(self.h, self.reach), *times)).collect();
            let forward = self.one_direction(&buckets, query, side);
            let both = forward.and_then(|forward| {
                if self.symmetric {
                    return Ok(forward);
                }
                let reversed: Vec<_> = buckets.iter().map(|(buckets, times)| (buckets.reversed(), *times)).collect();
                Ok(forward.max(self.one_direction(&reversed, query, side)?))
            });
            match both {
                Ok(found) => return Ok(found),
                Err(too_wide) => self.h *= too_wide.factor.max(1.0).log2().ceil().max(1.0).exp2(),
            }
        }
    }

    fn one_direction(
        &self,
        buckets: &[(Buckets, u64)],
        query: Query,
        side: Side,
    ) -> Result<f64, super::compose::TooWide> {
        let rounded = |(buckets, times): &(Buckets, u64)| {
            let losses = if side == Side::Upper { buckets.rounded_up() } else { buckets.rounded_down() };
            Term { losses, times: *times }
        };
        let sum = Sum { h: self.h, terms: buckets.iter().map(rounded).collect() };
        match (query, side) {
            (Query::Epsilon(delta), Side::Upper) => Ok(composed(&sum, query)?.epsilon(delta, 0.0, side) + self.slack),
            (Query::Delta(epsilon), Side::Upper) => Ok(composed(&sum, query)?.delta(epsilon - self.slack, side)),
            (Query::Epsilon(delta), Side::Lower) => {
                let [shift, chance] = given_back(&sum, delta);
                let query = Query::Epsilon(delta + chance);
                // What is given back may lift an epsilon above zero that was below.
                Ok((composed(&sum, query)?.epsilon(delta + chance, -shift, side) + shift - self.slack).max(0.0))
            }
            (Query::Delta(epsilon), Side::Lower) => {
                // Any chance of failure gives a bound; one relative to the answer gives a good one.
                let rough = composed(&sum, query)?.delta(epsilon + self.slack, side);
                let [shift, chance] = given_back(&sum, rough);
                let moved = epsilon - shift + self.slack;
                let better = composed(&sum, Query::Delta(moved))?.delta(moved, side) - chance;
                Ok(rough.max(better))
            }
        }
    }
}

/// What rounding down took from the sum of all losses, at least, and the chance that it was less
/// (Hoeffding: the sum of `T` independent amounts in `[0, h]` is below its mean by `t` with probability
/// at most `exp(-2 t^2 / (T h^2))`).
fn given_back(sum: &Sum, delta: f64) -> [f64; 2] {
    if delta.is_nan() || delta <= 0.0 {
        return [0.0, 0.0];
    }
    let mean: f64 = sum.terms.iter().map(|term| term.times as f64 * term.losses.mean_loss_removed).sum();
    let ln_chance = delta.ln() + LN_HOEFFDING;
    let shift = mean - sum.h * (sum.steps() * -ln_chance / 2.0).sqrt();
    if shift > 0.0 { [shift, ln_chance.exp() * (1.0 + 1e-12)] } else { [0.0, 0.0] }
}

/// Cuts Gaussians where what lies beyond, over all steps, is a millionth of delta at most; in any case
/// between 8 and 38 standard deviations (6e-16 and 3e-316). A query for delta cuts at 16 (6e-58).
fn reach(query: Query, steps: f64) -> f64 {
    let Query::Epsilon(delta) = query else { return 16.0 };
    // P[N(0,1) > x] <= exp(-x^2 / 2) / 2.
    (2.0 * (1e6_f64.ln() + steps.ln() - delta.ln())).max(0.0).sqrt().clamp(8.0, 38.0)
}

fn composed(sum: &Sum, query: Query) -> Result<Composed, super::compose::TooWide> {
    let near = |epsilon: f64| sum.best_lambda(|lambda, cumulant| cumulant - lambda * epsilon).0;
    match query {
        Query::Delta(epsilon) => Composed::new(sum, near(epsilon)),
        Query::Epsilon(delta) => {
            // Chernoff's epsilon is too large, and its tilt too: look near a first answer.
            let (lambda, _) = sum.best_lambda(|lambda, cumulant| (cumulant - delta.ln()) / lambda);
            let first = Composed::new(sum, lambda)?;
            let epsilon = first.epsilon(delta, 0.0, Side::Upper);
            if first.error == 0.0 || !epsilon.is_finite() || first.is_precise(epsilon, delta) {
                return Ok(first);
            }
            Composed::new(sum, near(epsilon))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Gridded, Query, Side, Source};

    /// Two outcomes for which one direction leaks far more than the other.
    #[test]
    fn both_directions_count() {
        let epsilon = 0.5_f64;
        let worse = 0.5 - 0.1 * epsilon.exp();
        for atoms in [vec![[0.5, 0.9], [0.5, 0.1]], vec![[0.9, 0.5], [0.1, 0.5]]] {
            let sources = vec![(Source::Atoms { atoms, lost: 0.0 }, 1)];
            let both = Gridded { sources, symmetric: false, reach: 16.0, h: 1e-4, slack: 0.0 };
            let found = both.bound(Query::Delta(epsilon), Side::Upper).unwrap();
            assert!(found >= worse && found < worse + 1e-6, "{found} {worse}");
        }
    }
}
