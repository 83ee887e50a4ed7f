//! A pair of distributions as masses in buckets of privacy loss, and its two roundings to a grid.
//!
//! A mechanism is described by a dominating pair `(P, Q)` (Zhu, Dong, Wang, "Optimal Accounting of
//! Differential Privacy via Characteristic Function", AISTATS 2022, Definition 7): whatever two
//! neighbours look like, no test tells them apart better than `P` from `Q`. Its privacy loss is
//! `L = ln(P(x) / Q(x))`, `x ~ P`, and `delta(epsilon) = E[(1 - exp(epsilon - L))_+]`.

/// `P` and `Q` masses by bucket: number `i` holds losses from `(first + i) h` to `(first + i + 1) h`.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    /// The width of a bucket.
    pub(super) h: f64,
    pub(super) first: i64,
    pub(super) p: Vec<f64>,
    pub(super) q: Vec<f64>,
    /// A bound on the error of `p[i] - q[i] exp((first + i) h)`.
    pub(super) blur: Vec<f64>,
    /// `P` and `Q` masses outside all buckets, whatever their loss. No mechanism here has an infinite loss
    /// by itself; a mass that is zero in floats may be a tiny one.
    pub(super) outside: [f64; 2],
}

/// A privacy loss on the grid: `masses[i]` at `(first + i) h`.
#[derive(Debug, Clone)]
pub(super) struct Losses {
    pub(super) first: i64,
    pub(super) masses: Vec<f64>,
    /// Mass at an infinite loss.
    pub(super) infinite: f64,
    /// What rounding took away from the loss on average; zero when rounded up.
    pub(super) mean_loss_removed: f64,
}

impl Buckets {
    pub(super) fn empty(h: f64, first: i64, len: usize) -> Self {
        let zeros = || vec![0.0; len];
        Self { h, first, p: zeros(), q: zeros(), blur: zeros(), outside: [0.0; 2] }
    }

    /// The edge below bucket `i`.
    pub(super) fn edge(&self, i: usize) -> f64 {
        (self.first + i as i64) as f64 * self.h
    }

    /// The pair the other way round, `(Q, P)`: every loss changes its sign.
    pub(super) fn reversed(&self) -> Self {
        let len = self.p.len();
        let back = |values: &[f64]| values.iter().rev().copied().collect();
        Self {
            h: self.h,
            first: -(self.first + len as i64),
            p: back(&self.q),
            q: back(&self.p),
            // |q - p exp(-edge)| = exp(-edge) |p - q exp(edge)|, and the lower edge gives the larger factor.
            blur: (0..len).rev().map(|i| self.blur[i] * (-self.edge(i)).exp()).collect(),
            outside: [self.outside[1], self.outside[0]],
        }
    }

    /// `weight` times these masses plus `1 - weight` times the other's: which of the two mechanisms
    /// ran is part of the output. Both must lie on the same grid.
    pub(super) fn mixed(&self, weight: f64, other: &Self) -> Self {
        let first = self.first.min(other.first);
        let end = (self.first + self.p.len() as i64).max(other.first + other.p.len() as i64);
        let mut sum = Self::empty(self.h, first, (end - first) as usize);
        for (part, share) in [(self, weight), (other, 1.0 - weight)] {
            let shift = (part.first - first) as usize;
            for i in 0..part.p.len() {
                sum.p[shift + i] += share * part.p[i];
                sum.q[shift + i] += share * part.q[i];
                sum.blur[shift + i] += share * part.blur[i];
            }
            for side in 0..2 {
                sum.outside[side] += share * part.outside[side];
            }
        }
        sum
    }

