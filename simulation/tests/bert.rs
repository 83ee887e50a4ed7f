//! Federations on a frozen sentence encoder, whose weights come from a folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may panic")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use silhouette_model::bert::BertEncoder;
use silhouette_model::{BertSpec, EncoderSpec, NativeEngine, Task};
use silhouette_privacy::Mode;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{
    Dataset, DatasetError, EncoderChoice, PrivacyChoice, Settings, SimulationConfig, Summary, TaskChoice, run,
    write_encoded,
};
use silhouette_text::{Event, ReadOptions};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/model/tests/golden").join(name)
}

fn weights(name: &str) -> Arc<BertEncoder> {
    Arc::new(BertEncoder::open(&folder(name)).unwrap())
}

fn texts() -> Vec<Event> {
    let made = Population::generate(SynthConfig { users: 40, seed: 3, ..SynthConfig::default() }).unwrap();
    made.events().cloned().collect()
}

fn task() -> TaskChoice {
    TaskChoice::Field("interest".into())
}

fn config() -> SimulationConfig {
    let (encoder, encoder_weights) = (Some(EncoderChoice::Bert), Some(weights("tiny-en")));
    SimulationConfig { rounds: 3, threads: 2, encoder, encoder_weights, ..SimulationConfig::default() }
}

fn trained(data: &Dataset, config: &SimulationConfig) -> String {
    let result = run(data, config, &NativeEngine, &mut |_| {}).unwrap();
    Summary::of(data, config, &result, "native").unwrap().model_sha256
}

#[test]
fn a_run_has_the_same_bits_from_texts_and_from_a_file_by_any_number_of_threads() {
    let masked = PrivacyChoice::Budget { mode: Mode::Distributed, epsilon: 8.0, delta: 1e-5 };
    for config in [
        config(),
        SimulationConfig { privacy: PrivacyChoice::None, ..config() },
        SimulationConfig { privacy: masked, secure_aggregation: true, ..config() },
        SimulationConfig { buckets_log2: Some(8), ..config() },
    ] {
        let data = Dataset::of_events(texts(), &task(), &config).unwrap();
        let EncoderSpec::Bert(spec) = &data.task.encoder else { panic!() };
        assert_eq!((spec.dim, spec.buckets()), (16, config.buckets_log2.map_or(0, |_| 256)));
        let expected = trained(&data, &config);
        let other = SimulationConfig { threads: 3, ..config.clone() };
        assert_eq!(trained(&Dataset::of_events(texts(), &task(), &other).unwrap(), &other), expected);
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("people.silx");
        write_encoded(&data, &file).unwrap();
        // The vectors are in the file: the weights are needed no more.
        let without = SimulationConfig { encoder: None, encoder_weights: None, buckets_log2: None, ..config };
        let encoded = Dataset::of_encoded(&file, &without).unwrap();
        assert_eq!(encoded.recipe, data.recipe);
        assert_eq!(trained(&encoded, &without), expected);
    }
}

#[test]
fn the_weights_that_are_needed_are_named() {
    let without = SimulationConfig { encoder_weights: None, ..config() };
    let error = Dataset::of_events(texts(), &task(), &without).err().unwrap().to_string();
    assert!(error.contains("--encoder-weights"), "{error}");
    // A task that states other weights than the run has.
    let stated = EncoderSpec::Bert(BertSpec { length: 20, ..BertSpec::new(weights("tiny-zh").hash(), 24) });
    let labels = SynthConfig::default().interests;
    assert!(labels > 1);
    let task =
        Task::of_labels("interest", texts().iter().map(|e| e.field("interest").unwrap().to_string()).collect(), stated);
    let choice = TaskChoice::Task(Box::new(task.unwrap()));
    let open = SimulationConfig { encoder: None, ..config() };
    let error = Dataset::of_events(texts(), &choice, &open).err().unwrap();
    assert!(matches!(error, DatasetError::Encoder(_)));
    assert!(error.to_string().contains(&weights("tiny-zh").hash().to_string()), "{error}");
    let right = SimulationConfig { encoder_weights: Some(weights("tiny-zh")), ..open };
    assert!(Dataset::of_events(texts(), &choice, &right).is_ok());
}

#[test]
fn settings_open_the_folder_or_say_what_is_wrong_with_it() {
    let settings = |name: &str| Settings {
        encoder: Some("bert".into()),
        encoder_weights: Some(folder(name)),
        ..Settings::default()
    };
    assert_eq!(settings("tiny-en").config().unwrap().encoder_weights, Some(weights("tiny-en")));
    let error = settings("nowhere").config().unwrap_err().to_string();
    assert!(error.contains("encoder-weights") && error.contains("config.json"), "{error}");
}

/// Encoding takes minutes, so only where the folder of all-MiniLM-L6-v2 is named.
#[test]
fn english_interests_on_minilm() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let shared = std::env::var("SILHOUETTE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let path = PathBuf::from(shared).join("data/news20_authors.en.jsonl.gz");
    let minilm = std::env::var_os("SILHOUETTE_MINILM").map(PathBuf::from).filter(|_| path.exists());
    let Some(minilm) = minilm else {
        let mut out = std::io::stderr().lock();
        writeln!(out, "SKIPPED: {} or $SILHOUETTE_MINILM is not at hand; quality NOT checked", path.display()).unwrap();
        return;
    };
    let weights = Some(Arc::new(BertEncoder::open(&minilm).unwrap()));
    let config = |privacy| SimulationConfig {
        encoder: Some(EncoderChoice::Bert),
        encoder_weights: weights.clone(),
        privacy,
        ..SimulationConfig::default()
    };
    let budget = |epsilon| PrivacyChoice::Budget { mode: Mode::Central, epsilon, delta: 1e-5 };
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("people.silx");
    let first = config(PrivacyChoice::None);
    write_encoded(&Dataset::load(&path, &ReadOptions::default(), &task(), &first).unwrap(), &file).unwrap();
    for (privacy, bar) in [(PrivacyChoice::None, 0.81), (budget(8.0), 0.77), (budget(2.0), 0.74)] {
        let config = config(privacy);
        let data = Dataset::of_encoded(&file, &config).unwrap();
        let result = run(&data, &config, &NativeEngine, &mut |_| {}).unwrap();
        let accuracy = result.evaluation.confusion.scores().accuracy;
        eprintln!("{privacy:?}: accuracy {accuracy:.4}, top1 {:.4}", result.evaluation.user_top1);
        assert!(accuracy >= bar, "{privacy:?}: {accuracy:.4} is below {bar}");
    }
}
