//! What every accountant says about a case.

mod integer;

use super::{
    Case, CaseError, Figures,
    kinds::{Input, Mechanism, Rounds},
};
use crate::accounting::{
    Delta, Epsilon, NoiseMultiplier, ParameterError, Rho, SamplingRate, calibrate,
    pld::{PldError, PrivacyLoss},
    rdp::{self, Orders, RdpCurve, RdpError},
    zcdp,
};

/// Why a method has no figure.
struct Reason(String);

impl<E: std::error::Error> From<E> for Reason {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn because<T>(reason: &str) -> Result<T, Reason> {
    Err(Reason(reason.to_owned()))
}

/// An epsilon as it is published: zero where nothing leaks, none where everything may.
fn published(epsilon: Epsilon) -> Result<f64, Reason> {
    match epsilon.get() {
        x if x >= f64::MAX => because("unbounded: more than delta of the mass has an infinite or unbounded loss"),
        x if x <= f64::MIN_POSITIVE => Ok(0.0),
        x => Ok(x),
    }
}

impl Figures {
    fn new(case: &Case) -> Self {
        Self {
            id: case.id.clone(),
            kind: case.kind,
            eps_zcdp: None,
            eps_rdp: None,
            eps_pld: None,
            eps_pld_lower: None,
            reasons: std::collections::BTreeMap::new(),
            details: std::collections::BTreeMap::new(),
        }
    }

    fn put(&mut self, name: &'static str, found: Result<f64, Reason>) {
        let (value, reason) = match found {
            Ok(value) => (Some(value), None),
            Err(Reason(reason)) => (None, Some(reason)),
        };
        match name {
            "eps_zcdp" => self.eps_zcdp = value,
            "eps_rdp" => self.eps_rdp = value,
            "eps_pld" => self.eps_pld = value,
            _ => self.eps_pld_lower = value,
        }
        self.reasons.extend(reason.map(|reason| (name, reason)));
    }

    fn zcdp(&mut self, rho: Result<Rho, ParameterError>, delta: Delta) {
        if let Ok(rho) = rho {
            self.details.insert("rho_zcdp", rho.get());
        }
        self.put("eps_zcdp", rho.map_err(Reason::from).and_then(|rho| published(zcdp::epsilon(rho, delta))));
    }

    fn rdp(&mut self, curve: Result<RdpCurve, RdpError>, delta: Delta) {
        self.put("eps_rdp", curve.map_err(Reason::from).and_then(|curve| published(curve.epsilon(delta))));
    }

    fn pld(&mut self, loss: Result<PrivacyLoss, PldError>, delta: Delta) {
        match loss {
            Ok(loss) => {
                self.put("eps_pld", loss.epsilon(delta).map_err(Reason::from).and_then(published));
                let lower = loss.epsilon_lower(delta).map_err(Reason::from);
                self.put("eps_pld_lower", lower.map(|x| x.min(f64::MAX)));
            }
            Err(error) => {
                self.put("eps_pld", because(&error.to_string()));
                self.put("eps_pld_lower", because(&error.to_string()));
            }
        }
    }
}

impl Rounds {
    /// No amplification: the divergence of a mixture is at most that of its parts.
    fn rho(&self) -> Result<Rho, ParameterError> {
        zcdp::repeated(zcdp::gaussian(self.z), self.steps)
    }

    fn curve(&self, orders: &Orders) -> RdpCurve {
        RdpCurve::poisson_gaussian(orders, self.q, self.z).repeated(self.steps)
    }

