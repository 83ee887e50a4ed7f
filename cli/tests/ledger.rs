//! `silhouette ledger` on a device that was charged three times.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use silhouette_client::DeviceFolder;
use silhouette_client::ledger::{ChargeBook, Entry};
use silhouette_privacy::Charge;
use silhouette_wire::{ContentHash, QueryKind};
use tempfile::TempDir;

/// Held while a ledger is written here and while a program is started: a child holds every lock of its
/// parent between fork and exec, and a ledger that is opened in that moment is found locked.
static ALONE: Mutex<()> = Mutex::new(());

/// Two rounds of one task, one of another, of rho 0.25 each.
fn charged() -> TempDir {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = tempfile::tempdir().unwrap();
    let mut ledger = DeviceFolder::open_or_create(place.path().join("device")).unwrap().ledger().unwrap();
    let all = [("news", QueryKind::Train, 1), ("reviews", QueryKind::LabelCounts, 1), ("news", QueryKind::Evaluate, 2)];
    for (task, query, round) in all {
        let (manifest, charge) = (ContentHash::of(b"terms"), Charge::of(0.25).unwrap());
        ledger.charge(&Entry { task: task.parse().unwrap(), query, round, manifest, charge }).unwrap();
    }
    place
}

fn run(place: &Path, arguments: &[&str]) -> Output {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let arguments = [&["ledger", "--device", "device"], arguments].concat();
    Command::new(env!("CARGO_BIN_EXE_silhouette")).args(arguments).current_dir(place).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn charges_are_shown_with_dates_and_sums() {
    let place = charged();
    let output = run(place.path(), &[]);
    assert!(output.status.success());
    let text = said(&output);
    assert!(text.contains("time (UTC)") && text.contains("Z  training      news"), "{text}");
    assert!(text.contains("news: 2 participations (1 training, 1 evaluation), rho 0.500000 in all"), "{text}");
    assert!(text.contains("reviews: 1 participation (1 label counts), rho 0.250000 in all"), "{text}");
    assert!(text.contains("  evaluation    news"), "{text}");
    // CKS20, Proposition 12, at rho 1/2 and delta 1e-5.
    assert!(text.contains("which is epsilon 4.728 at delta 1e-5"), "{text}");
}

#[test]
fn an_export_states_what_each_task_has_come_to() {
    let place = charged();
    let output = run(place.path(), &["export", "--out", "charges.jsonl"]);
    assert!(output.status.success() && output.stdout.is_empty());
    let text = fs::read_to_string(place.path().join("charges.jsonl")).unwrap();
    assert_eq!(said(&run(place.path(), &["export"])), text);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sums: Vec<(&str, f64)> =
        lines.iter().map(|l| (l["task"].as_str().unwrap(), l["task_rho"].as_f64().unwrap())).collect();
    assert_eq!(sums, [("news", 0.25), ("reviews", 0.25), ("news", 0.5)]);
    assert!((lines[2]["task_epsilon"].as_f64().unwrap() - 4.728_387).abs() < 1e-6);
    assert_eq!(lines[2]["delta"], 1e-5);
    let refused = run(place.path(), &["verify", "--out", "charges.jsonl"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn verifying_says_in_words_what_holds() {
    let place = charged();
    let output = run(place.path(), &["verify"]);
    assert!(output.status.success());
    let text = said(&output);
    assert!(text.starts_with("This ledger holds. It has 3 charges."), "{text}");
    assert_eq!(text.matches("Checked:").count(), 3, "{text}");
    let json: Value = serde_json::from_str(&said(&run(place.path(), &["verify", "--json"]))).unwrap();
    assert_eq!((&json["holds"], &json["records"]), (&Value::Bool(true), &Value::from(3)));
}

#[test]
fn verifying_says_in_words_what_is_wrong_and_what_it_means() {
    let place = charged();
    let file = place.path().join("device/ledger.jsonl");
    let whole = fs::read_to_string(&file).unwrap();
    let cheaper = whole.replacen("\"rho_billionths\":250000000", "\"rho_billionths\":1", 1);
    let shorter = whole.lines().take(2).map(|line| format!("{line}\n")).collect::<String>();
    for (content, problem, meaning) in [
        (cheaper, "line 1: expected the code that this device's key gives", "edited after it was written"),
        (shorter, "line 3: expected record 3, found the end", "cut short, deleted, or replaced by an old copy"),
    ] {
        fs::write(&file, content).unwrap();
        let output = run(place.path(), &["verify"]);
        assert_eq!(output.status.code(), Some(1));
        let text = said(&output);
        assert!(text.starts_with("This ledger does NOT hold."), "{text}");
        assert!(text.contains(problem) && text.contains(meaning), "{text}");
        assert!(text.contains("takes part in nothing more"), "{text}");
        let json: Value = serde_json::from_str(&said(&run(place.path(), &["verify", "--json"]))).unwrap();
        assert_eq!(json["holds"], false);
        assert!(json["meaning"].as_str().unwrap().contains(meaning));
        // Nor is such a ledger shown or exported as if it held.
        assert!(!run(place.path(), &[]).status.success());
        assert!(!run(place.path(), &["export"]).status.success());
    }
}

#[test]
fn a_folder_without_a_device_stays_one() {
    let place = tempfile::tempdir().unwrap();
    for what in ["show", "export", "verify"] {
        let output = run(place.path(), &[what]);
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("expected a device's folder, found none"));
    }
    assert!(!place.path().join("device").exists());
}
