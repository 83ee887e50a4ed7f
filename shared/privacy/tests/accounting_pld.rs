//! What must hold for every privacy loss.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use silhouette_privacy::accounting::{
    Delta, Epsilon, NoiseMultiplier, SamplingRate, calibrate,
    pld::{PldError, PrivacyLoss},
    rdp::{Orders, RdpCurve},
};

fn rate(q: f64) -> SamplingRate {
    SamplingRate::new(q).unwrap()
}

fn noise(z: f64) -> NoiseMultiplier {
    NoiseMultiplier::new(z).unwrap()
}

fn poisson(z: f64, q: f64, steps: u64) -> PrivacyLoss {
    PrivacyLoss::poisson_gaussian(rate(q), noise(z)).repeated(steps).unwrap()
}

fn bracket(loss: &PrivacyLoss, delta: f64) -> (f64, f64) {
    let delta = Delta::new(delta).unwrap();
    (loss.epsilon_lower(delta).unwrap(), loss.epsilon(delta).unwrap().get())
}

fn decades(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low..high).prop_map(|exponent| 10.0_f64.powf(exponent))
}

/// dp-accounting 0.6.0 at interval 2e-5: sigma, q, steps, delta, epsilon.
#[test]
fn poisson_sampling() {
    for (z, q, steps, delta, wanted) in [
        (0.8, 0.01, 1000, 1e-5, 3.141_014_308),
        (1.0, 0.0005, 20_000, 1e-8, 0.473_959_01),
        (1.5, 0.04, 2250, 1e-5, 6.768_780_72),
        (4.0, 0.2, 2000, 1e-5, 11.755_413_325),
        (10.0, 0.9, 100, 1e-5, 3.884_803_737),
        (0.5, 0.02, 30, 1e-7, 10.123_741_206),
    ] {
        let (lower, upper) = bracket(&poisson(z, q, steps), delta);
        assert!((upper / wanted - 1.0).abs() < 2e-4, "{z} {q} {steps}: {upper} {wanted}");
        assert!(lower <= wanted && lower >= wanted - 1e-2, "{z} {q} {steps}: {lower} {wanted}");
    }
}

/// Sampling with a rate just below one, through grid and transform, is the Gaussian mechanism, whose
/// exact epsilon is known.
#[test]
fn the_transform_agrees_with_the_exact_gaussian() {
    for (z, steps, delta) in
        [(1.0, 10, 1e-6), (5.0, 10, 1e-9), (20.0, 1000, 1e-7), (4.0, 100, 1e-5), (20.0, 1000, 1e-30)]
    {
        let exact = bracket(&PrivacyLoss::gaussian(noise(z)).repeated(steps).unwrap(), delta);
        let gridded = bracket(&poisson(z, 1.0 - 1e-14, steps), delta);
        assert!(gridded.1 >= exact.0, "UNSOUND: {z} {steps}: {gridded:?} {exact:?}");
        assert!(gridded.1 <= exact.1 + 2e-5, "{z} {steps}: {gridded:?} {exact:?}");
        assert!(gridded.0 <= exact.1, "UNSOUND: {z} {steps}: {gridded:?} {exact:?}");
        assert!(gridded.0 >= exact.0 - 1e-2, "{z} {steps}: {gridded:?} {exact:?}");
    }
}

/// One round by hand: the removal curve is `E[(P - exp(eps) Q)_+]` with one crossing.
#[test]
fn one_sampled_round_by_hand() {
    let (q, epsilon) = (0.3, 0.7_f64);
    let tail = |x: f64| 0.5 * libm::erfc(x / std::f64::consts::SQRT_2);
    // 1 - q + q exp(x - 1/2) = exp(eps) at the crossing, for sigma 1.
    let crossing = ((epsilon.exp() - 1.0 + q) / q).ln() + 0.5;
    let removed = (1.0 - q) * tail(crossing) + q * tail(crossing - 1.0) - epsilon.exp() * tail(crossing);
    let loss = poisson(1.0, q, 1);
    let epsilon = Epsilon::new(epsilon).unwrap();
    let (lower, upper) = (loss.delta_lower(epsilon).unwrap(), loss.delta(epsilon).unwrap());
    assert!(lower <= removed && removed <= upper, "{lower} {removed} {upper}");
    assert!(upper - lower < 1e-3 * removed);
}

