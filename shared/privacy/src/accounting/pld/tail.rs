//! `delta` and `epsilon` of a composed privacy loss.

use super::compose::Composed;
use crate::accounting::normal::Side;

/// Sums over the losses above `epsilon`: `mass`, and `discounted = sum of mass exp(epsilon - loss)`.
#[derive(Debug, Clone, Copy, Default)]
struct Above {
    mass: f64,
    discounted: f64,
}

impl Composed {
    fn loss(&self, i: usize) -> f64 {
        (self.first + i as i64) as f64 * self.h
    }

    fn mass(&self, i: usize) -> f64 {
        let tilted = self.tilted[i];
        if tilted == 0.0 { 0.0 } else { tilted * (self.cumulant - self.lambda * self.loss(i)).exp() }
    }

    /// `E[(1 - exp(epsilon - S))_+]` from the sums above `epsilon`, allowing for every error.
    ///
    /// An error of `e` in the tilted masses above `epsilon` is at most `e exp(K - lambda epsilon)` in theirs.
    fn bound(&self, above: Above, epsilon: f64, side: Side) -> f64 {
        let sum = self.infinite * (1.0 + side.sign() * 1e-12) + above.mass - above.discounted;
        let bound = sum + side.sign() * self.allowance(above, epsilon);
        // Far below the window the tilt overflows; then nothing is known.
        if bound.is_nan() { side.sign() * f64::INFINITY } else { bound }
    }

    fn allowance(&self, above: Above, epsilon: f64) -> f64 {
        let tilting = if self.error > 0.0 { self.error * (self.cumulant - self.lambda * epsilon).exp() } else { 0.0 };
        let summing = (self.rounding + (self.tilted.len() as f64 + 64.0) * 2.0 * f64::EPSILON) * above.mass;
        tilting + summing + f64::MIN_POSITIVE
    }

    /// Whether the error of the transform is small beside `delta` at `epsilon`.
    pub(super) fn is_precise(&self, epsilon: f64, delta: f64) -> bool {
        self.error * (self.cumulant - self.lambda * epsilon).exp() < 1e-5 * delta
    }

    /// `delta` at `epsilon`, on the given side of the exact value.
    pub(super) fn delta(&self, epsilon: f64, side: Side) -> f64 {
        let mut above = Above::default();
        for i in (0..self.tilted.len()).rev().take_while(|&i| self.loss(i) > epsilon) {
            let mass = self.mass(i);
            above.mass += mass;
            above.discounted += mass * (epsilon - self.loss(i)).exp();
        }
        self.bound(above, epsilon, side).clamp(0.0, 1.0)
    }

    /// The smallest `epsilon >= lowest` whose delta is at most `delta`, on the given side of the exact
    /// value; infinity if `delta` is below the mass that has an infinite loss.
    pub(super) fn epsilon(&self, delta: f64, lowest: f64, side: Side) -> f64 {
        let decay = (-self.h).exp();
        let mut above = Above::default();
        // Above the window there is nothing but the allowance.
        let top = self.loss(self.tilted.len()).max(lowest);
        if self.bound(above, top, side) > delta {
            return self.beyond(delta, top, side);
        }
        for i in (0..self.tilted.len()).rev().take_while(|&i| self.loss(i + 1) > lowest) {
            let loss = self.loss(i);
            above.discounted *= decay;
            if self.bound(above, loss, side) > delta {
                return self.solve(above, delta, loss, self.h, side).max(lowest);
            }
            let mass = self.mass(i);
            above = Above { mass: above.mass + mass, discounted: above.discounted + mass };
        }
        if self.loss(0) <= lowest {
            return lowest;
        }
        // Every loss is above `lowest`: below the first the sums stay what they are.
        let gap = self.loss(0) - lowest;
        let at_lowest = Above { discounted: above.discounted * (-gap).exp(), ..above };
        if self.bound(at_lowest, lowest, side) > delta {
            self.solve(at_lowest, delta, lowest, gap, side)
        } else {
            lowest
        }
    }

    /// `bound` exceeds `delta` at `start` and no longer at `start + width`; between them only `discounted`
    /// changes, like `exp(epsilon)`, and the allowance falls.
    fn solve(&self, above: Above, delta: f64, start: f64, width: f64, side: Side) -> f64 {
        let excess = self.bound(above, start, side) - delta;
        let step = (excess / above.discounted).ln_1p();
        if step.is_nan() {
            return if side == Side::Upper { start + width } else { start };
        }
        start + step.clamp(0.0, width)
    }

    /// Nothing lies above `top`, and yet the allowance exceeds `delta` there.
    fn beyond(&self, delta: f64, top: f64, side: Side) -> f64 {
        let room = delta - self.infinite * (1.0 + side.sign() * 1e-12) - f64::MIN_POSITIVE;
        match side {
            Side::Lower => f64::INFINITY,
            Side::Upper if room <= 0.0 || self.lambda <= 0.0 => f64::INFINITY,
            Side::Upper => ((self.cumulant + self.error.ln() - room.ln()) / self.lambda).max(top),
        }
    }
}
