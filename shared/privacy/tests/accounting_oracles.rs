//! Every case of the oracle file through every accountant, under the tolerances of the oracle's README.
//!
//! One table: a kind or an expected field that this test does not know fails it, and so does a case that
//! was not looked at. The file stays outside the project; without it the test says so and passes.
//!
//! # Mutations tried by hand, each on its own, and what caught it
//! Here "oracles" is the test `every_case_of_the_oracle` of this file; the others are tests of this name.
//!
//! | mutation | caught by |
//! |---|---|
//! | PLD as if sampled noise were 1/0.9 as large (a deployment with sigma * 0.9) | oracles (1.268 below the lower bracket 2.097), `poisson_sampling`, `one_sampled_round_by_hand` and 2 more |
//! | mass cut from the table dropped, not made infinite | `rounding_up_keeps_both_masses` |
//! | rounding down instead of connecting the dots | oracles (2.060 below 2.097), 6 more |
//! | infinite mass of one step only | `infinite_mass_adds_up` |
//! | mass that underflows counted as an infinite loss | `an_underflow_is_no_lower_bound`, and first the property `any_numbers_are_survived` |
//! | only the direction of adding a user | oracles (0.310 below 2.097), 3 more |
//! | only the direction of removing a user | `both_directions_count` (removal is the larger one in every oracle case) |
//! | Hoeffding's allowance left out of the lower bound | oracles (4.430278 above `eps_pld` 4.430238) |
//! | what Hoeffding gives back lifts a bound from zero | `a_loss_within_delta_has_no_lower_bound` |
//! | window of the transform too narrow | `coins_add_up_to_a_binomial_far_in_its_tail`, `the_claimed_error_covers_the_real_one` |
//! | errors of the transform and of sums subtracted | `one_sampled_round_by_hand`, `randomised_response_by_hand` |
//! | a hundredth of the steps lost in the power | the two tests of the window |
//! | cap on a Poisson cohort ignored | `a_generous_cap_costs_nothing_and_a_tight_one_much` |
//! | Gaussians merged without their number, or half of the exact formula's second term | `the_transform_agrees_with_the_exact_gaussian` |
//! | tau a tenth | `tau_counts_every_share` |
//! | noise of `n` shares grows like `n`, not its root | `three_standard_deviations_are_as_good_as_one_gaussian` |
//! | Skellam bound without its correction | oracles |
//! | tree one level short | `tree` in the golden tests |
//! | pair of releases costed as the better one | oracles |
//! | calibration a thousandth too generous | `calibration_keeps_its_promise`, `exact_calibration_needs_less_noise` |
//! | rho a tenth short | `tree` in the golden tests |
//! | Renyi divergence of atoms with the wrong power | `a_coin_has_its_divergence` |
//! | one share too many in a sum; Skellam variance doubled | `variances_match_their_closed_forms` |
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeSet;

use serde_json::Value;
use silhouette_privacy::accounting::{
    NoiseMultiplier, SamplingRate,
    cases::{self, Figures, KINDS},
    rdp::{Orders, RdpCurve},
};

/// How many cases the file is known to hold, at least.
const KNOWN_CASES: usize = 71;

/// The file in `$SILHOUETTE_SHARED/oracles`, or in a folder `shared` beside the checkout.
fn oracle() -> Option<(String, Value)> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("SILHOUETTE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let path = format!("{shared}/oracles/dp_accounting.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: all {KNOWN_CASES} cases of the oracle: no file at {path}");
        return None;
    };
    let document = serde_json::from_str(&text).unwrap();
    Some((text, document))
}

/// One case and what was found for it.
struct Checked<'a> {
    id: &'a str,
    kind: &'a str,
    case: &'a Value,
    figures: &'a Figures,
}