/// A coin that tells the truth with probability 3/4, ten times: a sum over its 11 losses.
#[test]
fn randomised_response_by_hand() {
    let times = 10_u32;
    let epsilon = 2.0_f64;
    let mut choose = 1.0;
    let mut delta = 0.0;
    for k in 0..=times {
        // k answers went the likelier way: loss (2k - n) ln 3.
        let mass = choose * 0.75_f64.powi(k as i32) * 0.25_f64.powi((times - k) as i32);
        let loss = (2.0 * f64::from(k) - f64::from(times)) * 3.0_f64.ln();
        delta += mass * (1.0 - (epsilon - loss).exp()).max(0.0);
        choose *= f64::from(times - k) / f64::from(k + 1);
    }
    let loss = PrivacyLoss::randomised_response(0.5, 2).unwrap().repeated(u64::from(times)).unwrap();
    let epsilon = Epsilon::new(epsilon).unwrap();
    let (lower, upper) = (loss.delta_lower(epsilon).unwrap(), loss.delta(epsilon).unwrap());
    assert!(lower <= delta && delta <= upper && upper - lower < 2e-3 * delta, "{lower} {delta} {upper}");
}

#[test]
fn a_generous_cap_costs_nothing_and_a_tight_one_much() {
    let capped = |cap| {
        let one = PrivacyLoss::capped_poisson_gaussian(10_000, rate(0.01), cap, noise(1.0)).unwrap();
        one.repeated(500).unwrap().epsilon(Delta::new(1e-6).unwrap()).unwrap().get()
    };
    let plain = bracket(&poisson(1.0, 0.01, 500), 1e-6).1;
    assert!((capped(160) / plain - 1.0).abs() < 1e-3);
    assert!((5.83..5.86).contains(&capped(120)));
    assert_eq!(capped(10_000), plain);
    let one = PrivacyLoss::capped_poisson_gaussian(10_000, rate(0.01), 120, noise(1.0)).unwrap();
    assert_eq!(one.epsilon_lower(Delta::new(1e-6).unwrap()), Err(PldError::UpperBoundOnly));
}

#[test]
fn parameters_out_of_range_are_refused() {
    assert!(PrivacyLoss::skellam(f64::NAN, 1).is_err());
    assert!(PrivacyLoss::discrete_gaussian(1.0, 0, rate(1.0)).is_err());
    assert!(PrivacyLoss::discrete_laplace(0.0, 1).is_err());
    assert!(PrivacyLoss::discrete_gaussian_sum(0, 1.0, 1).is_err());
    assert!(PrivacyLoss::randomised_response(0.5, 1).is_err());
    assert!(PrivacyLoss::capped_poisson_gaussian(10, rate(0.5), 0, noise(1.0)).is_err());
    let many = PrivacyLoss::gaussian(noise(1.0)).repeated(1 << 53).unwrap();
    assert_eq!(many.repeated(2), Err(PldError::TooManySteps));
    let coin = PrivacyLoss::randomised_response(0.5, 2).unwrap();
    assert!(matches!(coin.compose(&PrivacyLoss::gaussian(noise(1.0))), Err(PldError::DifferentAdjacency { .. })));
    let hopeless = poisson(1e-3, 0.5, 1).epsilon(Delta::new(1e-5).unwrap());
    assert!(matches!(hopeless, Err(PldError::LossTooLarge { .. })), "{hopeless:?}");
}

/// Found by the property below: what is given back must not lift a bound that says nothing.
#[test]
fn a_loss_within_delta_has_no_lower_bound() {
    let (lower, upper) = bracket(&poisson(3.780_517_790_237_051, 0.001_799_570_636_500_151_7, 40), 0.01);
    assert!(lower == 0.0 && upper < 1e-9, "{lower} {upper}");
}

