//! Golden values that need no file. Sources: dp-accounting 0.6.0 (with exact quadrature where its
//! fractional orders are loose), Opacus' unit tests, and the formulas of CKS20.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use opendp::{
    combinators::make_zCDP_to_approxDP, domains::AtomDomain, measurements::make_gaussian,
    measures::ZeroConcentratedDivergence, metrics::AbsoluteDistance,
};
use silhouette_privacy::accounting::{
    Adjacency, Delta, Epsilon, NoiseMultiplier, Rho, SamplingRate, calibrate,
    rdp::{Orders, RdpCurve, RdpError},
    zcdp,
};

fn close(found: f64, wanted: f64, tolerance: f64) {
    assert!((found / wanted - 1.0).abs() <= tolerance, "found {found}, expected {wanted}");
}

fn delta(value: f64) -> Delta {
    Delta::new(value).unwrap()
}

fn rho(value: f64) -> Rho {
    Rho::new(value).unwrap()
}

fn poisson(z: f64, q: f64, steps: u64, at: f64) -> f64 {
    let (z, q) = (NoiseMultiplier::new(z).unwrap(), SamplingRate::new(q).unwrap());
    RdpCurve::poisson_gaussian(&Orders::default(), q, z).repeated(steps).epsilon(delta(at)).get()
}

/// CKS20, Proposition 12, over real orders; OpenDP 0.16.0 gives the same digits.
#[test]
fn rho_to_epsilon() {
    close(zcdp::epsilon(rho(0.5), delta(1e-5)).get(), 4.728_386_984_943_313, 1e-9);
    close(zcdp::epsilon(rho(2.0), delta(1e-5)).get(), 10.724_824_112_939_17, 1e-9);
}

/// Opacus 1.x, `accountants` unit test: sigma 1.5, q 0.04, 2250 steps, delta 1e-5.
#[test]
fn opacus_pinned_value() {
    close(poisson(1.5, 0.04, 2250, 1e-5), 7.329_111_17, 1e-8);
}

/// dp-accounting's default orders and conversion over exact divergences: sigma, q, steps, delta, epsilon.
#[test]
fn poisson_sampling() {
    for (z, q, steps, at, wanted) in [
        (0.6, 0.01, 100, 1e-06, 5.7902766466698266),
        (1.0, 0.0005, 20000, 1e-08, 1.2013445421521312),
        (1.0, 0.1, 100, 1e-05, 7.899255002438764),
        (2.0, 0.001, 10000, 1e-07, 0.288162308138588),
        (6.0, 0.3, 1500, 1e-06, 11.394272511712678),
        (10.0, 0.9, 100, 1e-05, 4.201695676156057),
        (16.0, 0.05, 10000, 1e-08, 1.7382215048496286),
    ] {
        close(poisson(z, q, steps, at), wanted, 1e-8);
    }
}

/// Divergences of one composition at fixed orders, by quadrature: sigma 0.6, q 0.001, 1000 steps.
#[test]
fn poisson_divergences() {
    let wanted = [
        (1.5, 0.010_964_670_662_815_11),
        (2.0, 0.015_083_126_921_131_621),
        (3.0, 0.024_681_257_975_254_268),
        (4.5, 0.074_467_926_678_461_24),
        (8.0, 3_216.537_751_710_338_4),
        (16.0, 14_853.949_924_641_276),
        (256.0, 348_620.711_040_185_3),
    ];
    let orders = Orders::new(wanted.iter().map(|(order, _)| *order).collect()).unwrap();
    let (z, q) = (NoiseMultiplier::new(0.6).unwrap(), SamplingRate::new(0.001).unwrap());
    let curve = RdpCurve::poisson_gaussian(&orders, q, z).repeated(1000);
    for ((_, wanted), found) in wanted.iter().zip(curve.values()) {
        close(*found, *wanted, 1e-9);
    }
}

/// dp-accounting 0.6.0, `SampledWithoutReplacementDpEvent`: 100 of 10000, sigma 1, 500 steps.
#[test]
fn without_replacement() {
    let z = NoiseMultiplier::new(1.0).unwrap();
    let curve = RdpCurve::gaussian_without_replacement(&Orders::default(), 100, 10_000, z).unwrap();
    close(curve.repeated(500).epsilon(delta(1e-5)).get(), 2.538_897_891_218_763, 1e-6);
    let all = RdpCurve::gaussian_without_replacement(&Orders::default(), 9, 9, z).unwrap();
    assert_eq!(all, RdpCurve::gaussian(&Orders::default(), z));
    let none = RdpCurve::gaussian_without_replacement(&Orders::default(), 0, 9, z);
    assert_eq!(none, Err(RdpError::CohortOutOfRange { cohort: 0, population: 9 }));
}

/// WBK19, Theorem 27, in 1200-digit arithmetic: 250 of 500, sigma 6, 100 steps. dp-accounting 0.6.0
/// is 2e-6 off at order 64.
#[test]
fn without_replacement_at_high_orders() {
    let orders = Orders::new(vec![64.0, 128.0, 256.0]).unwrap();
    let z = NoiseMultiplier::new(6.0).unwrap();
    let curve = RdpCurve::gaussian_without_replacement(&orders, 250, 500, z).unwrap().repeated(100);
    let wanted = [39.562_780_491_153_81, 112.095_195_344_985_4, 286.410_172_849_644_3];
    for (found, wanted) in curve.values().iter().zip(wanted) {
        close(*found, wanted, 1e-9);
    }
}

