//! The program as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn silhouette(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_silhouette")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = silhouette(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn fails(folder: &Path, arguments: &[&str]) -> String {
    let output = silhouette(folder, arguments);
    assert!(!output.status.success(), "{arguments:?} did not fail");
    text(&output.stderr)
}

const KEYS: [&str; 22] = [
    "task",
    "encoder",
    "backend",
    "users",
    "users_test",
    "rounds",
    "cohort",
    "mode",
    "epsilon",
    "delta",
    "noise_multiplier",
    "clip",
    "accuracy",
    "macro_f1",
    "precision",
    "recall",
    "user_top1",
    "seconds",
    "seconds_per_round",
    "peak_rss_mib",
    "seed",
    "model_sha256",
];

#[test]
fn a_simulation_leaves_its_results_and_repeats_to_the_bit() {
    let place = tempfile::tempdir().unwrap();
    succeeds(place.path(), &["synth", "--users", "60", "--out", "people.jsonl"]);
    let hash = |threads: &str, out: &str| {
        let run = ["simulate", "--data", "people.jsonl", "--task", "interest", "--rounds", "3", "--backend", "native"];
        succeeds(place.path(), &[&run[..], &["--threads", threads, "--out", out]].concat());
        let summary: Value =
            serde_json::from_slice(&std::fs::read(place.path().join(out).join("summary.json")).unwrap()).unwrap();
        KEYS.iter().for_each(|key| assert!(summary.get(key).is_some(), "summary.json has no {key}"));
        for file in ["rounds.jsonl", "model.safetensors", "report.html", "confusion.csv"] {
            assert!(place.path().join(out).join(file).exists(), "{file} is missing");
        }
        assert!(summary["epsilon"].as_f64().unwrap() <= 8.0 + 1e-6);
        summary["model_sha256"].as_str().unwrap().to_owned()
    };
    assert_eq!(hash("1", "a"), hash("2", "b"));
}

#[test]
fn a_profile_is_shown_in_both_languages() {
    let place = tempfile::tempdir().unwrap();
    succeeds(place.path(), &["synth", "--users", "20", "--out", "people.jsonl"]);
    let profile = ["profile", "--data", "people.jsonl", "--user", "u00001", "--backend", "native"];
    assert!(!succeeds(place.path(), &profile).is_empty());
    assert!(succeeds(place.path(), &[&profile[..], &["--lang", "zh"]].concat()).contains('，'));
    let document: Value = serde_json::from_str(&succeeds(place.path(), &[&profile[..], &["--json"]].concat())).unwrap();
    for key in ["interests", "sentiment", "behavior", "keywords", "evidence", "persona", "provenance"] {
        assert!(document.get(key).is_some(), "the profile has no {key}");
    }
}

#[test]
fn a_plan_states_its_noise_and_its_assumptions() {
    let place = tempfile::tempdir().unwrap();
    let plan: Value = serde_json::from_str(&succeeds(place.path(), &["plan", "--json"])).unwrap();
    assert!(plan["noise_multiplier"].as_f64().unwrap() > 0.0);
    assert!(!plan["assumptions"].as_array().unwrap().is_empty());
}

#[test]
fn bad_input_is_refused_with_its_reason() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("one.jsonl"), "{\"user\":\"a\",\"text\":\"hello there\",\"interest\":\"x\"}\n")
        .unwrap();
    let simulate = |data: &str, task: &str| fails(place.path(), &["simulate", "--data", data, "--task", task]);
    assert!(simulate("one.jsonl", "interest").contains("users"));
    assert!(simulate("missing.jsonl", "interest").contains("missing.jsonl"));
    assert!(simulate("one.jsonl", "colour").contains("colour"));
    let task =
        "name = \"t\"\n[[head]]\nname = \"i\"\nkind = \"classes\"\nfield = \"interest\"\nlabels = [\"y\", \"z\"]\n";
    std::fs::write(place.path().join("task.toml"), task).unwrap();
    let rows: String = (0..9)
        .map(|i| format!("{{\"user\":\"u{i}\",\"text\":\"hello {i}\",\"interest\":\"x\",\"split_user\":\"train\"}}\n"))
        .collect();
    std::fs::write(place.path().join("nine.jsonl"), rows).unwrap();
    assert!(simulate("nine.jsonl", "task.toml").contains("unknown label"));
    assert!(
        fails(place.path(), &["simulate", "--data", "nine.jsonl", "--task", "interest", "--mode", "shared"])
            .contains("--mode")
    );
    assert!(fails(place.path(), &["ledger", "--device", "nowhere"]).contains("no device"));
}
