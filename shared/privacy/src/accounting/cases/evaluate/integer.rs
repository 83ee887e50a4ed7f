//! Cases whose noise lives on the integers or on answers.

use super::{Figures, Mechanism, Rounds, because};
use crate::accounting::{
    Delta, Epsilon, NoiseMultiplier, Rho, SamplingRate,
    pld::{PrivacyLoss, randomised_response_loss},
    rdp::{DistributedGaussian, Orders, RdpCurve, RdpError},
    zcdp,
};

impl Figures {
    pub(super) fn integer(&mut self, mechanism: &Mechanism, delta: Delta) {
        match *mechanism {
            Mechanism::DiscreteGaussian { sigma, sensitivity, q, steps } => {
                self.discrete_gaussian(sigma, sensitivity, q, steps, delta);
            }
            Mechanism::DiscreteLaplace { a, sensitivity, steps } => {
                let loss = PrivacyLoss::discrete_laplace(a, sensitivity);
                let curve = RdpCurve::discrete_laplace(&Orders::default(), a, sensitivity);
                self.pure(a * sensitivity as f64, curve, steps, delta);
                self.pld(loss.and_then(|loss| loss.repeated(steps)), delta);
            }
            Mechanism::RandomisedResponse { p, k, steps } => {
                let one = randomised_response_loss(p, k);
                self.details.insert("eps_pure_one", one);
                let curve = RdpCurve::randomised_response(&Orders::default(), p, k);
                self.pure(one, curve, steps, delta);
                let loss = PrivacyLoss::randomised_response(p, k);
                self.pld(loss.and_then(|loss| loss.repeated(steps)), delta);
            }
            Mechanism::Skellam { variance, sensitivity, steps } => {
                self.put("eps_zcdp", because("Skellam noise has no bound of the form alpha rho; see eps_rdp"));
                let size = sensitivity as f64;
                let curve = RdpCurve::skellam(&Orders::whole(), variance, size, size);
                self.rdp(curve.map(|curve| curve.repeated(steps)), delta);
                let loss = PrivacyLoss::skellam(variance, sensitivity);
                self.pld(loss.and_then(|loss| loss.repeated(steps)), delta);
            }
            Mechanism::DistributedGaussian { n, local_sigma, sensitivity, steps } => {
                self.distributed(n, local_sigma, sensitivity, steps, delta);
            }
            _ => {}
        }
    }

    fn discrete_gaussian(&mut self, sigma: f64, sensitivity: u64, q: SamplingRate, steps: u64, delta: Delta) {
        // CKS20, Theorem 4. With sampling, only whole orders: there the moments of the discrete and of the
        // continuous Gaussian agree, because the sensitivity is a whole number.
        let orders = if q == SamplingRate::EVERYONE { Orders::default() } else { Orders::whole() };
        match NoiseMultiplier::new(sigma / sensitivity as f64) {
            Ok(z) => {
                let rounds = Rounds { z, q, steps };
                self.zcdp(rounds.rho(), delta);
                self.rdp(Ok(rounds.curve(&orders)), delta);
            }
            Err(error) => {
                self.put("eps_zcdp", because(&error.to_string()));
                self.put("eps_rdp", because(&error.to_string()));
            }
        }
        let loss = PrivacyLoss::discrete_gaussian(sigma, sensitivity, q);
        self.pld(loss.and_then(|loss| loss.repeated(steps)), delta);
    }

    /// An `epsilon`-differentially private mechanism: its zCDP figure never exceeds the sum.
    fn pure(&mut self, epsilon: f64, curve: Result<RdpCurve, RdpError>, steps: u64, delta: Delta) {
        let sum = epsilon * steps as f64;
        self.details.insert("eps_pure", sum);
        self.rdp(curve.map(|curve| curve.repeated(steps)), delta);
        if epsilon > 0.0 {
            let rho = Epsilon::new(epsilon).map(zcdp::pure).and_then(|rho| zcdp::repeated(rho, steps));
            self.zcdp(rho, delta);
        } else {
            self.zcdp(Ok(Rho::ZERO), delta);
        }
        self.eps_zcdp = self.eps_zcdp.map(|x| x.min(sum));
    }

    fn distributed(&mut self, n: u64, local_sigma: f64, sensitivity: u64, steps: u64, delta: Delta) {
        let size = sensitivity as f64;
        let shares = DistributedGaussian { shares: n, local_sigma, l2: size, l1: size, dimension: 1 };
        match (shares.tau(), shares.rho()) {
            (Ok(tau), Ok(rho)) => {
                self.details.insert("tau", tau);
                self.zcdp(zcdp::repeated(rho, steps), delta);
            }
            (Err(error), _) | (_, Err(error)) => self.put("eps_zcdp", because(&error.to_string())),
        }
        if let Ok(variance) = shares.variance() {
            self.details.insert("variance", variance);
        }
        let ideal = steps as f64 * size * size / (2.0 * n as f64 * local_sigma * local_sigma);
        self.details.insert("rho_zcdp_ideal", ideal);
        let curve = RdpCurve::distributed_gaussian(&Orders::default(), &shares);
        self.rdp(curve.map(|curve| curve.repeated(steps)), delta);
        let loss = PrivacyLoss::discrete_gaussian_sum(n, local_sigma, sensitivity);
        self.pld(loss.and_then(|loss| loss.repeated(steps)), delta);
    }
}
