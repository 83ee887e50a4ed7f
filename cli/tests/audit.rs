//! `silhouette audit` as a person runs it: what passes, what fails, and how it says so.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use std::process::{Command, Output};

use serde_json::Value;

fn audit(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_silhouette")).arg("audit").args(arguments).output().unwrap()
}

/// The exit code and the objects printed.
fn json(arguments: &[&str]) -> (i32, Vec<Value>) {
    let output = audit(&[arguments, &["--json"]].concat());
    let lines = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

const GAME: [&str; 9] = ["mechanism", "--mode", "central", "--dimension", "2", "--runs", "60000", "--delta", "0.05"];

#[test]
fn the_mechanism_passes_and_its_controls_find_the_break() {
    let (code, printed) = json(&GAME);
    assert_eq!((code, printed.len()), (0, 2), "{printed:?}");
    let number = |name: &str| printed[0][name].as_f64().unwrap();
    assert!(0.0 < number("epsilon_lower") && number("epsilon_lower") <= number("epsilon_tight"));
    assert!(number("epsilon_tight") < number("epsilon_zcdp"));
    assert_eq!((&printed[0]["event"], &printed[1]["passed"]), (&"game".into(), &true.into()));
    for control in ["no-noise", "half-noise"] {
        let (code, printed) = json(&[&GAME[..], &["--control", control]].concat());
        assert_eq!((code, &printed[1]["control"]), (0, &control.into()), "{printed:?}");
    }
}

#[test]
fn a_failed_audit_ends_with_one_and_says_why() {
    // No number of runs reaches the whole of the claim.
    let output = audit(&[&GAME[..], &["--least-share", "1"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("too much noise"), "{output:?}");
    // Too few canaries to show a break: a control that shows nothing has failed, too.
    let few = ["canaries", "--canaries", "40", "--guesses", "20", "--control", "no-noise", "--rounds", "1"];
    let (code, printed) = json(&few);
    assert_eq!((code, &printed[1]["passed"]), (1, &false.into()), "{printed:?}");
}

#[test]
fn canaries_pass_and_their_control_finds_the_break() {
    let few =
        ["canaries", "--canaries", "600", "--guesses", "200", "--epsilon", "2", "--rounds", "2", "--people", "12"];
    let (code, printed) = json(&few);
    assert_eq!((code, &printed[1]["passed"]), (0, &true.into()), "{printed:?}");
    assert!(printed[0]["epsilon_lower"].as_f64().unwrap() <= 2.0);
    let (code, printed) = json(&[&few[..], &["--control", "no-noise"]].concat());
    assert!(code == 0 && printed[0]["epsilon_lower"].as_f64().unwrap() > 2.0, "{printed:?}");
}

#[test]
fn egress_passes_in_masked_rounds_and_its_control_finds_every_leak() {
    let (code, printed) = json(&["egress", "--mode", "distributed", "--rounds", "1"]);
    assert_eq!((code, &printed[0]["found"]), (0, &Value::Array(Vec::new())), "{printed:?}");
    assert_eq!(printed[0]["uploads"], 3);
    let (code, printed) = json(&["egress", "--mode", "central", "--rounds", "1", "--control", "plant"]);
    assert_eq!((code, printed[0]["planted"].as_array().unwrap().len()), (0, 5), "{printed:?}");
}

#[test]
fn what_can_not_be_used_is_a_usage_error() {
    for (arguments, named) in [
        (&["mechanism", "--runs", "1"][..], "--runs"),
        (&["mechanism", "--least-share", "2"], "--least-share"),
        (&["mechanism", "--control", "magic"], "--control"),
        (&["canaries", "--guesses", "7"], "--guesses"),
        (&["canaries", "--data", "people.jsonl"], "--task"),
        (&["egress", "--devices", "2"], "--devices"),
        (&[], "audit"),
    ] {
        let output = audit(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(named), "{arguments:?}: {output:?}");
    }
}