#[test]
fn no_step_costs_nothing() {
    let none = poisson(1.0, 0.1, 5).repeated(0).unwrap();
    assert_eq!(none, PrivacyLoss::none());
    assert_eq!(none.epsilon_lower(Delta::new(0.1).unwrap()), Ok(0.0));
    assert_eq!(none.compose(&poisson(1.0, 0.1, 5)).unwrap(), poisson(1.0, 0.1, 5));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// Up in q and in the number of steps, down in sigma and in delta, up to the grid.
    #[test]
    fn epsilon_is_monotone(
        z in decades(-0.1, 1.0), q in decades(-3.0, -0.01), steps in 1..400_u64, delta in decades(-12.0, -2.0),
        more in 1.0..2.0_f64,
    ) {
        let upper = |z: f64, q: f64, steps: u64, delta: f64| {
            poisson(z, q, steps).epsilon(Delta::new(delta).unwrap()).unwrap().get()
        };
        let eps = upper(z, q, steps, delta);
        let slack = |eps: f64| eps * (1.0 + 1e-4) + 2e-4;
        prop_assert!(upper(z * more, q, steps, delta) <= slack(eps));
        prop_assert!(slack(upper(z, (q * more).min(1.0), steps, delta)) >= eps);
        prop_assert!(slack(upper(z, q, (steps as f64 * more) as u64, delta)) >= eps);
        prop_assert!(upper(z, q, steps, (delta * more).min(0.5)) <= slack(eps));
    }

    /// The bracket holds, and Renyi orders never go below it.
    #[test]
    fn the_bracket_holds(
        z in decades(-0.2, 1.0), q in decades(-3.0, -0.01), steps in 1..400_u64, delta in decades(-12.0, -2.0),
    ) {
        let (lower, upper) = bracket(&poisson(z, q, steps), delta);
        prop_assert!(lower <= upper && upper <= lower + 1e-2, "{lower} {upper}");
        let curve = RdpCurve::poisson_gaussian(&Orders::default(), rate(q), noise(z)).repeated(steps);
        prop_assert!(curve.epsilon(Delta::new(delta).unwrap()).get() >= lower);
    }

    /// What epsilon says at delta, delta says at epsilon.
    #[test]
    fn delta_inverts_epsilon(z in decades(-0.2, 1.0), q in decades(-2.0, -0.01), steps in 1..100_u64, delta in decades(-9.0, -2.0)) {
        let loss = poisson(z, q, steps);
        let epsilon = loss.epsilon(Delta::new(delta).unwrap()).unwrap();
        prop_assume!(epsilon.get() > 1e-3);
        let (lower, upper) = (loss.delta_lower(epsilon).unwrap(), loss.delta(epsilon).unwrap());
        prop_assert!(lower <= delta * (1.0 + 1e-9), "{lower} {delta}");
        prop_assert!((upper / delta - 1.0).abs() < 2e-2, "{upper} {delta}");
    }

    /// Neither the order of composition nor its brackets change a figure.
    #[test]
    fn composition_is_associative(
        a in decades(-0.1, 1.0), b in decades(-0.1, 1.0), c in decades(-0.1, 1.0), q in decades(-2.0, -0.3), n in 1..30_u64,
    ) {
        let parts = [poisson(a, q, n), PrivacyLoss::gaussian(noise(b * 5.0)), poisson(c, 0.1, 2 * n)];
        let [x, y, w] = &parts;
        let left = x.clone().compose(y).unwrap().compose(w).unwrap();
        let right = x.clone().compose(&y.clone().compose(w).unwrap()).unwrap();
        prop_assert_eq!(&left, &right);
        let back = w.clone().compose(y).unwrap().compose(x).unwrap();
        let (there, here) = (bracket(&left, 1e-6), bracket(&back, 1e-6));
        prop_assert!((there.1 - here.1).abs() < 1e-9 && (there.0 - here.0).abs() < 1e-9, "{there:?} {here:?}");
        prop_assert!(there.1 + 1e-4 >= bracket(x, 1e-6).1);
        let twice = left.clone().compose(&left).unwrap();
        prop_assert_eq!(twice, left.repeated(2).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn calibration_keeps_its_promise(
        eps in decades(-0.5, 1.0), delta in decades(-9.0, -4.0), q in decades(-2.5, -0.3), steps in 1..1000_u64,
    ) {
        let (eps, delta) = (Epsilon::new(eps).unwrap(), Delta::new(delta).unwrap());
        let z = calibrate::for_release_by_pld(eps, delta, rate(q), steps).unwrap();
        let spent = |z: f64| poisson(z, q, steps).epsilon(delta).unwrap();
        prop_assert!(spent(z.get()) <= eps);
        prop_assert!(spent(z.get() * (1.0 - 1e-3)) > eps);
        prop_assert!(z <= calibrate::for_release(eps, delta, rate(q), steps).unwrap());
    }

    #[test]
    fn exact_calibration_needs_less_noise(eps in decades(-1.0, 1.5), delta in decades(-12.0, -2.0), k in 1..10_000_u64) {
        let (eps, delta) = (Epsilon::new(eps).unwrap(), Delta::new(delta).unwrap());
        let z = calibrate::for_aggregator_by_pld(eps, delta, k).unwrap();
        let spent = |z| PrivacyLoss::gaussian(z).repeated(k).unwrap().epsilon(delta).unwrap();
        prop_assert!(spent(z) <= eps && spent(noise(z.get() * (1.0 - 1e-3))) > eps);
        prop_assert!(z <= calibrate::for_aggregator(eps, delta, k).unwrap());
    }
}
