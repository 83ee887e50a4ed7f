//! A simulation that is killed in the middle, for real, and goes on to the same end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const ROUNDS: u64 = 40;

fn simulate(folder: &Path, out: &str, arguments: &[&str]) -> Command {
    let rounds = ROUNDS.to_string();
    let fixed = ["simulate", "--data", "people.jsonl", "--task", "interest", "--rounds", &rounds, "--out", out];
    let mut command = Command::new(env!("CARGO_BIN_EXE_silhouette"));
    // Every device draws all of its noise, so that a round takes longer than it takes to be killed.
    command.args(fixed).args(["--mode", "local", "--cohort", "20", "--buckets", "10", "--json"]);
    command.args(arguments).current_dir(folder);
    command
}

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn people() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let synth = ["synth", "--users", "60", "--out", "people.jsonl"];
    succeeds(&Command::new(env!("CARGO_BIN_EXE_silhouette")).args(synth).current_dir(&place).output().unwrap());
    place
}

/// The records of a run but for their seconds, and its model.
fn results(folder: &Path, out: &str) -> (Vec<Value>, Value) {
    let rounds = std::fs::read_to_string(folder.join(out).join("rounds.jsonl")).unwrap();
    let record = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record.as_object_mut().unwrap().remove("seconds");
        record
    };
    let summary = std::fs::read(folder.join(out).join("summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    (rounds.lines().map(record).collect(), summary["model_sha256"].clone())
}

/// Starts a run and kills it with SIGKILL when it has told of so many rounds; the last of them.
fn killed(folder: &Path, arguments: &[&str], after: usize) -> u64 {
    let mut child = simulate(folder, "run", arguments).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let rounds = lines.filter(|line| line.starts_with("{\"event\":\"round\""));
    let told = rounds.take(after).last().unwrap();
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    let told: Value = serde_json::from_str(&told).unwrap();
    told["round"].as_u64().unwrap()
}

#[test]
fn a_killed_run_goes_on_to_the_same_end() {
    let place = people();
    succeeds(&simulate(place.path(), "whole", &["--checkpoint-every", "0"]).output().unwrap());
    assert!(!place.path().join("whole/checkpoint.bin").exists());

    killed(place.path(), &["--checkpoint-every", "1"], 3);
    // Killed again, on its way.
    let told = killed(place.path(), &["--checkpoint-every", "1", "--resume"], 4);
    assert!(told >= 7, "{told}");
    assert!(!place.path().join("run/summary.json").exists());
    // Nobody loses it by accident, or goes on with other settings.
    let anew = simulate(place.path(), "run", &[]).output().unwrap();
    let error = String::from_utf8_lossy(&anew.stderr).into_owned();
    assert!(!anew.status.success() && error.contains("go on with it (--resume)"), "{error}");
    let other = simulate(place.path(), "run", &["--resume", "--seed", "8"]).output().unwrap();
    let error = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(!other.status.success() && error.contains("setting seed: expected 8, found 7"), "{error}");

    let told = succeeds(&simulate(place.path(), "run", &["--resume"]).output().unwrap());
    assert!(told.contains("{\"event\":\"resumed\",\"after_round\":"), "{told}");
    let (rounds, model) = results(place.path(), "run");
    assert_eq!(rounds.len() as u64, ROUNDS);
    // Among the records are the charges: what was spent before the kill is not spent for nothing.
    assert!(rounds.windows(2).all(|pair| pair[1]["rho"].as_f64() >= pair[0]["rho"].as_f64()));
    assert_eq!((rounds, model), results(place.path(), "whole"));
    // What is finished leaves no checkpoint to go on from.
    assert!(!place.path().join("run/checkpoint.bin").exists());
    let again = simulate(place.path(), "run", &["--resume"]).output().unwrap();
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("found none"));
}

#[test]
fn a_cut_checkpoint_is_refused() {
    let place = people();
    killed(place.path(), &["--checkpoint-every", "1"], 2);
    let path = place.path().join("run/checkpoint.bin");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
    let refused = simulate(place.path(), "run", &["--resume"]).output().unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && error.contains("SHA-256: expected that of the bytes before it"), "{error}");
}
