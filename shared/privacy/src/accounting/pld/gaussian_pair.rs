//! Dominating pairs made of Gaussians whose loss grows with the output.

use super::buckets::Buckets;
use crate::accounting::normal::upper_tail;

/// Two Gaussian mixtures, one dimension, standard deviation `sigma`, sensitivity 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum GaussianPair {
    /// `P = (1-q) N(0) + q N(1)`, `Q = N(0)`: Poisson sampling, one user removed (Zhu, Dong, Wang 2022,
    /// Theorem 11). Reversed, one user added.
    Remove { q: f64, sigma: f64 },
    /// `P = (1-q) N(0) + q N(1)`, `Q = (1-q) N(0) + q N(-1)`: one user of a sample replaced.
    Replace { q: f64, sigma: f64 },
}

/// `P[X <= x]` or `P[X > x]`, whichever is the smaller one.
#[derive(Debug, Clone, Copy)]
struct Tail {
    mass: f64,
    above: bool,
}

impl Tail {
    fn at(x: f64, mean: f64, sigma: f64) -> Self {
        let distance = (x - mean) / sigma;
        Self { mass: upper_tail(distance.abs()), above: distance > 0.0 }
    }

    /// The mass between this point and a later one, and a bound on its error.
    fn until(self, later: Self) -> [f64; 2] {
        let mass = match (self.above, later.above) {
            (true, _) => self.mass - later.mass,
            (false, false) => later.mass - self.mass,
            (false, true) => 1.0 - self.mass - later.mass,
        };
        let size = if self.above == later.above { self.mass.max(later.mass) } else { 1.0 };
        [mass.max(0.0), 4.0 * f64::EPSILON * size]
    }

    fn below(self) -> f64 {
        if self.above { 1.0 - self.mass } else { self.mass }
    }

    fn above(self) -> f64 {
        if self.above { self.mass } else { 1.0 - self.mass }
    }
}

impl GaussianPair {
    /// The smallest and largest loss within `reach` standard deviations of the outermost means.
    pub(super) fn range(self, reach: f64) -> [f64; 2] {
        match self {
            Self::Remove { sigma, .. } => [-reach * sigma, 1.0 + reach * sigma],
            Self::Replace { sigma, .. } => [-1.0 - reach * sigma, 1.0 + reach * sigma],
        }
        .map(|x| self.loss(x))
    }

    /// The privacy loss of the output `x`.
    fn loss(self, x: f64) -> f64 {
        let ln_ratio = |q: f64, z: f64| {
            let change = q * z.exp_m1();
            match (z > 0.0, change > -0.5) {
                (true, _) => z + ((1.0 - q) * (-z).exp() + q).ln(),
                (false, true) => change.ln_1p(),
                (false, false) => (1.0 - q + q * z.exp()).ln(),
            }
        };
        match self {
            Self::Remove { q, sigma } => ln_ratio(q, (2.0 * x - 1.0) / (2.0 * sigma * sigma)),
            Self::Replace { q, sigma } => {
                let z = |x: f64| (2.0 * x - 1.0) / (2.0 * sigma * sigma);
                ln_ratio(q, z(x)) - ln_ratio(q, z(-x))
            }
        }
    }

    /// The output with a given loss; infinite outside the range of losses.
    fn output(self, loss: f64) -> f64 {
        match self {
            Self::Remove { q, sigma } => {
                let z = if loss > 30.0 {
                    loss + (((-loss).exp() * (q - 1.0)).ln_1p() - q.ln())
                } else {
                    let excess = loss.exp_m1() / q;
                    // Below the range of losses the argument of the second logarithm would be negative.
                    if excess > -0.5 { excess.ln_1p() } else { ((loss.exp() - (1.0 - q)) / q).max(0.0).ln() }
                };
                sigma * sigma * z + 0.5
            }
            Self::Replace { q, sigma } => {
                // 2 q exp(-1/(2 sigma^2)) sinh(x/sigma^2 - loss/2) = 2 (1-q) sinh(loss/2).
                let ln_factor = 0.5 / (sigma * sigma) + (1.0 - q).ln() - q.ln();
                let half = loss.abs() / 2.0;
                let ln_sinh = half + (-(-2.0 * half).exp_m1()).ln() - std::f64::consts::LN_2;
                let ln = ln_factor + ln_sinh;
                let asinh = if ln > 300.0 { ln + std::f64::consts::LN_2 } else { ln.exp().asinh() };
                sigma * sigma * (half + asinh).copysign(loss)
            }
        }
    }

