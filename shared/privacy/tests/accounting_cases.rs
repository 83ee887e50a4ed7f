//! Files of cases: what is refused, and that figures hang together on made-up cases.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use silhouette_privacy::accounting::cases::{self, CaseError, Figures, KINDS};

fn refused(text: &str) -> String {
    cases::read(text).unwrap_err().to_string()
}

fn evaluate(kind: &str, input: &str) -> Figures {
    let text =
        format!(r#"{{"cases": [{{"id": "x", "kind": "{kind}", "input": {input}, "expected": 1, "note": []}}]}}"#);
    cases::read(&text).unwrap()[0].evaluate().unwrap()
}

#[test]
fn an_error_names_case_field_expectation_and_finding() {
    let one = |kind: &str, input: &str| refused(&format!(r#"[{{"id": "c7", "kind": "{kind}", "input": {input}}}]"#));
    assert_eq!(
        one("gaussian", r#"{"sigma": -1, "steps": 1, "delta": 1e-5}"#),
        r#"case "c7": field "sigma": expected a number between 1e-6 and 1e9, found -1"#
    );
    assert_eq!(
        one("gaussian", r#"{"sigma": 1, "delta": 1e-5}"#),
        r#"case "c7": field "steps": expected a whole number between 1 and 9007199254740992, found nothing"#
    );
    assert_eq!(
        one("k_rr", r#"{"p": 0.5, "k": 2.5, "steps": 1, "delta": 1e-5}"#),
        r#"case "c7": field "k": expected a whole number between 2 and 1000000000, found 2.5"#
    );
    assert_eq!(
        one("composed", r#"{"delta": 1e-5, "parts": [{"sigma": 1, "steps": 1}, {"sigma": "a", "steps": 1}]}"#),
        r#"case "c7": field "parts[1].sigma": expected a number between 1e-6 and 1e9, found "a""#
    );
    assert_eq!(
        one("tree", r#"{"delta": 2, "sigma": 1, "step_counts": []}"#),
        r#"case "c7": field "delta": expected a number above 0 and below 1, found 2"#
    );
    assert_eq!(
        one("tree", r#"{"delta": 0.1, "sigma": 1, "step_counts": []}"#),
        r#"case "c7": field "step_counts": expected a whole number of steps, or a list of such, found a list of 0"#
    );
    assert!(
        one("laplace", "{}").starts_with(r#"case "c7": field "kind": expected one of poisson_gaussian, gaussian, "#)
    );
    assert!(one("laplace", "{}").ends_with(r#"found "laplace""#));
}

#[test]
fn a_document_without_cases_is_refused() {
    assert!(matches!(cases::read("{"), Err(CaseError::NotJson(_))));
    assert!(refused("[]").ends_with("found 0 cases"));
    assert!(refused("7").ends_with("found 7"));
    assert!(refused(r#"{"cases": 3}"#).ends_with("found an object"));
    assert_eq!(refused("[{}]"), r#"case "number 1": field "id": expected a text, found nothing"#);
    let twice = r#"{"id": "a", "kind": "gaussian", "sigma": 1, "steps": 1, "delta": 0.1}"#;
    assert_eq!(
        refused(&format!("[{twice}, {twice}]")),
        r#"case "a": field "id": expected a name of its own, found it twice"#
    );
}

#[test]
fn every_kind_is_read_with_or_without_a_wrapper() {
    let inputs = [
        r#""sigma": 1, "q": 0.1, "steps": 2"#,
        r#""sigma": 1, "steps": 2"#,
        r#""population": 100, "sample_size": 10, "sigma": 1, "steps": 2"#,
        r#""sigma": 1, "step_counts": [4, 9], "repeat": 2"#,
        r#""sigma": 1, "sensitivity": 1, "steps": 2"#,
        r#""a": 0.5, "sensitivity": 2, "steps": 2"#,
        r#""variance": 16, "sensitivity": 1, "steps": 2"#,
        r#""n": 3, "local_sigma": 2, "sensitivity": 1, "steps": 2"#,
        r#""parts": [{"sigma": 2, "q": 0.1, "steps": 3}, {"sigma": 5, "steps": 1}]"#,
        r#""z_value": 1, "z_count": 5, "q": 0.1, "steps": 2"#,
        r#""population": 100, "q": 0.1, "cap": 20, "sigma": 1, "steps": 2"#,
        r#""eps": 1, "q": 0.5, "steps": 2"#,
        r#""p": 0.5, "k": 4, "steps": 2"#,
    ];
    for (kind, input) in KINDS.iter().zip(inputs) {
        let wrapped = evaluate(kind, &format!("{{{input}, \"delta\": 1e-6}}"));
        let flat = format!(r#"[{{"id": "x", "kind": "{kind}", "extra": null, {input}, "delta": 1e-6}}]"#);
        assert_eq!(cases::read(&flat).unwrap()[0].evaluate().unwrap(), wrapped);
        for (name, value) in
            [("eps_zcdp", wrapped.eps_zcdp), ("eps_rdp", wrapped.eps_rdp), ("eps_pld", wrapped.eps_pld)]
        {
            assert_eq!(value.is_none(), wrapped.reasons.contains_key(name), "{kind} {name}");
        }
    }
}

#[test]
fn a_figure_that_cannot_be_had_says_why() {
    let figures =
        evaluate("sampled_wor", r#"{"population": 9, "sample_size": 3, "sigma": 1, "steps": 1, "delta": 0.1}"#);
    assert_eq!((figures.eps_pld, figures.eps_pld_lower), (None, None));
    assert!(figures.reasons["eps_pld"].contains("fixed-size"));
    let figures = evaluate("poisson_gaussian", r#"{"sigma": 1e-5, "q": 0.5, "steps": 1, "delta": 1e-6}"#);
    assert!(figures.reasons["eps_pld"].contains("too large"), "{:?}", figures.reasons);
    let figures =
        evaluate("ddgauss_1d", r#"{"n": 1000000, "local_sigma": 1000, "sensitivity": 1, "steps": 1, "delta": 1e-6}"#);
    assert!(figures.reasons["eps_pld"].contains("too many values"));
    assert!(figures.eps_rdp.is_some());
}

#[test]
fn nothing_learned_costs_nothing() {
    let figures = evaluate("k_rr", r#"{"p": 1, "k": 3, "steps": 50, "delta": 1e-9}"#);
    assert_eq!((figures.eps_rdp, figures.eps_pld, figures.eps_pld_lower), (Some(0.0), Some(0.0), Some(0.0)));
}

/// Found by the property below: a mass that underflows to zero is no proof of an infinite loss.
#[test]
fn an_underflow_is_no_lower_bound() {
    let figures = evaluate("discrete_gaussian", r#"{"sigma": 0.0157, "sensitivity": 1, "steps": 1, "delta": 1e-12}"#);
    assert_eq!((figures.eps_pld, figures.eps_pld_lower), (None, Some(0.0)));
    assert!(figures.eps_zcdp.unwrap() > 2000.0);
    // Half of the mass at a loss of 200, half of it at -200: exp(-200) is not zero yet.
    let figures = evaluate("discrete_laplace", r#"{"a": 100, "sensitivity": 2, "steps": 1, "delta": 1e-12}"#);
    assert!(figures.eps_pld_lower.unwrap() > 199.9 && figures.eps_pld.unwrap() <= 200.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the fields hold, an answer or an error comes back, and brackets are never empty.
    #[test]
    fn any_numbers_are_survived(
        kind in prop::sample::select(&KINDS[..]), sigma in -7.0..9.0_f64, q in -9.0..0.1_f64, steps in 0..40_u64,
        size in 0..60_u64, delta in -16.0..0.5_f64,
    ) {
        let (sigma, q, delta) = (10_f64.powf(sigma), 10_f64.powf(q), 10_f64.powf(delta));
        let input = format!(
            r#"[{{"id": "x", "kind": "{kind}", "sigma": {sigma}, "q": {q}, "steps": {steps}, "delta": {delta}, "p": {q},
            "population": 60, "sample_size": {size}, "cap": {size}, "k": {size}, "n": {size}, "sensitivity": {size},
            "local_sigma": {sigma}, "variance": {sigma}, "a": {q}, "z_value": {sigma}, "z_count": 2, "eps": {sigma},
            "step_counts": {size}, "parts": [{{"sigma": {sigma}, "steps": {steps}}}, {{"sigma": 1, "q": {q}, "steps": 1}}]}}]"#
        );
        // Calibration has properties of its own, and is slow at the ends of its range.
        prop_assume!(kind != "calibrate");
        let Ok(cases) = cases::read(&input) else { return Ok(()) };
        let figures = cases[0].evaluate().unwrap();
        if let (Some(lower), Some(upper)) = (figures.eps_pld_lower, figures.eps_pld) {
            prop_assert!(lower <= upper, "{lower} {upper} {input}");
        }
        for other in [figures.eps_zcdp, figures.eps_rdp] {
            if let (Some(lower), Some(other)) = (figures.eps_pld_lower, other) {
                prop_assert!(lower <= other * (1.0 + 1e-9), "{lower} {other} {input}");
            }
        }
    }
}
