//! People in a file: the same model as from their texts, and no trust in what the file says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{
    Dataset, EncodedFile, EncoderChoice, People, PrivacyChoice, RunResult, SimulationConfig, Summary, TaskChoice, run,
    write_encoded,
};
use silhouette_text::{Event, ReadOptions};

fn texts() -> Vec<Event> {
    let made = Population::generate(SynthConfig { users: 40, seed: 3, ..SynthConfig::default() }).unwrap();
    let mut events: Vec<Event> = made.events().cloned().collect();
    // A held-out person with a label that nobody who trains has.
    for (text, label) in [("green tea", "tea"), ("a loud guitar", "music")] {
        let mut event = Event::new("zz", text);
        event.extra.insert("interest".into(), label.into());
        event.extra.insert("split_user".into(), "test".into());
        events.push(event);
    }
    events
}

fn config() -> SimulationConfig {
    SimulationConfig { rounds: 3, buckets_log2: Some(10), threads: 2, ..SimulationConfig::default() }
}

fn task() -> TaskChoice {
    TaskChoice::Field("interest".into())
}

fn from_texts(config: &SimulationConfig) -> Dataset {
    Dataset::of_events(texts(), &task(), config).unwrap()
}

fn in_a_file(config: &SimulationConfig) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("people.silx");
    write_encoded(&from_texts(config), &file).unwrap();
    (place, file)
}

fn trained(data: &Dataset, config: &SimulationConfig) -> (String, RunResult) {
    let result = run(data, config, &NativeEngine, &mut |_| {}).unwrap();
    (Summary::of(data, config, &result, "native").unwrap().model_sha256, result)
}

#[test]
fn a_run_over_the_file_has_the_models_bits_and_its_figures() {
    let masked = PrivacyChoice::Budget { mode: Mode::Distributed, epsilon: 8.0, delta: 1e-5 };
    for config in [
        config(),
        SimulationConfig { privacy: PrivacyChoice::None, cohort: Some(9), ..config() },
        SimulationConfig { privacy: masked, secure_aggregation: true, ..config() },
        SimulationConfig { evaluate_privately: 2, label_counts: true, ..config() },
        SimulationConfig { encoder: Some(EncoderChoice::TrainedBag(8)), ..config() },
        SimulationConfig { encoder: Some(EncoderChoice::Transformer), rounds: 1, ..config() },
    ] {
        let (_place, file) = in_a_file(&config);
        let data = from_texts(&config);
        let (expected, of_texts) = trained(&data, &config);
        for threads in [1, 2, 7] {
            let config = SimulationConfig { threads, ..config.clone() };
            let encoded = Dataset::of_encoded(&file, &config).unwrap();
            let (found, of_file) = trained(&encoded, &config);
            assert_eq!(found, expected, "{threads} threads, {config:?}");
            assert_eq!(of_file.evaluation.loss.to_bits(), of_texts.evaluation.loss.to_bits());
            assert_eq!(of_file.evaluation.confusion, of_texts.evaluation.confusion);
            assert_eq!(of_file.evaluation.people, of_texts.evaluation.people);
        }
    }
}

#[test]
fn nobody_is_kept_and_what_was_said_of_the_data_is_said_again() {
    let (_place, file) = in_a_file(&config());
    let (texts, encoded) = (from_texts(&config()), Dataset::of_encoded(&file, &config()).unwrap());
    assert!(matches!((&encoded.train, &encoded.test), (People::Made(_), People::Made(_))));
    assert_eq!((encoded.train.len(), encoded.test.len()), (texts.train.len(), texts.test.len()));
    assert_eq!((encoded.task.clone(), encoded.unseen(), encoded.duplicates), (texts.task, 1, texts.duplicates));
    assert_eq!(encoded.train.examples(), texts.train.kept().iter().map(|user| user.examples.len()).sum::<usize>());
    assert!(texts.notes.iter().all(|note| encoded.notes.contains(note)) && encoded.notes.len() > texts.notes.len());
    // Ids and labels are there for the figures of single people.
    let opened = EncodedFile::open(&file).unwrap();
    let last = opened.read(texts.train.len() + texts.test.len() - 1).unwrap();
    assert_eq!((last.id.as_str(), last.unseen[0].label.as_str()), ("zz", "tea"));
    assert!(opened.read(texts.train.len() + texts.test.len()).is_err());
    // Dataset::load knows such a file by its first bytes.
    let load = |choice| Dataset::load(&file, &ReadOptions::default(), &choice, &config());
    assert_eq!(load(task()).unwrap().train.len(), encoded.train.len());
    let error = load(TaskChoice::Field("stars".into())).err().unwrap().to_string();
    assert!(error.contains("expected people encoded for task stars, found ones for interest"), "{error}");
}