    /// The masses in buckets of width `h`.
    pub(super) fn buckets(self, h: f64, reach: f64) -> Buckets {
        let [low, high] = self.range(reach);
        let (first, end) = ((low / h).floor() as i64, (high / h).ceil() as i64);
        let mut buckets = Buckets::empty(h, first, (end - first).max(1) as usize);
        let (q, means, sigma) = match self {
            Self::Remove { q, sigma } => (q, [0.0, 1.0, 0.0], sigma),
            Self::Replace { q, sigma } => (q, [0.0, 1.0, -1.0], sigma),
        };
        let single = matches!(self, Self::Remove { .. });
        let tails = |i: usize, buckets: &Buckets| {
            let x = self.output(buckets.edge(i));
            let [centre, up] = [0, 1].map(|k| Tail::at(x, means[k], sigma));
            [centre, up, if single { centre } else { Tail::at(x, means[2], sigma) }]
        };
        let weigh = |[centre, up, down]: [f64; 3]| {
            let p = (1.0 - q) * centre + q * up;
            [p, if single { centre } else { (1.0 - q) * centre + q * down }]
        };
        let mut before = tails(0, &buckets);
        let below = weigh(before.map(Tail::below));
        for i in 0..buckets.p.len() {
            let after = tails(i + 1, &buckets);
            let [centre, up, down] = [0, 1, 2].map(|k| before[k].until(after[k]));
            [buckets.p[i], buckets.q[i]] = weigh([centre[0], up[0], down[0]]);
            let [p_error, q_error] = weigh([centre[1], up[1], down[1]]);
            buckets.blur[i] = p_error + q_error * buckets.edge(i).exp();
            before = after;
        }
        let above = weigh(before.map(Tail::above));
        buckets.outside = [below[0] + above[0], below[1] + above[1]];
        buckets
    }
}

#[cfg(test)]
mod tests {
    use super::GaussianPair;

    #[test]
    fn outputs_invert_losses() {
        for (q, sigma) in [(1e-4, 0.7), (0.01, 1.0), (0.5, 5.0), (0.999, 2.0), (1.0 - 1e-12, 0.5)] {
            for pair in [GaussianPair::Remove { q, sigma }, GaussianPair::Replace { q, sigma }] {
                for x in [-3.0, -0.2, 0.0, 0.4, 1.0, 6.5] {
                    let back = pair.output(pair.loss(x));
                    let slope = (pair.loss(x + 1e-6) - pair.loss(x - 1e-6)) / 2e-6;
                    assert!((back - x).abs() * slope < 1e-14, "{pair:?} {x} {back}");
                }
            }
        }
    }

    #[test]
    fn masses_add_up() {
        for pair in [GaussianPair::Remove { q: 0.02, sigma: 0.8 }, GaussianPair::Replace { q: 0.3, sigma: 1.5 }] {
            let buckets = pair.buckets(1e-3, 12.5);
            for (masses, outside) in [(&buckets.p, buckets.outside[0]), (&buckets.q, buckets.outside[1])] {
                assert!((masses.iter().sum::<f64>() + outside - 1.0).abs() < 1e-13);
                assert!(outside < 1e-30);
            }
            for i in 0..buckets.p.len() {
                if buckets.p[i] > 1e-12 {
                    let ratio = (buckets.p[i] / buckets.q[i]).ln();
                    assert!(ratio > buckets.edge(i) - 1e-9 && ratio < buckets.edge(i + 1) + 1e-9);
                }
            }
        }
    }
}