/// dp-accounting 0.6.0, `SingleEpochTreeAggregationDpEvent`: one step costs one Gaussian.
#[test]
fn tree() {
    let z = NoiseMultiplier::new(1.0).unwrap();
    let curve = RdpCurve::tree(&Orders::default(), 1, z);
    close(curve.epsilon(delta(1e-5)).get(), 4.728_507_067_217_623, 1e-9);
    assert_eq!(zcdp::tree(z, 7), rho(1.5));
    assert_eq!(zcdp::tree(z, 8), rho(2.0));
}

/// dp-accounting 0.6.0, `calibrate_dp_mechanism`; PLD needs 1.5626 for the first, so 1.65 is sound.
#[test]
fn calibration() {
    let (eps, q) = (Epsilon::new(1.0).unwrap(), SamplingRate::new(0.01).unwrap());
    let z = calibrate::for_release(eps, delta(1e-6), q, 1000).unwrap().get();
    assert!((0.99..1.002).contains(&(z / 1.659_513_4)), "{z}");
    // rho = 1/2 at delta 1e-5 costs 4.728..., so one participation at that price needs z = 1.
    let eps = Epsilon::new(4.728_386_984_943_313).unwrap();
    close(calibrate::for_aggregator(eps, delta(1e-5), 1).unwrap().get(), 1.0, 1e-9);
    close(calibrate::for_aggregator(eps, delta(1e-5), 100).unwrap().get(), 10.0, 1e-9);
}

#[test]
fn agrees_with_opendp() {
    for (value, at) in [(0.001, 1e-9), (0.125, 1e-6), (0.5, 1e-5), (2.0, 1e-5), (50.0, 1e-4)] {
        let scale = f64::sqrt(1.0 / (2.0 * value));
        let mechanism = make_gaussian::<_, _, ZeroConcentratedDivergence>(
            AtomDomain::<i64>::default(),
            AbsoluteDistance::<f64>::default(),
            scale,
            None,
        )
        .unwrap();
        let theirs = make_zCDP_to_approxDP(mechanism).unwrap().map(&1.0).unwrap().epsilon(at).unwrap();
        close(zcdp::epsilon(rho(value), delta(at)).get(), theirs, 1e-9);
    }
}

#[test]
fn delta_inverts_epsilon() {
    for (value, at) in [(1e-6, 1e-9), (0.5, 1e-5), (20.0, 1e-3)] {
        let back = zcdp::delta(rho(value), zcdp::epsilon(rho(value), delta(at)));
        close(back, at, 1e-6);
    }
}

#[test]
fn a_tiny_divergence_costs_nothing() {
    let z = NoiseMultiplier::new(1e8).unwrap();
    let curve = RdpCurve::gaussian(&Orders::default(), z);
    assert!(curve.epsilon(delta(1e-6)).get() < 1e-300);
}

#[test]
fn numbers_out_of_range_are_refused() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -0.0] {
        assert!(Epsilon::new(bad).is_err());
        assert!(Delta::new(bad).is_err());
        assert!(NoiseMultiplier::new(bad).is_err());
        assert!(SamplingRate::new(bad).is_err());
        assert!(Rho::new(bad).is_err() || bad == 0.0);
    }
    assert!(Delta::new(1.0).is_err());
    assert!(SamplingRate::new(1.1).is_err());
    let error = Delta::new(2.0).unwrap_err().to_string();
    assert_eq!(error, "delta: expected a number above 0 and below 1, found 2");
    assert!("x".parse::<Epsilon>().is_err());
    assert_eq!(" 1e-6 ".parse::<Delta>().unwrap(), delta(1e-6));
}

#[test]
fn serde_checks_the_range() {
    assert_eq!(serde_json::to_string(&delta(0.25)).unwrap(), "0.25");
    assert_eq!(serde_json::from_str::<Delta>("0.25").unwrap(), delta(0.25));
    assert!(serde_json::from_str::<Delta>("1").is_err());
    assert!(serde_json::from_str::<NoiseMultiplier>("0").is_err());
    assert!(serde_json::from_str::<Epsilon>("-1").is_err());
}

#[test]
fn grids_are_checked() {
    assert_eq!(Orders::new(vec![]), Err(RdpError::NoOrders));
    assert_eq!(Orders::new(vec![2.0, 1.0]), Err(RdpError::OrderOutOfRange { found: 1.0 }));
    assert!(Orders::new(vec![f64::NAN]).is_err());
    assert_eq!(Orders::default().as_slice().len(), 156);
    let z = NoiseMultiplier::new(1.0).unwrap();
    let other = RdpCurve::gaussian(&Orders::new(vec![2.0]).unwrap(), z);
    assert_eq!(other.compose(&RdpCurve::gaussian(&Orders::default(), z)), Err(RdpError::DifferentOrders));
}

#[test]
fn replacement_is_twice_as_sensitive() {
    assert_eq!(Adjacency::AddOrRemoveUser.sensitivity_factor(), 1.0);
    assert_eq!(Adjacency::ReplaceUser.sensitivity_factor(), 2.0);
}
