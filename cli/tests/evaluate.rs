//! `silhouette evaluate` and `advise` as a person runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_silhouette")).current_dir(place).args(arguments).output().unwrap()
}

fn succeeds(place: &Path, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn trained(place: &Path, out: &str, more: &[&str]) {
    let arguments = [
        "simulate",
        "--data",
        "people.jsonl",
        "--task",
        "interest",
        "--rounds",
        "6",
        "--backend",
        "native",
        "--out",
        out,
    ];
    succeeds(place, &[&arguments[..], more].concat());
}

#[test]
fn models_stand_side_by_side() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    succeeds(place, &["synth", "--users", "120", "--seed", "3", "--out", "people.jsonl"]);
    trained(place, "none", &["--mode", "none"]);
    trained(place, "eps8", &["--epsilon", "8", "--seed", "2"]);
    let models = ["--model", "none=none/model.safetensors", "--model", "eps8/model.safetensors"];
    let arguments =
        [&["evaluate", "--data", "people.jsonl", "--profiles", "5", "--out", "figures"][..], &models].concat();
    let printed: Value = serde_json::from_str(&succeeds(place, &[&arguments[..], &["--json"]].concat())).unwrap();
    let model = |i: usize| &printed["models"][i];
    assert_eq!((&model(0)["model"], &model(1)["model"]), (&"none".into(), &"eps8".into()));
    let head = &model(0)["heads"][0];
    assert_eq!(head["head"], "interest");
    for (figure, least) in [("/scores/accuracy", 0.6), ("/auc", 0.8), ("/people/top1", 0.6)] {
        assert!(head.pointer(figure).unwrap().as_f64().unwrap() > least, "{figure} {head}");
    }
    // The summary of the run says the same of the same people.
    let summary: Value = serde_json::from_slice(&std::fs::read(place.join("none/summary.json")).unwrap()).unwrap();
    let (told, found) = (summary["accuracy"].as_f64().unwrap(), head["scores"]["accuracy"].as_f64().unwrap());
    assert!((told - found).abs() < 1e-9, "{told} {found}");
    assert_eq!(model(0)["profiles"]["profiles"], 5);
    assert_eq!(printed["stability"]["models"], 2);
    let page = std::fs::read_to_string(place.join("figures/report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("Reliability") && page.contains("Confusion, eps8"));
    let written: Value = serde_json::from_slice(&std::fs::read(place.join("figures/quality.json")).unwrap()).unwrap();
    assert_eq!(written, printed);
    let told = succeeds(place, &arguments);
    assert!(told.contains("top label right") && told.contains("report: figures"), "{told}");
}

#[test]
fn what_can_not_be_evaluated_says_why() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    succeeds(place, &["synth", "--users", "60", "--seed", "3", "--out", "people.jsonl"]);
    trained(place, "run", &["--mode", "none"]);
    let fails = |arguments: &[&str]| {
        let output = run(place, arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    std::fs::write(place.join("bare.jsonl"), "{\"user\": \"a\", \"text\": \"words\"}\n").unwrap();
    let model = ["--model", "run/model.safetensors"];
    let bare = [&["evaluate", "--data", "bare.jsonl"][..], &model].concat();
    assert!(fails(&bare).contains("expected a column split_user, found none; --split all"));
    assert!(fails(&[&bare[..], &["--split", "all"]].concat()).contains("expected rows with a label of interest"));
    assert!(fails(&["evaluate", "--data", "people.jsonl", "--model", "x=nowhere"]).contains("--model nowhere"));
    let other = ["--encoder-weights", "nowhere"];
    assert!(
        fails(&[&["evaluate", "--data", "people.jsonl"][..], &model, &other].concat()).contains("--encoder-weights")
    );
}

#[test]
fn advice_names_one_encoder_or_says_what_is_missing() {
    let place = tempfile::tempdir().unwrap();
    let told = succeeds(place.path(), &["advise"]);
    assert!(told.contains("Take --encoder bag") && told.contains("drowned by the noise"), "{told}");
    let printed: Value = serde_json::from_str(&succeeds(place.path(), &["advise", "--ram", "5", "--json"])).unwrap();
    assert!(printed["take"].is_null() && printed["encoders"].as_array().unwrap().len() > 3);
    assert!(succeeds(place.path(), &["advise", "--ram", "5"]).contains("None fits"));
}
