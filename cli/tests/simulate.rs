//! `silhouette simulate` as a person runs it: what it refuses, what it says, what it takes from a task file.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn simulate(folder: &Path, arguments: &[&str]) -> Output {
    let run = ["simulate", "--data", "people.jsonl", "--rounds", "2", "--out", "run"];
    let all = [&run[..], arguments].concat();
    Command::new(env!("CARGO_BIN_EXE_silhouette")).args(all).current_dir(folder).output().unwrap()
}

fn succeeds(folder: &Path, arguments: &[&str]) -> (String, Value) {
    let output = simulate(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let summary = std::fs::read(folder.join("run/summary.json")).unwrap();
    (String::from_utf8(output.stdout).unwrap(), serde_json::from_slice(&summary).unwrap())
}

/// Six people who train and one held out, one of whose labels nobody else has.
fn people() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let row = |user: &str, text: &str, topic: &str, split: &str| {
        format!("{{\"user\":\"{user}\",\"text\":\"{text}\",\"topic\":\"{topic}\",\"split_user\":\"{split}\"}}\n")
    };
    let mut rows = String::new();
    for user in ["a", "b", "c", "d", "e", "f"] {
        rows += &row(user, &format!("{user} plays the guitar"), "music", "train");
        rows += &row(user, &format!("{user} watches the match"), "sport", "train");
    }
    rows += &row("z", "a guitar song", "music", "test");
    rows += &row("z", "green tea", "tea", "test");
    std::fs::write(place.path().join("people.jsonl"), rows).unwrap();
    place
}

const HEAD: &str =
    "[[head]]\nname = \"topic\"\nkind = \"classes\"\nfield = \"topic\"\nlabels = [\"music\", \"sport\"]\n";

#[test]
fn bad_settings_are_refused_by_their_flag() {
    let place = people();
    for (flag, value) in [
        ("--lr", "nan"),
        ("--lr", "1e30"),
        ("--lr", "0"),
        ("--prox-mu", "nan"),
        ("--prox-mu", "0.9"),
        ("--local-epochs", "0"),
        ("--batch", "0"),
        ("--clip", "inf"),
        ("--server-lr", "-1"),
        ("--buckets", "40"),
        ("--threads", "0"),
        ("--cohort", "99"),
    ] {
        let run = ["simulate", "--data", "people.jsonl", "--task", "topic", "--mode", "none", "--out", "run"];
        let argument = format!("{flag}={value}");
        let output = Command::new(env!("CARGO_BIN_EXE_silhouette"))
            .args([&run[..], &[argument.as_str()]].concat())
            .current_dir(place.path())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{argument} was accepted");
        assert!(error.contains(&format!("{flag}: expected")) && error.contains("found"), "{argument}: {error}");
        assert!(!place.path().join("run").join("summary.json").exists());
    }
}

