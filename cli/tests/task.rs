//! `silhouette task`: what an owner signs is what can be read, by anybody, in words.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn run(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_silhouette")).args(arguments).current_dir(place).output().unwrap()
}

fn succeeds(place: &Path, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A task of 100 devices, signed by an owner whose key was made for it; and the owner's public key.
fn signed() -> (TempDir, String) {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("task.toml"), succeeds(place.path(), &["serve", "--sample"])).unwrap();
    let key = succeeds(place.path(), &["task", "round-key"]);
    // The key is made once.
    assert_eq!(succeeds(place.path(), &["task", "round-key", "--folder", "aggregator"]), key);
    let sign = ["task", "sign", "--config", "task.toml", "--owner", "owner.key", "--round-key", key.trim(), "--json"];
    let told: Value = serde_json::from_str(&succeeds(place.path(), &sign)).unwrap();
    assert_eq!((&told["owner_key_made"], &told["signed"]), (&true.into(), &"task.signed".into()));
    let again: Value = serde_json::from_str(&succeeds(place.path(), &sign)).unwrap();
    assert_eq!((&again["owner_key_made"], &again["owner"]), (&false.into(), &told["owner"]));
    (place, told["owner"].as_str().unwrap().to_owned())
}

#[test]
fn what_was_signed_can_be_read_with_its_cost() {
    let (place, owner) = signed();
    let text = succeeds(place.path(), &["task", "inspect", "task.signed", "--owner", &owner]);
    assert!(text.contains("the signature holds") && text.contains("the one expected"), "{text}");
    assert!(text.contains("and nothing else"), "{text}");
    let json: Value =
        serde_json::from_str(&succeeds(place.path(), &["task", "inspect", "task.signed", "--json"])).unwrap();
    let config: Value = serde_json::from_str(&succeeds(place.path(), &["serve", "--sample", "--json"])).unwrap();
    let config = &config["config"];
    for key in ["rounds", "cohort", "min_reports", "clip", "delta", "max_participations", "min_separation", "mode"] {
        assert_eq!(json[key], config[key], "{key}");
    }
    // The sample promises epsilon 8.
    let epsilon = json["epsilon"].as_f64().unwrap();
    assert!(epsilon > 7.9 && epsilon <= 8.0 && json["participations"] == 5, "{json}");
    assert_eq!((&json["owner_expected"], &json["accepted"]), (&false.into(), &Value::Null));
}

#[test]
fn another_owner_or_a_changed_file_is_refused() {
    let (place, owner) = signed();
    let stranger = "a9".repeat(32);
    let refused = run(place.path(), &["task", "inspect", "task.signed", "--owner", &stranger]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains(&format!("expected the owner {stranger}, found {owner}")), "{said}");
    let file = place.path().join("task.signed");
    let text = fs::read_to_string(&file).unwrap();
    let at = text.find("terms = \"").unwrap() + 60;
    let mut changed = text.clone();
    let digit = if &text[at..=at] == "0" { "1" } else { "0" };
    changed.replace_range(at..=at, digit);
    fs::write(&file, changed).unwrap();
    let refused = run(place.path(), &["task", "inspect", "task.signed"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not signed by its owner"));
    let refused = run(place.path(), &["serve", "--config", "task.toml", "--task", "task.signed"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not signed by its owner"));
}

#[test]
fn a_device_says_whether_it_would_agree() {
    let (place, _) = signed();
    silhouette_client::DeviceFolder::open_or_create(place.path().join("device")).unwrap();
    let inspect = ["task", "inspect", "task.signed", "--device", "device"];
    let verdict = |accepted: bool, reason: &str| {
        let json: Value = serde_json::from_str(&succeeds(place.path(), &[&inspect[..], &["--json"]].concat())).unwrap();
        assert_eq!(json["accepted"], accepted);
        let text = succeeds(place.path(), &inspect);
        assert!(text.contains(reason), "{text}");
    };
    let policy = place.path().join("device/policy.toml");
    let text = fs::read_to_string(&policy).unwrap();
    verdict(true, "accepts these terms");
    let at = text.find("min_reports = ").unwrap();
    let line = text[at..].lines().next().unwrap();
    fs::write(&policy, text.replace(line, "min_reports = 1000")).unwrap();
    verdict(false, "min_reports: the policy asks for at least 1000");
}