impl Checked<'_> {
    fn input(&self, name: &str) -> f64 {
        self.case["input"][name].as_f64().unwrap_or_else(|| panic!("{}: no input {name}", self.id))
    }

    fn close(&self, field: &str, found: f64, wanted: f64, tolerance: f64) {
        let off = (found / wanted - 1.0).abs();
        assert!(off <= tolerance, "{} {field}: found {found}, expected {wanted}, relative error {off:e}", self.id);
    }

    fn detail(&self, field: &str) -> f64 {
        *self.figures.details.get(field).unwrap_or_else(|| panic!("{}: no detail {field}", self.id))
    }

    fn rdp(&self) -> f64 {
        self.figures.eps_rdp.unwrap_or_else(|| panic!("{}: no eps_rdp: {:?}", self.id, self.figures.reasons))
    }

    fn zcdp(&self) -> f64 {
        self.figures.eps_zcdp.unwrap_or_else(|| panic!("{}: no eps_zcdp: {:?}", self.id, self.figures.reasons))
    }

    fn pld(&self) -> f64 {
        self.figures.eps_pld.unwrap_or_else(|| panic!("{}: no eps_pld: {:?}", self.id, self.figures.reasons))
    }

    fn pld_lower(&self) -> f64 {
        self.figures.eps_pld_lower.unwrap_or_else(|| panic!("{}: no lower: {:?}", self.id, self.figures.reasons))
    }

    /// No accountant may say less than `bound`.
    fn sound(&self, field: &str, bound: f64) {
        let figures = [self.figures.eps_zcdp, self.figures.eps_rdp, self.figures.eps_pld];
        for (name, found) in ["eps_zcdp", "eps_rdp", "eps_pld"].iter().zip(figures) {
            if let Some(found) = found {
                assert!(found >= bound, "UNSOUND: {}: {name} {found} is below {field} {bound}", self.id);
            }
        }
        if let Some(lower) = self.figures.eps_pld_lower {
            let upper = self.pld();
            assert!(lower <= upper, "{}: bracket {lower}..{upper} is empty", self.id);
        }
    }

    /// Whether dp-accounting's fractional orders are only an upper bound for this kind.
    fn loose(&self) -> bool {
        ["poisson_gaussian", "composed", "same_sample_pair"].contains(&self.kind)
    }

    /// One expected field. Unknown names fail.
    fn check(&self, field: &str, value: &Value) {
        let wanted = || value.as_f64().unwrap_or_else(|| panic!("{}: {field} is no number", self.id));
        match field {
            "rdp_exact_at_orders" | "rdp_at_orders" => self.check_orders(field, value),
            "eps_rdp" if self.loose() => {
                assert!(self.rdp() <= wanted() * (1.0 + 1e-9), "{}: eps_rdp above {value}", self.id);
                assert!(self.rdp() >= wanted() * (1.0 - 2e-2), "{}: eps_rdp far below {value}", self.id);
            }
            "eps_rdp" | "eps_rdp_exact" | "eps_zcdp_event_default_orders" | "eps_rdp_bound" => {
                self.close(field, self.rdp(), wanted(), 1e-6);
            }
            "eps_zcdp_cks20" => self.close(field, self.zcdp(), wanted(), 1e-6),
            "rho_zcdp" => self.close(field, self.detail(field), wanted(), 1e-12),
            "eps_exact_gaussian" => {
                self.close(field, self.pld(), wanted(), 1e-6);
                self.close(field, self.pld_lower(), wanted(), 1e-6);
                self.sound(field, wanted() - 1e-9);
            }
            "eps_pld_lower" => self.sound(field, wanted() - 1e-6),
            "eps_pld" | "eps_pld_fine" | "eps_pld_accountant" | "eps_pld_from_pmf" => self.check_pld(field, wanted()),
            "variance" | "tau" | "rho_zcdp_ideal" => self.close(field, self.detail(field), wanted(), 1e-6),
            "z_effective" => self.close(field, self.detail(field), wanted(), 1e-12),
            "eps_pure" | "eps_pure_one" => {
                let found = if field == "eps_pure" { self.pld() } else { self.detail(field) };
                assert!(found <= wanted(), "{}: {found} above {field} {value}", self.id);
            }
            "sigma_rdp" | "sigma_pld" => self.check_sigma(field, wanted()),
            // Known to be wrong (README, defect 2); the right value differs from it wherever k-RR is composed.
            "eps_pld_accountant_buggy" if self.input("steps") > 1.0 => assert!(self.pld() > 2.0 * wanted()),
            // How the oracle was computed.
            "eps_pld_accountant_buggy" | "rdp_optimal_order" | "rdp_exact_optimal_order" | "pld_lower_interval" => {}
            unknown => panic!("{}: expected field {unknown} has no test", self.id),
        }
    }

    fn check_pld(&self, field: &str, wanted: f64) {
        let found = self.pld();
        assert!(found <= wanted * (1.0 + 5e-3) + 5e-3, "{}: eps_pld {found} far above {field} {wanted}", self.id);
        if self.figures.eps_pld_lower.is_some() {
            // The oracle bounds the exact epsilon from above, up to its own truncation.
            let lower = self.pld_lower();
            assert!(lower <= wanted + 1e-6, "UNSOUND: {}: lower bound {lower} above {field} {wanted}", self.id);
            assert!(lower >= found - 1.5e-2, "{}: bracket {lower}..{found} is wide", self.id);
        }
        if self.kind.starts_with("discrete") || ["skellam_1d", "ddgauss_1d"].contains(&self.kind) {
            assert!(found >= wanted - 5e-3, "{}: eps_pld {found} far below {field} {wanted}", self.id);
            self.sound(field, wanted - 1e-3);
        }
        if ["composed", "truncated_poisson"].contains(&self.kind) {
            self.sound(field, wanted - 1e-3);
        }
    }

    fn check_sigma(&self, field: &str, wanted: f64) {
        let found = self.detail(field);
        let slack = if field == "sigma_rdp" { 1e-2 } else { 2e-3 };
        assert!(found <= wanted * (1.0 + 2e-3), "{}: {field} {found} above {wanted}", self.id);
        assert!(found >= wanted * (1.0 - slack), "{}: {field} {found} far below {wanted}", self.id);
        for achieved in [self.zcdp(), self.rdp(), self.pld()] {
            assert!(achieved <= self.input("eps"), "UNSOUND: {}: {achieved} above the target", self.id);
        }
    }

    fn check_orders(&self, field: &str, table: &Value) {
        for (order, wanted) in table.as_object().unwrap() {
            // null: the oracle's series did not converge there.
            let (Some(wanted), order) = (wanted.as_f64(), order.parse::<f64>().unwrap()) else { continue };
            let curve = curve(self.kind, &self.case["input"], &Orders::new(vec![order]).unwrap());
            let found = curve.values()[0];
            let name = format!("{field} {order}");
            match (field, self.kind, order.fract() == 0.0) {
                ("rdp_exact_at_orders", ..) => self.close(&name, found, wanted, 1e-6),
                // The oracle's differences lose digits at high orders and large sigma (2e-6 at order 64,
                // sigma 6); a golden test pins those to 1200-digit arithmetic.
                (_, "sampled_wor", _) => self.close(&name, found, wanted, 1e-5),
                (_, _, true) => self.close(&name, found, wanted, 1e-9),
                _ if self.loose() => assert!(found <= wanted * (1.0 + 1e-9), "{} {name}", self.id),
                _ => self.close(&name, found, wanted, 1e-6),
            }
        }
    }
}