#[test]
fn a_task_file_keeps_its_encoder_unless_another_is_asked_for() {
    let place = people();
    let write = |encoder: &str| {
        std::fs::write(place.path().join("task.toml"), format!("name = \"topics\"\n{encoder}{HEAD}")).unwrap();
    };
    write("[encoder]\nkind = \"bag\"\nbuckets_log2 = 9\nwords = false\n");
    let model = || std::fs::metadata(place.path().join("run/model.safetensors")).unwrap().len();
    let (shown, _) = succeeds(place.path(), &["--task", "task.toml", "--mode", "none"]);
    assert!(!shown.contains("note: encoder"), "{shown}");
    // 2 labels x (512 buckets + 1) floats and a small header.
    assert!((4_104..6_000).contains(&model()), "{}", model());
    let (shown, summary) = succeeds(place.path(), &["--task", "task.toml", "--mode", "none", "--buckets", "10"]);
    assert!(shown.contains("note: encoder: bag of 2^10 buckets as asked for, instead of the task file's"), "{shown}");
    assert!(summary["notes"][0].as_str().unwrap().contains("2^10"));
    assert!(model() > 8_200);
    write("");
    let (_, summary) = succeeds(place.path(), &["--task", "task.toml", "--mode", "none"]);
    assert_eq!(summary["encoder"], "bag");
    std::fs::write(place.path().join("typo.toml"), format!("name = \"t\"\n{HEAD}lables = [\"x\"]\n")).unwrap();
    let refused = simulate(place.path(), &["--task", "typo.toml"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("unknown field `lables`"));
}

#[test]
fn what_is_left_out_or_counted_as_wrong_is_said() {
    let place = people();
    let (shown, summary) = succeeds(place.path(), &["--task", "topic", "--mode", "none"]);
    assert!(shown.contains("note: 1 texts of 1 held-out people"), "{shown}");
    assert_eq!(summary["texts_unseen_label"], 1);
    assert!(summary["accuracy"].as_f64().unwrap() <= 0.5);
    assert_eq!((&summary["rows_skipped"], &summary["texts_repeated"]), (&0.into(), &0.into()));
    assert!(summary["seconds"].as_f64().unwrap() >= summary["seconds_training"].as_f64().unwrap());
}

#[test]
fn mode_local_says_how_long_its_noise_takes() {
    let place = people();
    let (shown, _) = succeeds(place.path(), &["--task", "topic", "--mode", "local", "--buckets", "6"]);
    assert!(shown.contains("the devices' own noise:") && shown.contains("about "), "{shown}");
    assert!(shown.contains("s left)"), "{shown}");
    let (shown, _) = succeeds(place.path(), &["--task", "topic", "--mode", "central", "--buckets", "6"]);
    assert!(!shown.contains("own noise"), "{shown}");
}

#[test]
fn devices_evaluate_and_count_labels_within_the_run() {
    let place = people();
    let all = ["--task", "topic", "--evaluate-privately", "2", "--label-counts", "--held-out", "50"];
    let (told, summary) = succeeds(place.path(), &[&all[..], &["--mode", "none"]].concat());
    assert_eq!((summary["rounds"].as_u64(), summary["evaluations"].as_u64()), (Some(2), Some(1)));
    // Each of the six has a text of each label.
    let share = summary["label_counts"]["shares"][0]["value"].as_f64().unwrap();
    assert!((share - 0.5).abs() < 1e-3, "{summary}");
    assert!(told.contains("Label counts, round 1: music 50.0 %"), "{told}");
    assert!(told.contains("Evaluation, round 4: accuracy"), "{told}");
    let report = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
    assert!(report.contains("Told privately") && report.contains("Evaluation, round 4"), "a section of the report");
    let rounds = std::fs::read_to_string(place.path().join("run/rounds.jsonl")).unwrap();
    let kinds: Vec<Value> =
        rounds.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["query"].clone()).collect();
    assert_eq!(kinds, ["label_counts", "train", "train", "evaluate"]);

    // With noise the split of the budget is printed, and recorded.
    let (told, summary) = succeeds(place.path(), &[&all[..], &["--mode", "central"]].concat());
    assert!(told.contains("of that budget, for evaluation: 10 % of rho"), "{told}");
    assert_eq!(summary["evaluation_share"].as_f64(), Some(0.1));
    let epsilon = summary["epsilon"].as_f64().unwrap();
    assert!(epsilon <= 8.0 && epsilon > 7.99, "{epsilon}");
}

#[test]
fn the_defaults_that_the_help_states_are_the_librarys() {
    use silhouette_simulation::{PrivacyChoice, SimulationConfig};
    let output = Command::new(env!("CARGO_BIN_EXE_silhouette")).args(["simulate", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let config = SimulationConfig::default();
    let PrivacyChoice::Budget { mode, epsilon, delta } = config.privacy else { unreachable!("the default is private") };
    let stated = [
        ("mode", mode.to_string()),
        ("epsilon", epsilon.to_string()),
        ("delta", format!("{delta:e}")),
        ("rounds", config.rounds.to_string()),
        ("evaluate-every", config.evaluate_every.to_string()),
        ("evaluate-privately", config.evaluate_privately.to_string()),
        ("evaluation-share", config.evaluation_share.to_string()),
        ("label-counts-share", config.label_counts_share.to_string()),
        ("held-out", config.held_out.to_string()),
        ("groups", config.groups.to_string()),
        ("trim", config.trim.to_string()),
        ("min-separation", config.min_separation.to_string()),
        ("prox-mu", config.proximal_mu.to_string()),
        ("noise", if config.tree { "tree" } else { "independent" }.to_owned()),
        ("seed", config.seed.to_string()),
    ];
    for (flag, value) in stated {
        let about = help.split("\n      --").find(|part| part.starts_with(&format!("{flag} "))).unwrap();
        let words = about.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&format!("[default: {value}]")), "--{flag}: {value}: {words}");
    }
}

/// A file without a column of users: 90 rows of three topics.
fn reviews() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let mut rows = "text,topic\n".to_owned();
    for i in 0..90 {
        let (about, topic) = [("guitar songs", "music"), ("a football match", "sport"), ("green tea", "tea")][i % 3];
        rows += &format!("text {i} is about {about},{topic}\n");
    }
    std::fs::write(place.path().join("people.jsonl"), "").unwrap();
    std::fs::write(place.path().join("reviews.csv"), rows).unwrap();
    place
}

fn partitioned(folder: &Path, arguments: &[&str]) -> Output {
    let run =
        ["simulate", "--data", "reviews.csv", "--task", "topic", "--mode", "none", "--rounds", "2", "--out", "run"];
    let all = [&run[..], arguments].concat();
    Command::new(env!("CARGO_BIN_EXE_silhouette")).args(all).current_dir(folder).output().unwrap()
}