#[test]
fn settings_that_the_file_has_settled_are_refused() {
    let (_place, file) = in_a_file(&config());
    let refused = |change: fn(&mut SimulationConfig)| {
        let mut config = config();
        change(&mut config);
        Dataset::of_encoded(&file, &config).err().unwrap().to_string()
    };
    let partition = refused(|c| c.partition = Some(partition_of("iid")));
    assert!(partition.starts_with("--partition: expected none with people who are encoded already"), "{partition}");
    assert!(refused(|c| c.compare = true).starts_with("--compare: expected none"));
    let buckets = refused(|c| c.buckets_log2 = Some(12));
    assert!(buckets.contains("expected the bag of 2^10 buckets that the people are encoded for"), "{buckets}");
    assert!(refused(|c| c.encoder = Some(EncoderChoice::Transformer)).contains("found transformer"));
    // Another budget keeps the file's encoder, so that one file serves a sweep.
    let free = SimulationConfig { privacy: PrivacyChoice::None, buckets_log2: None, ..config() };
    assert_eq!(Dataset::of_encoded(&file, &free).unwrap().task, from_texts(&config()).task);
}

fn partition_of(text: &str) -> silhouette_simulation::Partition {
    silhouette_simulation::Partition { skew: text.parse().unwrap(), people: None }
}

/// Every person of a file, or what is wrong.
fn read_all(file: &Path) -> Result<usize, String> {
    let opened = EncodedFile::open(file).map_err(|error| error.to_string())?;
    let (train, test) = opened.people();
    let people = train.len() + test.len();
    (0..people).try_for_each(|number| opened.read(number).map(drop)).map_err(|error| error.to_string())?;
    Ok(people)
}

#[test]
fn a_damaged_file_is_refused_wherever_it_is_damaged() {
    let small = SimulationConfig { buckets_log2: Some(6), ..config() };
    let mut events = texts();
    events.retain(|event| {
        ["u00001", "u00002", "u00003", "u00004", "u00005", "u00006", "zz"].contains(&event.user.as_str())
    });
    let data = Dataset::of_events(events, &task(), &small).unwrap();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("people.silx");
    write_encoded(&data, &file).unwrap();
    let whole = fs::read(&file).unwrap();
    assert_eq!(read_all(&file), Ok(data.train.len() + data.test.len()));
    let damaged = place.path().join("damaged.silx");
    // Every byte of the fixed part, and some of everything else.
    let step = (whole.len() / 400).max(1);
    for at in (0..100).chain((100..whole.len()).step_by(step)).chain(whole.len() - 40..whole.len()) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&damaged, bytes).unwrap();
        let error = read_all(&damaged).expect_err(&format!("byte {at} of {}", whole.len()));
        let told = error.contains("byte ") && error.contains("expected ") && error.contains("found ");
        assert!(told && error.contains("damaged.silx"), "{at}: {error}");
    }
    for length in [0, 1, 79, 80, 81, whole.len() / 2, whole.len() - 1, whole.len() + 1] {
        let mut bytes = whole.clone();
        bytes.resize(length, 0);
        fs::write(&damaged, bytes).unwrap();
        assert!(read_all(&damaged).unwrap_err().contains("expected "), "{length}");
    }
}

#[test]
fn a_number_that_asks_for_too_much_is_refused_before_anything_is_allocated() {
    let (_place, file) = in_a_file(&config());
    let whole = fs::read(&file).unwrap();
    for (at, field) in [(12, "header"), (16, "people"), (24, "people"), (32, "index"), (40, "length")] {
        let mut bytes = whole.clone();
        bytes[at..at + 4].fill(0xff);
        let large = file.with_extension("large");
        fs::write(&large, bytes).unwrap();
        let error = EncodedFile::open(&large).err().unwrap().to_string();
        assert!(error.contains(&format!("byte {}, {field}: expected", if at == 24 { 16 } else { at })), "{error}");
    }
}

#[test]
fn a_damaged_record_ends_the_run_with_its_place() {
    let (_place, file) = in_a_file(&config());
    let mut bytes = fs::read(&file).unwrap();
    let header = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    bytes[80 + header + 30] ^= 1;
    fs::write(&file, bytes).unwrap();
    let data = Dataset::of_encoded(&file, &config()).unwrap();
    let error = run(&data, &config(), &NativeEngine, &mut |_| {}).err().unwrap().to_string();
    assert!(error.starts_with("person 0: ") && error.contains("record's checksum: expected 0x"), "{error}");
}

#[test]
fn a_file_is_whole_or_as_it_was() {
    let (place, file) = in_a_file(&config());
    let first = fs::read(&file).unwrap();
    write_encoded(&from_texts(&config()), &file).unwrap();
    assert_eq!(fs::read(&file).unwrap(), first, "the same people make the same bytes");
    let nowhere = place.path().join("nowhere").join("people.silx");
    assert!(write_encoded(&from_texts(&config()), &nowhere).is_err());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing unfinished is left");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "for its owner alone");
    }
}