    /// Connect the dots (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi, "Connect the Dots: Tighter
    /// Discrete Approximations of Privacy Loss Distributions", PETS 2022): the mass of a bucket goes to
    /// its two ends so that `P` and `Q` masses are both kept. Under `Q` the ratio `exp(L)` spreads
    /// around its mean, so every hockey-stick divergence grows or stays: an upper bound, also under
    /// composition. Mass outside all buckets becomes an infinite loss.
    pub(super) fn rounded_up(&self) -> Losses {
        let mut masses = vec![0.0; self.p.len() + 1];
        let width = -(-self.h).exp_m1();
        for (i, (&p, &q)) in self.p.iter().zip(&self.q).enumerate() {
            let edge = self.edge(i);
            let allowance = self.blur[i] + 8.0 * f64::EPSILON * (1.0 + edge.abs()) * p;
            let up = ((p - q * edge.exp() + allowance) / width).clamp(0.0, p);
            masses[i] += p - up;
            masses[i + 1] += up;
        }
        Losses::trimmed(self.first, masses, self.outside[0], 0.0)
    }

    /// Merges the outcomes of a bucket (a post-processing, so every divergence falls or stays), then
    /// rounds the loss `ln(p / q)` of the merged outcome down to the lower edge. Mass outside is
    /// dropped. What rounding removed is known on average and bounded by `h`.
    pub(super) fn rounded_down(&self) -> Losses {
        let mut removed = 0.0;
        let mut total = 0.0;
        for (i, (&p, &q)) in self.p.iter().zip(&self.q).enumerate() {
            total += p;
            if p > 0.0 && q > 0.0 {
                let rest = (p / q).ln() - self.edge(i) - 8.0 * f64::EPSILON * (1.0 + self.edge(i).abs());
                removed += (p * rest.clamp(0.0, self.h) - 2.0 * self.blur[i]).max(0.0);
            }
        }
        let mean = if total > 0.0 { removed / total * (1.0 - 1e-9) } else { 0.0 };
        Losses::trimmed(self.first, self.p.clone(), 0.0, mean)
    }
}

impl Losses {
    /// Without the zeros at both ends.
    fn trimmed(first: i64, mut masses: Vec<f64>, infinite: f64, mean_loss_removed: f64) -> Self {
        let end = masses.iter().rposition(|&mass| mass > 0.0).map_or(0, |last| last + 1);
        masses.truncate(end);
        let start = masses.iter().position(|&mass| mass > 0.0).unwrap_or(0);
        masses.drain(..start);
        Self { first: first + start as i64, masses, infinite, mean_loss_removed }
    }

    /// The number of the largest loss.
    pub(super) fn last(&self) -> i64 {
        self.first + self.masses.len() as i64 - 1
    }
}

#[cfg(test)]
mod tests {
    use super::Buckets;

    fn two_buckets() -> Buckets {
        let mut buckets = Buckets::empty(0.5, -1, 2);
        // Ratios inside (exp(-0.5), 1) and (1, exp(0.5)).
        buckets.p = vec![0.39, 0.6];
        buckets.q = vec![0.5, 0.45];
        buckets.outside = [0.01, 0.05];
        buckets
    }

    #[test]
    fn rounding_up_keeps_both_masses() {
        let buckets = two_buckets();
        let losses = buckets.rounded_up();
        let p: f64 = losses.masses.iter().sum();
        let at = |i: usize| (losses.first + i as i64) as f64 * buckets.h;
        let q: f64 = losses.masses.iter().enumerate().map(|(i, mass)| mass * (-at(i)).exp()).sum();
        assert!((p - 0.99).abs() < 1e-14 && (q - 0.95).abs() < 1e-14, "{p} {q}");
        assert_eq!(losses.infinite, 0.01);
    }

    #[test]
    fn rounding_down_only_lowers() {
        let losses = two_buckets().rounded_down();
        assert_eq!((losses.first, losses.masses), (-1, vec![0.39, 0.6]));
        assert_eq!(losses.infinite, 0.0);
        let mean = (0.39 * (0.5 + (0.39_f64 / 0.5).ln()) + 0.6 * (0.6_f64 / 0.45).ln()) / 0.99;
        assert!(losses.mean_loss_removed <= mean && losses.mean_loss_removed > mean * (1.0 - 1e-8));
    }

    #[test]
    fn reversing_twice_changes_nothing() {
        let buckets = two_buckets();
        let back = buckets.reversed().reversed();
        assert_eq!((back.first, back.p, back.q), (buckets.first, buckets.p.clone(), buckets.q.clone()));
        assert_eq!(buckets.reversed().outside, [0.05, 0.01]);
    }
}