#[test]
fn a_file_without_users_is_dealt_to_made_up_people() {
    let place = reviews();
    let refused = partitioned(place.path(), &[]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("expected one of the columns user, user_id"));
    let mut models = std::collections::BTreeSet::new();
    for skew in ["iid", "dirichlet:0.1", "shards:2", "labels:2", "quantity:0.5"] {
        let model = |threads: &str| {
            let output = partitioned(place.path(), &["--partition", skew, "--people", "15", "--threads", threads]);
            assert!(output.status.success(), "{skew}: {}", String::from_utf8_lossy(&output.stderr));
            let shown = String::from_utf8(output.stdout).unwrap();
            assert!(shown.contains("12 people train on"), "{shown}");
            let note = format!("note: partition: rows dealt to 15 made-up people (3 held out) by {skew} over topic");
            assert!(shown.contains(&note), "{shown}");
            let summary = std::fs::read(place.path().join("run/summary.json")).unwrap();
            let summary: Value = serde_json::from_slice(&summary).unwrap();
            summary["model_sha256"].as_str().unwrap().to_owned()
        };
        let one = model("1");
        assert_eq!(one, model("2"), "{skew}");
        assert!(models.insert(one), "{skew} deals as another does");
        let report = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
        assert!(report.contains("Made-up people") && report.contains("Labels of some of the people"));
    }
    // A person for every 20 rows, where nothing is said; and what can't be is refused by its flag.
    let shown = partitioned(place.path(), &["--partition", "iid"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("4 made-up people (1 held out)"));
    for (arguments, flag) in [
        (&["--partition", "dirichlet:0"][..], "--partition: expected iid, dirichlet:ALPHA"),
        (&["--partition", "labels:4", "--people", "10"], "--partition: expected at most labels:3"),
        (&["--partition", "iid", "--people", "91"], "--people: expected at most the 90 rows"),
        (&["--people", "10"], "--partition"),
    ] {
        let refused = partitioned(place.path(), arguments);
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && error.contains(flag), "{arguments:?}: {error}");
    }
}

#[test]
fn the_figures_of_single_people_are_left_for_research() {
    let place = people();
    let (told, summary) = succeeds(place.path(), &["--task", "topic", "--mode", "none"]);
    let users = std::fs::read_to_string(place.path().join("run/users.jsonl")).unwrap();
    let lines: Vec<Value> = users.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0]["user"].as_str(), lines[0]["texts"].as_u64()), (Some("z"), Some(2)));
    // The same texts that the accuracy of the run is of: there is but one person.
    assert_eq!(lines[0]["accuracy"], summary["accuracy"]);
    assert_eq!(summary["user_accuracy"]["mean"], summary["accuracy"]);
    assert_eq!(summary["user_accuracy"]["worst_decile"], summary["accuracy"]);
    assert_eq!(lines[0]["top_label_right"].as_bool(), Some(summary["user_top1"] == 1.0));
    assert!(told.contains("worst tenth"), "{told}");
    let report = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
    assert!(report.contains("Mean of the worst tenth") && report.contains("Accuracy of the worst tenth of people"));
}

#[test]
fn encoded_people_train_the_model_that_their_texts_do() {
    let place = people();
    let silhouette = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_silhouette")).args(arguments).current_dir(place.path()).output().unwrap()
    };
    let model = || {
        let summary: Value =
            serde_json::from_slice(&std::fs::read(place.path().join("run/summary.json")).unwrap()).unwrap();
        (summary["model_sha256"].clone(), summary["accuracy"].clone(), summary["texts_unseen_label"].clone())
    };
    succeeds(place.path(), &["--task", "topic"]);
    let (expected, people_of_texts) = (model(), std::fs::read(place.path().join("run/users.jsonl")).unwrap());
    let encoded = silhouette(&["encode", "--data", "people.jsonl", "--task", "topic", "--out", "people.silx"]);
    let shown = String::from_utf8(encoded.stdout).unwrap();
    assert!(shown.contains("6 people who train and 1 held out, 13 texts"), "{shown}");
    assert!(shown.contains("next: silhouette simulate --data people.silx"), "{shown}");
    let run = ["simulate", "--data", "people.silx", "--rounds", "2", "--out", "run"];
    for threads in ["1", "7"] {
        let output = silhouette(&[&run[..], &["--threads", threads]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(
            shown.contains("6 people train on 12 texts, read from the file when their turn comes, 1 are held out"),
            "{shown}"
        );
        assert_eq!(model(), expected);
        assert_eq!(std::fs::read(place.path().join("run/users.jsonl")).unwrap(), people_of_texts);
    }
    let other = silhouette(&[&run[..], &["--task", "mood"]].concat());
    assert!(
        String::from_utf8_lossy(&other.stderr).contains("expected people encoded for task mood, found ones for topic")
    );
    // Where it ends in the middle it is no file of people.
    let bytes = std::fs::read(place.path().join("people.silx")).unwrap();
    std::fs::write(place.path().join("people.silx"), &bytes[..bytes.len() - 9]).unwrap();
    let cut = silhouette(&run);
    assert!(String::from_utf8_lossy(&cut.stderr).contains("people.silx: byte 40, length: expected"));
}
