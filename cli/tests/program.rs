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
}

#[test]
fn only_enroll_makes_a_device() {
    let place = tempfile::tempdir().unwrap();
    for command in [
        &["ledger", "--device", "nowhere"][..],
        &["profile", "--device", "nowhere"],
        &["join", "--device", "nowhere", "--server", "127.0.0.1:1"],
    ] {
        let output = silhouette(place.path(), command);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(text(&output.stderr).contains("nowhere: expected a device's folder, found none"), "{command:?}");
    }
    // Nor does enroll before its other arguments are usable.
    let enroll = ["enroll", "--device", "nowhere", "--server", "127.0.0.1:1", "--authority", "ca.pem", "--token", "t"];
    assert!(fails(place.path(), &enroll).contains("--authority ca.pem"));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn every_command_explains_itself() {
    let place = tempfile::tempdir().unwrap();
    let help = succeeds(place.path(), &["--help"]);
    assert!(help.contains("Exit codes:"));
    let commands = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names: Vec<&str> = commands
        .lines()
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(names.len(), 16, "{names:?}");
    for name in names {
        let help = succeeds(place.path(), &[name, "--help"]);
        assert!(help.contains("Example") && help.contains(&format!("silhouette {name}")), "{help}");
    }
}

#[test]
fn an_unusable_command_line_ends_with_two_and_its_reason() {
    let place = tempfile::tempdir().unwrap();
    for (arguments, reason) in [
        (&["simulate", "--data", "x", "--task", "y", "--rounds", "x"][..], "--rounds"),
        (&["simulate", "--data", "x", "--task", "y", "--mode", "shared"], "--mode"),
        (&["simulate", "--data", "x", "--task", "y", "--encoder", "sack"], "--encoder"),
        (&["simulate", "--data", "x", "--task", "y", "--backend", "abacus"], "--backend"),
        (&["simulate", "--data", "x"], "--task: expected a column or a task file"),
        (&["encode", "--data", "x", "--task", "y", "--partition", "thin"], "--partition"),
        (&["profile"], "--device"),
        (&["profile", "--data", "x", "--lang", "la"], "--lang"),
        (&["serve", "--sample", "--devices", "1"], "--devices"),
        (&["demo", "--users", "1"], "--users"),
        (&["demo", "--users", "3"], "--users"),
        (&["frobnicate"], "frobnicate"),
    ] {
        let plain = silhouette(place.path(), arguments);
        assert_eq!(plain.status.code(), Some(2), "{arguments:?}");
        assert!(text(&plain.stderr).contains(reason), "{}", text(&plain.stderr));
        let json = silhouette(place.path(), &[arguments, &["--json"]].concat());
        assert_eq!(json.status.code(), Some(2), "{arguments:?}");
        let error: Value = serde_json::from_slice(&json.stderr).unwrap();
        assert_eq!(error["kind"], "usage");
        assert!(error["error"].as_str().unwrap().contains(reason), "{error}");
    }
    assert_eq!(silhouette(place.path(), &[]).status.code(), Some(2));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn what_the_system_says_is_said_once() {
    let place = tempfile::tempdir().unwrap();
    let error = fails(place.path(), &["serve", "--config", "missing.toml"]);
    assert_eq!(error.matches("os error").count(), 1, "{error}");
    let error = fails(place.path(), &["serve", "--config", "missing.toml", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&error).unwrap()["kind"], "failure");
}

#[test]
fn skipped_rows_are_told_and_may_be_fatal() {
    let place = tempfile::tempdir().unwrap();
    succeeds(place.path(), &["synth", "--users", "20", "--out", "people.jsonl"]);
    let path = place.path().join("people.jsonl");
    let rows = std::fs::read_to_string(&path).unwrap();
    // A repeat of the first text of a person who trains, and two bad rows at the end.
    let repeat = rows.lines().find(|l| l.contains("\"train\"")).unwrap();
    let count = rows.lines().count();
    std::fs::write(&path, format!("{rows}{repeat}\n{{\"user\":\"u00001\"}}\nno json\n")).unwrap();
    let bad =
        [format!("people.jsonl:{}: field `text`", count + 2), format!("people.jsonl:{}: expected a JSON", count + 3)];
    let skipped = format!("skipped 2 of {} rows", count + 3);

    let profile = ["profile", "--data", "people.jsonl", "--user", "u00001", "--backend", "native"];
    let told = text(&silhouette(place.path(), &profile).stderr);
    assert!(told.contains(&skipped) && bad.iter().all(|b| told.contains(b)), "{told}");
    let told = silhouette(place.path(), &[&profile[..], &["--json"]].concat());
    assert!(serde_json::from_slice::<Value>(&told.stdout).unwrap().get("persona").is_some());
    assert_eq!(serde_json::from_slice::<Value>(&told.stderr).unwrap()["read"]["skipped"], 2);
    assert!(fails(place.path(), &[&profile[..], &["--strict"]].concat()).contains(&bad[0]));

    let run = ["simulate", "--data", "people.jsonl", "--task", "interest", "--rounds", "1", "--backend", "native"];
    let told = succeeds(place.path(), &run);
    assert!(told.contains(&skipped) && bad.iter().all(|b| told.contains(b)), "{told}");
    assert!(told.contains("repeat an earlier one"), "{told}");
    let told = succeeds(place.path(), &[&run[..], &["--json"]].concat());
    let lines: Vec<Value> = told.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|l| l["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["data", "round", "summary"]);
    assert_eq!(lines[0]["read"]["skipped"], 2);
    assert_eq!(lines[0]["read"]["first_errors"][0]["line"], count + 2);
    assert!(lines[0]["duplicates"].as_u64().unwrap() >= 1);
    assert!(fails(place.path(), &[&run[..], &["--strict"]].concat()).contains(&bad[0]));
}

#[test]
fn a_place_for_results_is_tried_before_the_work() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("taken"), "a file").unwrap();
    // The data are missing too: the place is looked at first.
    let run = ["simulate", "--data", "missing.jsonl", "--task", "interest", "--out", "taken"];
    assert!(fails(place.path(), &run).contains("--out taken"));
    let run = ["simulate", "--data", "missing.jsonl", "--task", "interest", "--out", "free"];
    assert!(fails(place.path(), &run).contains("missing.jsonl"));
    assert_eq!(std::fs::read_dir(place.path().join("free")).unwrap().count(), 0);
}

#[test]
fn the_sample_is_for_machines_too() {
    let place = tempfile::tempdir().unwrap();
    let sample: Value =
        serde_json::from_str(&succeeds(place.path(), &["serve", "--sample", "--devices", "3", "--json"])).unwrap();
    assert_eq!(sample["config"]["cohort"], 3);
    assert_eq!(
        sample["toml"].as_str().unwrap().trim_end(),
        succeeds(place.path(), &["serve", "--sample", "--devices", "3"]).trim_end()
    );
}