/// The Renyi curve of a case on given orders, built without the code under test in `cases`.
fn curve(kind: &str, input: &Value, orders: &Orders) -> RdpCurve {
    let number = |name: &str| input[name].as_f64().unwrap();
    let count = |name: &str| input[name].as_u64().unwrap();
    let z = |name: &str| NoiseMultiplier::new(number(name)).unwrap();
    let rate = |value: &Value| SamplingRate::new(value.as_f64().unwrap_or(1.0)).unwrap();
    let one = match kind {
        "poisson_gaussian" => RdpCurve::poisson_gaussian(orders, rate(&input["q"]), z("sigma")),
        "gaussian" => RdpCurve::gaussian(orders, z("sigma")),
        "sampled_wor" => {
            RdpCurve::gaussian_without_replacement(orders, count("sample_size"), count("population"), z("sigma"))
                .unwrap()
        }
        "tree" => {
            let longest = input["step_counts"].as_array().map_or_else(
                || count("step_counts"),
                |counts| counts.iter().map(|count| count.as_u64().unwrap()).max().unwrap(),
            );
            return RdpCurve::tree(orders, longest, z("sigma")).repeated(input["repeat"].as_u64().unwrap_or(1));
        }
        "composed" => {
            let parts = input["parts"].as_array().unwrap();
            let curves = parts.iter().map(|part| {
                let z = NoiseMultiplier::new(part["sigma"].as_f64().unwrap()).unwrap();
                RdpCurve::poisson_gaussian(orders, rate(&part["q"]), z).repeated(part["steps"].as_u64().unwrap())
            });
            return curves.reduce(|a, b| a.compose(&b).unwrap()).unwrap();
        }
        "same_sample_pair" => {
            let both = (number("z_value").powi(-2) + number("z_count").powi(-2)).sqrt().recip();
            RdpCurve::poisson_gaussian(orders, rate(&input["q"]), NoiseMultiplier::new(both).unwrap())
        }
        "k_rr" => RdpCurve::randomised_response(orders, number("p"), count("k")).unwrap(),
        other => panic!("no curve for kind {other}"),
    };
    one.repeated(count("steps"))
}

