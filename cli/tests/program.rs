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
        assert!(summary["epsilon"].as_f64().unwrap() <= 8.0);
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
    assert!(plan["accountant_version"].as_str().unwrap().starts_with("silhouette-privacy"));
    let figures = |view: &Value| ["eps_zcdp", "eps_rdp", "eps_pld"].map(|name| view[name].as_f64().unwrap());
    let [zcdp, rdp, pld] = figures(&plan["against_aggregator"]);
    assert!(pld < zcdp && pld < rdp && zcdp <= 8.0);
    assert!(plan["against_release"].is_null());
    let exact: Value =
        serde_json::from_str(&succeeds(place.path(), &["plan", "--accountant", "pld", "--poisson", "--json"])).unwrap();
    let [zcdp, _, pld] = figures(&exact["against_aggregator"]);
    assert!(pld <= 8.0 && pld > 7.99 && zcdp > 8.0);
    assert!(figures(&exact["against_release"])[2] < pld);
    assert_eq!(exact["warnings"].as_array().unwrap().last().unwrap(), "ledgers_show_more");
}

#[test]
fn a_file_of_cases_is_evaluated_or_refused_by_name() {
    let place = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(place.path().join("cases.json"), text).unwrap();
    write(
        r#"{"cases": [
            {"id": "a", "kind": "poisson_gaussian", "input": {"sigma": 1.5, "q": 0.04, "steps": 2250, "delta": 1e-5}},
            {"id": "b", "kind": "sampled_wor", "expected": {}, "input":
                {"population": 1000, "sample_size": 100, "sigma": 2, "steps": 200, "delta": 1e-5}}]}"#,
    );
    let run = ["plan", "--cases", "cases.json"];
    let document: Value = serde_json::from_str(&succeeds(place.path(), &[&run[..], &["--json"]].concat())).unwrap();
    let [a, b] = &document["cases"].as_array().unwrap()[..] else { panic!("two cases went in") };
    // Opacus' pinned value, and dp-accounting's at interval 2e-5.
    assert!((a["eps_rdp"].as_f64().unwrap() / 7.329_111_17 - 1.0).abs() < 1e-8);
    assert!((a["eps_pld"].as_f64().unwrap() - 6.768_78).abs() < 1e-3);
    assert!(a["eps_pld_lower"].as_f64().unwrap() < 6.768_78);
    assert!(b["eps_pld"].is_null() && b["reasons"]["eps_pld"].as_str().unwrap().contains("replace-one"));
    assert!(succeeds(place.path(), &run).contains("no eps_pld: "));
    write(r#"[{"id": "c", "kind": "gaussian", "sigma": 0, "steps": 1, "delta": 1e-5}]"#);
    let error = fails(place.path(), &run);
    assert!(error.contains(r#"case "c": field "sigma": expected a number between 1e-6 and 1e9, found 0"#), "{error}");
    assert!(fails(place.path(), &["plan", "--cases", "none.json"]).contains("none.json"));
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
