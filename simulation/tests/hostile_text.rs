//! A file to train on that somebody has spoiled: what is sound in it trains as if the rest were not
//! there, and what can't train is refused by name.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use silhouette_model::{NativeEngine, Task};
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, DatasetError, SimulationConfig, TaskChoice, run};
use silhouette_text::ReadOptions;

fn rows() -> Vec<String> {
    let people = Population::generate(SynthConfig { users: 12, ..SynthConfig::default() }).unwrap();
    people.events().map(|event| serde_json::to_string(event).unwrap()).collect()
}

fn config() -> SimulationConfig {
    SimulationConfig { rounds: 2, buckets_log2: Some(8), ..SimulationConfig::default() }
}

fn interest() -> TaskChoice {
    TaskChoice::Field("interest".into())
}

fn load(path: &Path, choice: &TaskChoice) -> Result<Dataset, DatasetError> {
    Dataset::load(path, &ReadOptions::default(), choice, &config())
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn model(data: &Dataset) -> String {
    run(data, &config(), &NativeEngine, &mut |_| {}).unwrap().model.content_hash().unwrap().to_string()
}

/// Between the sound rows: a NaN rating, a line of 10 MB, half a character, an empty user, an empty
/// text, half a JSON object, a list.
fn spoiled(rows: &[String]) -> Vec<u8> {
    let long = format!(r#"{{"user":"long","text":"{}","interest":"music"}}"#, "x".repeat(10 << 20));
    let bad: [&[u8]; 7] = [
        br#"{"user":"nan","text":"good","interest":"music","rating":NaN}"#,
        long.as_bytes(),
        b"{\"user\":\"half\",\"text\":\"\xe4\xbd\",\"interest\":\"music\"}",
        br#"{"user":"","text":"nobody's","interest":"music"}"#,
        br#"{"user":"silent","text":"","interest":"music"}"#,
        br#"{"user":"cut","text":"#,
        b"[1, 2, 3]",
    ];
    let mut bytes = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        if let Some(bad) = bad.get(i) {
            bytes.extend_from_slice(bad);
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(row.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

#[test]
fn bad_rows_change_nothing_of_what_the_good_ones_train() {
    let place = tempfile::tempdir().unwrap();
    let rows = rows();
    let clean = load(&file(place.path(), "clean.jsonl", (rows.join("\n") + "\n").as_bytes()), &interest()).unwrap();
    let spoiled = load(&file(place.path(), "spoiled.jsonl", &spoiled(&rows)), &interest()).unwrap();
    assert_eq!((clean.read.skipped, spoiled.read.skipped), (0, 7));
    assert_eq!(spoiled.read.kept as usize, rows.len());
    let ids = |data: &Dataset| data.train.kept().iter().map(|user| user.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&spoiled), ids(&clean));
    assert_eq!(model(&spoiled), model(&clean));
}

#[test]
fn a_truncated_gzip_trains_on_the_rows_before_the_cut_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(rows().join("\n").as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    let data = load(&file(place.path(), "cut.jsonl.gz", &whole[..whole.len() * 3 / 4]), &interest()).unwrap();
    assert!(data.read.ended_early.is_some());
    assert!((2..12).contains(&(data.train.len() + data.test.len())));
    model(&data);
}

#[test]
fn one_user_alone_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let one = |i| format!(r#"{{"user":"me","text":"text {i}","interest":"music","split_user":"train"}}"#);
    let alone = (0..9).map(one).collect::<Vec<_>>().join("\n");
    let refused = load(&file(place.path(), "one.jsonl", alone.as_bytes()), &interest());
    assert!(matches!(refused.err(), Some(DatasetError::TooFewUsers { found: 1 })));
}

#[test]
fn a_label_the_task_does_not_know_is_refused_without_showing_it() {
    let place = tempfile::tempdir().unwrap();
    let task = "name = \"t\"\n[[head]]\nname = \"i\"\nkind = \"classes\"\nfield = \"i\"\nlabels = [\"a\", \"b\"]\n";
    let choice = TaskChoice::Task(Box::new(Task::from_toml(task).unwrap()));
    let row = |(user, label)| format!(r#"{{"user":"{user}","text":"hello","i":"{label}","split_user":"train"}}"#);
    let rows = [("u", "a"), ("v", "b"), ("w", "my-secret")].map(row).join("\n");
    let refused = load(&file(place.path(), "label.jsonl", rows.as_bytes()), &choice).err().unwrap();
    let message = refused.to_string();
    assert!(matches!(refused, DatasetError::Task(_)));
    assert!(message.contains("column i: expected one of a, b") && !message.contains("my-secret"), "{message}");
}

#[test]
fn labels_that_are_no_labels_are_refused() {
    let place = tempfile::tempdir().unwrap();
    // A score of NaN, and a task whose labels nobody has.
    let score = "name = \"t\"\n[[head]]\nname = \"s\"\nkind = \"score\"\nfield = \"s\"\nmin = 0.0\nmax = 1.0\n";
    let score = TaskChoice::Task(Box::new(Task::from_toml(score).unwrap()));
    let rows = ["u", "v"].map(|u| format!(r#"{{"user":"{u}","text":"hello","s":"NaN","split_user":"train"}}"#));
    let path = file(place.path(), "nan.jsonl", rows.join("\n").as_bytes());
    assert!(matches!(load(&path, &score).err(), Some(DatasetError::Task(_))));
    assert!(matches!(load(&path, &interest()).err(), Some(DatasetError::NoLabels { .. })));
}
