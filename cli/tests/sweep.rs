//! A sweep as a researcher runs it: what is refused, what is left, and that a killed one goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn silhouette(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silhouette"));
    command.args(arguments).current_dir(folder);
    command
}

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    succeeds(&silhouette(place.path(), &["synth", "--users", "40", "--out", "people.jsonl"]).output().unwrap());
    place
}

const DATA: &str = "data = \"people.jsonl\"\ntask = \"interest\"\n";
const FIXED: &str = "rounds = 4\nevaluate-every = 2\nbuckets = 8\n";

fn file(place: &Path, text: &str) {
    std::fs::write(place.join("grid.toml"), text).unwrap();
}

fn refused(place: &Path, text: &str) -> String {
    file(place, text);
    let output = silhouette(place, &["sweep", "grid.toml", "--out", "none"]).output().unwrap();
    assert!(!output.status.success(), "{text}");
    // Before the first run, and before there is a folder.
    assert!(!place.join("none").exists(), "{text}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_file_is_checked_as_a_whole_before_the_first_run() {
    let place = place();
    let with = |rest: &str| refused(place.path(), &format!("{DATA}{rest}"));
    for (rest, said) in [
        ("epsilom = 3\n[grid]\nseed = [1]\n", "epsilom: expected"),
        ("[grid]\nepsilom = [3]\n", "grid.epsilom: expected"),
        ("[grid]\nseed = [1, \"two\"]\n", "grid.seed: expected a value that the flag of that name has, found \"two\""),
        ("[grid]\nseed = 1\n", "grid.seed: expected a list of values, found 1"),
        ("[grid]\nseed = []\n", "grid.seed: expected at least one value, found none"),
        ("[grid]\nseed = [1, 1]\n", "grid.seed: expected different values, found 1 twice"),
        ("seed = 3\n[grid]\nseed = [1]\n", "grid.seed: expected a setting that is not fixed too, found both"),
        ("[grid]\nthreads = [1, 2]\n", "grid.threads: expected a setting that makes another run"),
        ("rounds = 2\n", "[grid]: expected a table of lists, found none"),
        // The last cell of all is the one that can't be run.
        ("[grid]\nseed = [1, 2]\nlr = [0.1, -1]\n", "cell lr=-1,seed=1: --lr: expected"),
        ("[grid]\nnoise_multiplier = [1]\nepsilon = [1, 2]\n", "--epsilon: expected none with --noise-multiplier"),
        ("strict = 1\n[grid]\nseed = [1]\n", "strict: expected true or false, found 1"),
        ("population = 10\n[grid]\nseed = [1]\n", "data: expected a file of people here, or"),
        ("[grid\n", "TOML parse error"),
    ] {
        let error = with(rest);
        assert!(error.contains(said) && error.contains("grid.toml"), "{rest}: {error}");
    }
    let many: String = (0..101).map(|i| format!("{i},")).collect();
    let lrs: String = (1..101).map(|i| format!("0.{i:03},")).collect();
    let error = with(&format!("[grid]\nseed = [{many}]\nlr = [{lrs}]\n"));
    assert!(error.contains("[grid]: expected at most 10000 runs, found") && error.contains("101"), "{error}");
    file(place.path(), &format!("{DATA}rounds = 2\n[grid]\nmode = [\"none\", \"central\"]\nepsilon = [1, 2.5]\n"));
    let told = succeeds(&silhouette(place.path(), &["sweep", "grid.toml", "--dry-run"]).output().unwrap());
    // Without noise there is no epsilon, so its two runs are one.
    assert_eq!(
        told.lines().skip(2).map(str::trim).collect::<Vec<_>>(),
        ["mode=none", "mode=central,epsilon=1", "mode=central,epsilon=2.5"]
    );
    assert!(told.contains("1 combinations make the same run"), "{told}");
}

#[test]
fn one_table_and_one_report_over_all_runs() {
    let place = place();
    file(place.path(), &format!("{DATA}{FIXED}[grid]\nseed = [1, 2]\nepsilon = [2, 8]\nlr = [1.0, 3.0]\n"));
    let told = succeeds(&silhouette(place.path(), &["sweep", "grid.toml"]).output().unwrap());
    assert!(told.contains("8 runs over epsilon, lr, seed") && told.contains("(8 of 8 runs"), "{told}");
    assert!(told.contains("epsilon 2, lr 1") && told.contains(" \u{b1} "), "{told}");
    let sweep = place.path().join("sweep");
    let all: Value = serde_json::from_slice(&std::fs::read(sweep.join("sweep.json")).unwrap()).unwrap();
    assert_eq!((all["runs"].as_array().unwrap().len(), all["groups"].as_array().unwrap().len()), (8, 4));
    let csv = std::fs::read_to_string(sweep.join("sweep.csv")).unwrap();
    assert!(csv.starts_with("epsilon,lr,seed,cell,accuracy,"), "{csv}");
    assert_eq!(csv.lines().count(), 9);
    // The mean of a group is that of its runs' own summaries.
    let group = &all["groups"][0];
    assert_eq!((&group["values"]["epsilon"], &group["runs"]), (&"2".into(), &2.into()));
    let accuracy = |seed: u64| {
        let folder = format!("epsilon=2,lr=1,seed={seed}");
        let summary = std::fs::read(sweep.join(folder).join("summary.json")).unwrap();
        serde_json::from_slice::<Value>(&summary).unwrap()["accuracy"].as_f64().unwrap()
    };
    let (one, two) = (accuracy(1), accuracy(2));
    assert!((group["accuracy"]["mean"].as_f64().unwrap() - (one + two) / 2.0).abs() < 1e-12);
    assert!((group["accuracy"]["sd"].as_f64().unwrap() - (one - two).abs() / 2_f64.sqrt()).abs() < 1e-12);
    let looks: Vec<_> = group["looks"].as_array().unwrap().iter().map(|look| look["round"].as_u64().unwrap()).collect();
    assert_eq!(looks, [2, 4]);
    let report = std::fs::read_to_string(sweep.join("report.html")).unwrap();
    for part in
        ["Accuracy against epsilon spent", "Accuracy against rounds", "Accuracy against bytes sent", "over 2 seeds"]
    {
        assert!(report.contains(part), "{part}");
    }
    for request in ["http:", "https:", "<script", "url(", "src="] {
        assert!(!report.contains(request), "{request}");
    }

    // The same as simulate by itself: the same data, encoded for the cell before, gave the same model.
    let own =
        ["--rounds", "4", "--evaluate-every", "2", "--buckets", "8", "--epsilon", "2", "--lr", "3", "--seed", "2"];
    let alone = ["simulate", "--data", "people.jsonl", "--task", "interest", "--out", "alone"];
    succeeds(&silhouette(place.path(), &[&alone[..], &own[..]].concat()).output().unwrap());
    let model = |path: &str| {
        let summary = std::fs::read(place.path().join(path).join("summary.json")).unwrap();
        serde_json::from_slice::<Value>(&summary).unwrap()["model_sha256"].clone()
    };
    assert_eq!(model("alone"), model("sweep/epsilon=2,lr=3,seed=2"));

    // Again: nothing is done twice, and a longer list adds to it.
    file(place.path(), &format!("{DATA}{FIXED}[grid]\nseed = [1, 2, 3]\nepsilon = [2, 8]\nlr = [1.0, 3.0]\n"));
    let told = succeeds(&silhouette(place.path(), &["sweep", "grid.toml", "--json"]).output().unwrap());
    let count = |event: &str| told.matches(&format!("{{\"event\":\"{event}\"")).count();
    assert_eq!((count("skipped"), count("finished"), count("group"), count("done")), (8, 4, 4, 1), "{told}");

    // Other settings do not pass as these.
    file(place.path(), &format!("{DATA}{FIXED}clip = 0.3\n[grid]\nseed = [1]\nepsilon = [2, 8]\nlr = [1.0, 3.0]\n"));
    let output = silhouette(place.path(), &["sweep", "grid.toml"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("setting clip: 0.3 here, its default there"), "{error}");
    // Nor do other data.
    file(place.path(), &format!("{DATA}{FIXED}[grid]\nseed = [1]\nepsilon = [2, 8]\nlr = [1.0, 3.0]\n"));
    succeeds(
        &silhouette(place.path(), &["synth", "--users", "40", "--seed", "9", "--out", "people.jsonl"])
            .output()
            .unwrap(),
    );
    let output = silhouette(place.path(), &["sweep", "grid.toml"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("found others: data:"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_killed_sweep_goes_on_to_the_same_table() {
    let place = place();
    let slow = "rounds = 12\nmode = \"local\"\ncohort = 12\nbuckets = 10\n";
    file(place.path(), &format!("{DATA}{slow}[grid]\nepsilon = [4, 8]\nseed = [1, 2]\n"));
    succeeds(&silhouette(place.path(), &["sweep", "grid.toml", "--out", "whole"]).output().unwrap());
    let sweep = ["sweep", "grid.toml", "--out", "killed", "--json"];
    let mut child = silhouette(place.path(), &sweep).stdout(Stdio::piped()).spawn().unwrap();
    // In the middle of the second run.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("{\"event\":\"finished\"")));
    assert!(lines.any(|line| line.starts_with("{\"event\":\"round\"")));
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    assert!(!place.path().join("killed/sweep.csv").exists());
    let told = succeeds(&silhouette(place.path(), &sweep).output().unwrap());
    assert!(told.contains("{\"event\":\"skipped\"") && told.contains("{\"event\":\"finished\""), "{told}");
    let rows = |out: &str| {
        let csv = std::fs::read_to_string(place.path().join(out).join("sweep.csv")).unwrap();
        let but_for_seconds = |line: &str| {
            line.rsplitn(4, ',')
                .enumerate()
                .filter(|(i, _)| *i != 2)
                .map(|(_, part)| part.to_owned())
                .collect::<Vec<_>>()
        };
        csv.lines().map(but_for_seconds).collect::<Vec<_>>()
    };
    assert_eq!(rows("killed"), rows("whole"));
}