#[test]
fn every_case_of_the_oracle() {
    let Some((text, document)) = oracle() else { return };
    let table = document["cases"].as_array().unwrap();
    assert!(table.len() >= KNOWN_CASES, "the oracle holds {} cases", table.len());
    let cases = cases::read(&text).unwrap();
    assert_eq!(cases.len(), table.len(), "cases were lost");
    let mut checked = 0;
    let mut kinds = BTreeSet::new();
    for (case, found) in table.iter().zip(&cases) {
        let figures = found.evaluate().unwrap();
        let (id, kind) = (case["id"].as_str().unwrap(), case["kind"].as_str().unwrap());
        assert_eq!((found.id(), found.kind()), (id, kind));
        kinds.insert(kind);
        let one = Checked { id, kind, case, figures: &figures };
        let expected = case["expected"].as_object().unwrap();
        assert!(!expected.is_empty(), "{id}: nothing is expected");
        expected.iter().for_each(|(field, value)| one.check(field, value));
        one.sound("eps_pld_lower of this crate", figures.eps_pld_lower.unwrap_or(0.0));
        let missing = [figures.eps_zcdp, figures.eps_rdp, figures.eps_pld, figures.eps_pld_lower]
            .iter()
            .filter(|x| x.is_none())
            .count();
        assert_eq!(missing, figures.reasons.len(), "{id}: a figure is missing without a reason");
        checked += 1;
    }
    assert_eq!(checked, table.len(), "cases were skipped");
    assert_eq!(kinds, BTreeSet::from(KINDS), "kinds without a case, or cases without a kind");
    eprintln!("checked {checked} cases of {} kinds", kinds.len());
}

#[test]
fn default_orders_are_those_of_the_oracle() {
    let Some((_, document)) = oracle() else { return };
    let orders: Vec<f64> =
        document["default_rdp_orders"].as_array().unwrap().iter().map(|order| order.as_f64().unwrap()).collect();
    assert_eq!(Orders::default().as_slice(), orders);
}