    fn loss(&self) -> Result<PrivacyLoss, PldError> {
        PrivacyLoss::poisson_gaussian(self.q, self.z).repeated(self.steps)
    }
}

impl Case {
    /// Every accountant's figure for this case.
    ///
    /// # Errors
    /// [`CaseError::Calibrate`] when no noise keeps the promise of a case of kind `calibrate`.
    pub fn evaluate(&self) -> Result<Figures, CaseError> {
        let mut figures = Figures::new(self);
        let Input { delta, ref mechanism } = self.input;
        match mechanism {
            Mechanism::Gaussian(rounds) => figures.rounds(rounds, delta),
            Mechanism::Composed(parts) => figures.composed(parts, delta),
            &Mechanism::SameSamplePair { z_value, z_count, q, steps } => {
                figures.same_sample(z_value, z_count, q, steps, delta);
            }
            &Mechanism::SampledWithoutReplacement { population, cohort, z, steps } => {
                figures.zcdp(zcdp::repeated(zcdp::gaussian(z), steps), delta);
                let curve = RdpCurve::gaussian_without_replacement(&Orders::default(), cohort, population, z);
                figures.rdp(curve.map(|curve| curve.repeated(steps)), delta);
                let reason = "no dominating pair is known here for a fixed-size cohort under replace-one";
                figures.put("eps_pld", because(reason));
                figures.put("eps_pld_lower", because(reason));
            }
            &Mechanism::Tree { z, longest, repeat } => {
                figures.zcdp(zcdp::repeated(zcdp::tree(z, longest), repeat), delta);
                figures.rdp(Ok(RdpCurve::tree(&Orders::default(), longest, z).repeated(repeat)), delta);
                // One user touches this many nodes of each tree, every one a Gaussian mechanism.
                let nodes = PrivacyLoss::gaussian(z).repeated(u64::from(zcdp::tree_depth(longest)));
                figures.pld(nodes.and_then(|nodes| nodes.repeated(repeat)), delta);
            }
            &Mechanism::CappedPoisson { population, cap, rounds } => {
                figures.capped(population, cap, &rounds, delta);
            }
            &Mechanism::Calibrate { epsilon, q, steps } => {
                let source = figures.calibrate(epsilon, q, steps, delta);
                source.map_err(|source| CaseError::Calibrate { id: self.id.clone(), source })?;
            }
            _ => figures.integer(mechanism, delta),
        }
        Ok(figures)
    }
}

impl Figures {
    fn rounds(&mut self, rounds: &Rounds, delta: Delta) {
        self.zcdp(rounds.rho(), delta);
        self.rdp(Ok(rounds.curve(&Orders::default())), delta);
        self.pld(rounds.loss(), delta);
    }

    fn composed(&mut self, parts: &[Rounds], delta: Delta) {
        let orders = Orders::default();
        let rhos: Result<Vec<Rho>, _> = parts.iter().map(Rounds::rho).collect();
        self.zcdp(rhos.and_then(zcdp::compose), delta);
        let curves = parts.iter().map(|part| part.curve(&orders));
        let sum = curves.map(Ok).reduce(|sum, part| sum?.compose(&part?)).unwrap_or(Err(RdpError::NoOrders));
        self.rdp(sum, delta);
        let nothing = Ok(PrivacyLoss::none());
        self.pld(parts.iter().fold(nothing, |sum, part| sum?.compose(&part.loss()?)), delta);
    }

    /// Two releases about one sample are one release with the combined multiplier.
    fn same_sample(
        &mut self,
        z_value: NoiseMultiplier,
        z_count: NoiseMultiplier,
        q: SamplingRate,
        steps: u64,
        delta: Delta,
    ) {
        match rdp::combined_multiplier(z_value, z_count) {
            Ok(z) => {
                self.details.insert("z_effective", z.get());
                self.rounds(&Rounds { z, q, steps }, delta);
            }
            Err(error) => {
                for name in ["eps_zcdp", "eps_rdp", "eps_pld", "eps_pld_lower"] {
                    self.put(name, because(&error.to_string()));
                }
            }
        }
    }

    fn capped(&mut self, population: u64, cap: u64, rounds: &Rounds, delta: Delta) {
        // At the cap one user may displace another: twice the sensitivity, without amplification.
        let displaced = || {
            let z = if cap < population { NoiseMultiplier::new(rounds.z.get() / 2.0)? } else { rounds.z };
            zcdp::repeated(zcdp::gaussian(z), rounds.steps)
        };
        self.zcdp(displaced(), delta);
        if cap < population {
            self.put("eps_rdp", because("no bound by Renyi orders is known here for a capped Poisson cohort"));
        } else {
            self.rdp(Ok(rounds.curve(&Orders::default())), delta);
        }
        let loss = PrivacyLoss::capped_poisson_gaussian(population, rounds.q, cap, rounds.z);
        self.pld(loss.and_then(|loss| loss.repeated(rounds.steps)), delta);
    }

    /// The smallest noise of every accountant, and the epsilon it reaches by the same one.
    fn calibrate(
        &mut self,
        epsilon: Epsilon,
        q: SamplingRate,
        steps: u64,
        delta: Delta,
    ) -> Result<(), calibrate::CalibrateError> {
        let z = calibrate::for_aggregator(epsilon, delta, steps)?;
        self.details.insert("sigma_zcdp", z.get());
        self.zcdp(Rounds { z, q, steps }.rho(), delta);
        let z = calibrate::for_release(epsilon, delta, q, steps)?;
        self.details.insert("sigma_rdp", z.get());
        self.rdp(Ok(Rounds { z, q, steps }.curve(&Orders::default())), delta);
        let z = calibrate::for_release_by_pld(epsilon, delta, q, steps)?;
        self.details.insert("sigma_pld", z.get());
        self.pld(Rounds { z, q, steps }.loss(), delta);
        Ok(())
    }
}
