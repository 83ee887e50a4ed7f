//! What must hold for every input of the accountant.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use silhouette_privacy::accounting::{
    Delta, Epsilon, NoiseMultiplier, Rho, SamplingRate, calibrate,
    rdp::{Orders, RdpCurve},
    zcdp,
};
use silhouette_privacy::{Charge, Mode, ReleaseParameters};

fn coarse() -> Orders {
    Orders::new(vec![1.1, 1.5, 2.0, 2.7, 4.0, 6.3, 10.9, 16.0, 63.0, 256.0]).unwrap()
}

fn poisson(z: f64, q: f64, steps: u64, delta: f64) -> f64 {
    let (z, q) = (NoiseMultiplier::new(z).unwrap(), SamplingRate::new(q).unwrap());
    let curve = RdpCurve::poisson_gaussian(&coarse(), q, z).repeated(steps);
    curve.epsilon(Delta::new(delta).unwrap()).get()
}

fn plain(rho: f64, delta: f64) -> f64 {
    zcdp::epsilon(Rho::new(rho).unwrap(), Delta::new(delta).unwrap()).get()
}

/// A number spread evenly over its decimal exponent.
fn decades(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low..high).prop_map(|exponent| 10.0_f64.powf(exponent))
}

/// Comparisons of two computed bounds allow for their outward rounding.
const SLACK: f64 = 1.0 + 1e-9;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn epsilon_is_monotone(
        z in decades(-0.7, 1.5), q in decades(-6.0, -0.01), steps in 1..5000_u64,
        delta in decades(-12.0, -2.0), more in 1.0..3.0_f64,
    ) {
        let eps = poisson(z, q, steps, delta);
        prop_assert!(poisson(z * more, q, steps, delta) <= eps * SLACK);
        prop_assert!(poisson(z, (q * more).min(1.0), steps, delta) * SLACK >= eps);
        prop_assert!(poisson(z, q, (steps as f64 * more) as u64, delta) * SLACK >= eps);
        prop_assert!(poisson(z, q, steps, (delta * more).min(0.5)) <= eps * SLACK);
        prop_assert!(poisson(z, 1.0, steps, delta) * SLACK >= eps);
    }

    #[test]
    fn divergence_grows_with_the_order(z in decades(-1.5, 1.5), q in decades(-8.0, -0.01)) {
        let (z, q) = (NoiseMultiplier::new(z).unwrap(), SamplingRate::new(q).unwrap());
        let curve = RdpCurve::poisson_gaussian(&coarse(), q, z);
        for pair in curve.values().windows(2) {
            prop_assert!(pair[0] >= 0.0 && pair[0] <= pair[1] * SLACK, "{pair:?}");
        }
    }

    #[test]
    fn rho_to_epsilon_is_monotone(rho in decades(-12.0, 4.0), delta in decades(-15.0, -1.0), more in 1.0..3.0_f64) {
        let eps = plain(rho, delta);
        prop_assert!(plain(rho * more, delta) * SLACK >= eps);
        prop_assert!(plain(rho, (delta * more).min(0.9)) <= eps * SLACK);
        // BS16, Proposition 1.3, is a looser bound.
        prop_assert!(eps <= (rho + 2.0 * (rho * (1.0 / delta).ln()).sqrt()) * SLACK);
    }

    #[test]
    fn delta_and_epsilon_cover_each_other(rho in decades(-6.0, 3.0), delta in decades(-12.0, -2.0)) {
        let rho = Rho::new(rho).unwrap();
        let eps = zcdp::epsilon(rho, Delta::new(delta).unwrap());
        prop_assume!(eps.get() > 1e-9);
        let back = zcdp::delta(rho, eps);
        prop_assert!((back / delta - 1.0).abs() < 1e-6, "{back} {delta}");
    }

    #[test]
    fn largest_rho_keeps_the_promise(eps in decades(-4.0, 3.0), delta in decades(-12.0, -2.0)) {
        let (eps, delta) = (Epsilon::new(eps).unwrap(), Delta::new(delta).unwrap());
        let rho = zcdp::max_rho(eps, delta);
        prop_assert!(zcdp::epsilon(rho, delta) <= eps);
        let above = Rho::new(rho.get() * (1.0 + 1e-9)).unwrap();
        prop_assert!(zcdp::epsilon(above, delta) > eps);
    }

    #[test]
    fn calibration_for_the_aggregator(eps in decades(-3.0, 2.0), delta in decades(-12.0, -2.0), k in 1..10_000_u64) {
        let (eps, delta) = (Epsilon::new(eps).unwrap(), Delta::new(delta).unwrap());
        let z = calibrate::for_aggregator(eps, delta, k).unwrap();
        let spent = |z| zcdp::repeated(zcdp::gaussian(z), k).unwrap();
        prop_assert!(zcdp::epsilon(spent(z), delta) <= eps);
        let less = NoiseMultiplier::new(z.get() * (1.0 - 1e-4)).unwrap();
        prop_assert!(zcdp::epsilon(spent(less), delta) > eps);
    }

    /// Devices charge what their release parameters say, rounded up: no ledger shows more than the promise,
    /// and a billionth more for each participation would break it.
    #[test]
    fn calibration_for_ledgers(eps in decades(-1.5, 2.0), delta in decades(-12.0, -2.0), k in 1..5_000_u64) {
        let (eps, delta) = (Epsilon::new(eps).unwrap(), Delta::new(delta).unwrap());
        let z = calibrate::for_ledgers(eps, delta, k).unwrap();
        let shown = |rho| zcdp::epsilon(Rho::new(rho).unwrap(), delta);
        for mode in [Mode::Central, Mode::Distributed] {
            let parameters = ReleaseParameters::new(mode, 1000, 1.0, z.get(), 200, 150);
            // Noise that does not fit the modulus is refused, which is not the matter here.
            let Ok(parameters) = parameters else { continue };
            let charge = Charge::of(parameters.rho()).unwrap();
            prop_assert!(shown(charge.times(k).rho()) <= eps, "{mode}");
            let more = (charge.billionths() + 1) as f64 / 1e9;
            prop_assert!(shown(Charge::of(more * (1.0 - 1e-12)).unwrap().times(k).rho()) > eps);
        }
    }

    #[test]
    fn composition_is_associative(a in decades(-9.0, 3.0), b in decades(-9.0, 3.0), c in decades(-9.0, 3.0)) {
        let [a, b, c] = [a, b, c].map(|rho| Rho::new(rho).unwrap());
        let left = zcdp::compose([zcdp::compose([a, b]).unwrap(), c]).unwrap().get();
        let right = zcdp::compose([a, zcdp::compose([b, c]).unwrap()]).unwrap().get();
        prop_assert!((left / right - 1.0).abs() < 1e-14);
        prop_assert!(left >= a.get().max(b.get()).max(c.get()));
    }

    #[test]
    fn curves_compose_associatively(a in decades(-0.5, 1.0), b in decades(-0.5, 1.0), c in decades(-0.5, 1.0)) {
        let [a, b, c] = [a, b, c].map(|z| RdpCurve::gaussian(&coarse(), NoiseMultiplier::new(z).unwrap()));
        let left = a.clone().compose(&b).unwrap().compose(&c).unwrap();
        let right = a.compose(&b.compose(&c).unwrap()).unwrap();
        for (left, right) in left.values().iter().zip(right.values()) {
            prop_assert!((left / right - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn repetition_is_composition(z in decades(-0.5, 1.0), n in 1..40_u64) {
        let rho = zcdp::gaussian(NoiseMultiplier::new(z).unwrap());
        let sum = zcdp::compose((0..n).map(|_| rho)).unwrap().get();
        prop_assert!((zcdp::repeated(rho, n).unwrap().get() / sum - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_promise_too_fine_for_ledgers_is_refused() {
    let (eps, delta) = (Epsilon::new(1e-3).unwrap(), Delta::new(1e-6).unwrap());
    let said = calibrate::for_ledgers(eps, delta, 1000).unwrap_err();
    assert_eq!(said, calibrate::CalibrateError::TooFine { participations: 1000 });
    assert_eq!(calibrate::for_ledgers(eps, delta, 0), Err(calibrate::CalibrateError::NothingToProtect));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn calibration_for_the_release(
        eps in decades(-0.5, 1.0), delta in decades(-9.0, -4.0), q in decades(-3.0, -0.3), steps in 1..3000_u64,
    ) {
        let (eps, delta) = (Epsilon::new(eps).unwrap(), Delta::new(delta).unwrap());
        let q = SamplingRate::new(q).unwrap();
        let z = calibrate::for_release(eps, delta, q, steps).unwrap();
        let spent = |z| RdpCurve::poisson_gaussian(&Orders::default(), q, z).repeated(steps).epsilon(delta);
        prop_assert!(spent(z) <= eps);
        let less = NoiseMultiplier::new(z.get() * (1.0 - 1e-4)).unwrap();
        prop_assert!(spent(less) > eps);
    }
}
