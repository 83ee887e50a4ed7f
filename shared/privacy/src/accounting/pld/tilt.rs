//! Exponential tilting: where a composition puts its mass, and how much can lie elsewhere.
//!
//! For the sum `S` of all losses, `K(lambda) = ln E[exp(lambda S)]` is the sum over the steps. Chernoff:
//! `P[S >= x] <= exp(K(lambda) - lambda x)`. The tilted distribution has masses
//! `exp(lambda s - K(lambda)) P[S = s]` and is centred near the `x` for which `lambda` is best, so that
//! numerical errors made in it stay small RELATIVE to the tail beyond `x`.

use super::buckets::Losses;
use crate::accounting::minimise::lowest_point;

/// Largest exponent within one step: `exp` of it, and of its negative, stay far from the limits of floats.
const LARGEST_EXPONENT: f64 = 500.0;

/// Golden-section steps that place the logarithm of an order, searched over six decades, to a thousandth.
const SEARCH_STEPS: u32 = 20;

/// `times` steps with the same losses.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) losses: Losses,
    pub(super) times: u64,
}

/// Losses to be added up, all on the grid of width `h`.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    pub(super) h: f64,
    pub(super) terms: Vec<Term>,
}

impl Sum {
    /// `K(lambda)`; infinity where it cannot be computed in floats.
    pub(super) fn cumulant(&self, lambda: f64) -> f64 {
        self.terms.iter().map(|term| term.times as f64 * ln_moment(&term.losses, lambda, self.h)).sum()
    }

    /// The largest `|lambda|` for which the cumulant can be computed.
    fn largest_lambda(&self) -> f64 {
        let widest = self.terms.iter().map(|term| term.losses.masses.len()).max().unwrap_or(1);
        LARGEST_EXPONENT / (widest as f64 * self.h)
    }

    /// `lambda > 0` that makes `objective(lambda, K(lambda))` small, and the objective there.
    pub(super) fn best_lambda(&self, objective: impl Fn(f64, f64) -> f64) -> (f64, f64) {
        let most = self.largest_lambda();
        let (ln_lambda, value) = lowest_point((most * 1e-6).ln(), most.ln(), SEARCH_STEPS, |u| {
            let lambda = u.exp().min(most);
            objective(lambda, self.cumulant(lambda))
        });
        (ln_lambda.exp().min(most), value)
    }

    /// Numbers of the first and last grid point that the tilted distribution needs: at most `exp(-reach)`
    /// of its mass lies below the first, and at most that above the last.
    pub(super) fn window(&self, lambda: f64, cumulant: f64, reach: f64) -> [i64; 2] {
        let most = self.largest_lambda();
        let side = |room: f64, sign: f64| {
            let value = |u: f64| {
                let theta = u.exp().min(room);
                (self.cumulant(lambda + sign * theta) - cumulant + reach) / theta
            };
            lowest_point((room * 1e-6).ln(), room.ln(), SEARCH_STEPS, value).1
        };
        let above = if most > lambda { side(most - lambda, 1.0) } else { f64::INFINITY };
        let below = side(most + lambda, -1.0);
        let ends = |end: fn(&Losses) -> i64| {
            self.terms.iter().map(|term| term.times as f64 * end(&term.losses) as f64).sum::<f64>()
        };
        let first = (-below / self.h).floor().max(ends(|losses| losses.first));
        let last = (above / self.h).ceil().min(ends(Losses::last));
        [first as i64, last.max(first) as i64]
    }

    /// How many steps there are.
    pub(super) fn steps(&self) -> f64 {
        self.terms.iter().map(|term| term.times as f64).sum()
    }

    /// Mass at an infinite loss after all steps.
    pub(super) fn infinite(&self) -> f64 {
        let ln_finite: f64 = self.terms.iter().map(|term| term.times as f64 * (-term.losses.infinite).ln_1p()).sum();
        -ln_finite.exp_m1()
    }
}

/// `ln E[exp(lambda L)]` over the finite losses of one step, by Horner's rule in `exp(-|lambda| h)`, from
/// the end that weighs least.
fn ln_moment(losses: &Losses, lambda: f64, h: f64) -> f64 {
    if lambda.abs() * losses.masses.len() as f64 * h > 1.001 * LARGEST_EXPONENT {
        return f64::INFINITY;
    }
    let ratio = (-lambda.abs() * h).exp();
    let (sum, heaviest) = if lambda >= 0.0 {
        (horner(losses.masses.iter().copied(), ratio), losses.last())
    } else {
        (horner(losses.masses.iter().rev().copied(), ratio), losses.first)
    };
    sum.ln() + lambda * heaviest as f64 * h
}

/// `sum of masses[n - 1 - i] ratio^i`, in four strands so that multiplications overlap.
fn horner(masses: impl ExactSizeIterator<Item = f64>, ratio: f64) -> f64 {
    let fourth = (ratio * ratio) * (ratio * ratio);
    let mut strands = [0.0; 4];
    // Zeros in front, so that the number is a multiple of four, change nothing.
    let front = masses.len().wrapping_neg() % 4;
    let mut turn = front;
    for mass in masses {
        strands[turn] = strands[turn] * fourth + mass;
        turn = (turn + 1) % 4;
    }
    strands.iter().fold(0.0, |sum, strand| sum * ratio + strand)
}

#[cfg(test)]
mod tests {
    use super::{Sum, Term, ln_moment};
    use crate::accounting::pld::buckets::Losses;

    fn coin() -> Losses {
        Losses { first: -1, masses: vec![0.5, 0.0, 0.5], infinite: 0.0, mean_loss_removed: 0.0 }
    }

    #[test]
    fn moments_of_a_coin() {
        for lambda in [-3.0, -0.1, 0.0, 0.7, 20.0] {
            let truth = f64::cosh(lambda * 0.25).ln();
            assert!((ln_moment(&coin(), lambda, 0.25) - truth).abs() < 1e-14);
        }
    }

    #[test]
    fn infinite_mass_adds_up() {
        let term = |infinite, times| Term { losses: Losses { infinite, ..coin() }, times };
        let sum = Sum { h: 1.0, terms: vec![term(0.1, 3), term(0.2, 1)] };
        assert!((sum.infinite() - (1.0 - 0.9_f64.powi(3) * 0.8)).abs() < 1e-15);
    }

    #[test]
    fn strands_agree_with_the_plain_sum() {
        for n in 0..9_u32 {
            let masses: Vec<f64> = (0..n).map(|i| 1.0 / f64::from(i + 1)).collect();
            let plain = masses.iter().fold(0.0, |sum, mass| sum * 0.3 + mass);
            assert!((super::horner(masses.into_iter(), 0.3) - plain).abs() < 1e-15);
        }
    }

    #[test]
    fn the_window_covers_the_mass() {
        let sum = Sum { h: 1.0, terms: vec![Term { losses: coin(), times: 400 }] };
        let [first, last] = sum.window(0.0, 0.0, 18.0);
        // Twenty standard deviations of one each, and exp(-18) lies beyond six of them.
        assert!((-130..=-110).contains(&first) && (110..=130).contains(&last), "{first} {last}");
        let [first, last] = sum.window(0.5, sum.cumulant(0.5), 18.0);
        assert!(first > 0 && last > first && last <= 400);
    }
}
