//! Tails of the hypergeometric distribution, far out.

/// `ln(n!)`: summed below 256, by Stirling's series above it, where its error is below 1e-17
/// relative.
pub(super) fn ln_factorial(n: u32) -> f64 {
    if n < 256 {
        return (2..=n).map(|i| f64::from(i).ln()).sum();
    }
    let x = f64::from(n);
    let half_ln_two_pi = 0.5 * (2.0 * std::f64::consts::PI).ln();
    (x + 0.5) * x.ln() - x + half_ln_two_pi + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5))
}

fn ln_choose(n: u32, k: u32) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// How many of `draws` members, drawn without replacement from `total`, are among the `marked`.
pub(super) struct Hypergeometric {
    total: u32,
    marked: u32,
    draws: u32,
}

impl Hypergeometric {
    /// `marked` and `draws` are at most `total`.
    pub(super) fn new(total: u32, marked: u32, draws: u32) -> Self {
        Self { total, marked, draws }
    }

    fn least(&self) -> u32 {
        (self.draws + self.marked).saturating_sub(self.total)
    }

    fn most(&self) -> u32 {
        self.draws.min(self.marked)
    }

    fn probability(&self, x: u32) -> f64 {
        (ln_choose(self.marked, x) + ln_choose(self.total - self.marked, self.draws - x)
            - ln_choose(self.total, self.draws))
        .exp()
    }

    /// The least `x` with `P[X > x] <= p`. The tail is summed from its thin end, so that small `p`
    /// lose no digits.
    pub(super) fn upper_quantile(&self, p: f64) -> u32 {
        let mut above = 0.0;
        let mut x = self.most();
        while x > self.least() {
            above += self.probability(x);
            if above > p {
                return x;
            }
            x -= 1;
        }
        x
    }

    /// The least `x` with `P[X <= x] >= p`.
    pub(super) fn lower_quantile(&self, p: f64) -> u32 {
        let mut below = 0.0;
        for x in self.least()..self.most() {
            below += self.probability(x);
            if below >= p {
                return x;
            }
        }
        self.most()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials_agree_on_both_sides_of_the_series() {
        let summed = |n: u32| (2..=n).map(|i| f64::from(i).ln()).sum::<f64>();
        for n in [0, 1, 2, 170, 255, 256, 1000, 100_000] {
            assert!((ln_factorial(n) - summed(n)).abs() <= 1e-11 * summed(n).max(1.0), "{n}");
        }
    }

    #[test]
    fn tails_of_a_hand_computed_urn() {
        // Five of ten marked, three drawn: 10, 50, 50, 10 of 120.
        let urn = Hypergeometric::new(10, 5, 3);
        for (x, ways) in [(0, 10.0), (1, 50.0), (2, 50.0), (3, 10.0)] {
            assert!((urn.probability(x) - ways / 120.0).abs() < 1e-14);
        }
        assert_eq!(urn.upper_quantile(0.01), 3);
        assert_eq!(urn.upper_quantile(0.09), 2);
        assert_eq!(urn.upper_quantile(0.51), 1);
        assert_eq!(urn.lower_quantile(0.01), 0);
        assert_eq!(urn.lower_quantile(0.09), 1);
        // Certain ones: nobody marked, everybody marked.
        assert_eq!(Hypergeometric::new(10, 0, 3).upper_quantile(1e-12), 0);
        assert_eq!(Hypergeometric::new(10, 10, 3).lower_quantile(1e-12), 3);
    }
}
