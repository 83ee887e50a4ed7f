//! A run that is stopped in the middle goes on to the same end, bit for bit, or says why it can't.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may panic")]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use silhouette_model::{Change, Engine, EngineError, Examples, LocalTraining, Model, NativeEngine, TextVector};
use silhouette_privacy::Mode;
use silhouette_query::{AdaptiveClipConfig, OptimiserKind};
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{
    CheckpointEvery, Checkpoints, Dataset, PrivacyChoice, RoundRecord, RunError, RunResult, SimulationConfig,
    TaskChoice, run, run_checkpointed,
};

/// Fails after so many devices, as a machine might.
struct Mortal(AtomicU64);

impl Engine for Mortal {
    fn name(&self) -> &str {
        NativeEngine.name()
    }

    fn train(&self, m: &Model, e: &Examples, t: &LocalTraining, seed: u64) -> Result<Change, EngineError> {
        if self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            return Err(EngineError::Device { engine: "mortal", reason: "its time has come".into() });
        }
        NativeEngine.train(m, e, t, seed)
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        NativeEngine.predict(model, texts)
    }
}

fn config(mode: Option<Mode>) -> SimulationConfig {
    let budget = |mode| PrivacyChoice::Budget { mode, epsilon: 8.0, delta: 1e-5 };
    SimulationConfig {
        privacy: mode.map_or(PrivacyChoice::None, budget),
        rounds: 9,
        cohort: Some(10),
        buckets_log2: Some(6),
        threads: 2,
        ..SimulationConfig::default()
    }
}

fn data(config: &SimulationConfig) -> Dataset {
    let people = Population::generate(SynthConfig { users: 40, ..SynthConfig::default() }).unwrap();
    Dataset::of_events(people.events().cloned().collect(), &TaskChoice::Field("interest".into()), config).unwrap()
}

fn kept(folder: &Path, resume: bool) -> Checkpoints {
    Checkpoints { path: folder.join("checkpoint.bin"), every: CheckpointEvery::Rounds(1), resume }
}

fn checkpointed(
    data: &Dataset,
    config: &SimulationConfig,
    engine: &dyn Engine,
    checkpoints: &Checkpoints,
) -> Result<RunResult, RunError> {
    let start = Model::new(data.task.clone(), config.seed);
    run_checkpointed(start, data, config, engine, checkpoints, &mut |_| {})
}

/// A run that dies after so many devices have trained.
fn dies(folder: &Path, data: &Dataset, config: &SimulationConfig, devices: u64) {
    let mortal = Mortal(AtomicU64::new(devices));
    let error = checkpointed(data, config, &mortal, &kept(folder, false)).err().expect("it dies");
    assert!(error.to_string().contains("its time has come"), "{error}");
}

fn but_for_seconds(rounds: &[RoundRecord]) -> Vec<RoundRecord> {
    rounds.iter().map(|record| RoundRecord { seconds: 0.0, ..record.clone() }).collect()
}

#[test]
fn every_kind_of_run_goes_on_to_the_same_end() {
    let adaptive =
        Some(AdaptiveClipConfig { learning_rate: 0.7, count_noise: Some(4.0), ..AdaptiveClipConfig::default() });
    let central = config(Some(Mode::Central));
    let distributed = config(Some(Mode::Distributed));
    let kinds = [
        ("none", config(None)),
        ("adam, averaged", central.clone()),
        ("yogi", SimulationConfig { server_optimiser: Some(OptimiserKind::Yogi), ..central.clone() }),
        ("adaptive clip", SimulationConfig { adaptive_clip: adaptive, ..central.clone() }),
        ("tree", SimulationConfig { tree: true, min_separation: 2, ..central.clone() }),
        ("queries", SimulationConfig { evaluate_privately: 3, label_counts: true, ..central.clone() }),
        ("groups", SimulationConfig { groups: 2, trim: 0, ..distributed.clone() }),
        ("masks", SimulationConfig { secure_aggregation: true, rounds: 7, ..distributed }),
        ("trained table", SimulationConfig { encoder: Some("bag:4".parse().unwrap()), ..central.clone() }),
        (
            "at the budget",
            SimulationConfig {
                noise_multiplier: Some(6.0),
                stop_at_epsilon: Some(2.0),
                rounds: 100,
                evaluate_every: 7,
                ..central
            },
        ),
    ];
    for (name, config) in kinds {
        let data = data(&config);
        let whole = run(&data, &config, &NativeEngine, &mut |_| {}).unwrap();
        for devices in [15, 47] {
            let place = tempfile::tempdir().unwrap();
            dies(place.path(), &data, &config, devices);
            // The number of threads is no setting that a result depends on.
            let fewer = SimulationConfig { threads: 1, ..config.clone() };
            let resumed = checkpointed(&data, &fewer, &NativeEngine, &kept(place.path(), true)).unwrap();
            assert!(resumed.resumed_after.is_some_and(|round| round > 0), "{name}");
            assert_eq!(but_for_seconds(&resumed.rounds), but_for_seconds(&whole.rounds), "{name}");
            assert_eq!(resumed.model.content_hash().unwrap(), whole.model.content_hash().unwrap(), "{name}");
            assert_eq!(resumed.stopped, whole.stopped, "{name}");
            assert_eq!(resumed.evaluation.user_accuracy(), whole.evaluation.user_accuracy(), "{name}");
        }
    }
}

#[test]
fn a_run_that_dies_again_and_again_ends_the_same() {
    let config = config(Some(Mode::Central));
    let data = data(&config);
    let whole = run(&data, &config, &NativeEngine, &mut |_| {}).unwrap();
    let place = tempfile::tempdir().unwrap();
    dies(place.path(), &data, &config, 12);
    let result = loop {
        let mortal = Mortal(AtomicU64::new(23));
        match checkpointed(&data, &config, &mortal, &kept(place.path(), true)) {
            Ok(result) => break result,
            Err(error) => assert!(error.to_string().contains("its time has come"), "{error}"),
        }
    };
    assert_eq!(but_for_seconds(&result.rounds), but_for_seconds(&whole.rounds));
    kept(place.path(), true).forget().unwrap();
    let missing = checkpointed(&data, &config, &NativeEngine, &kept(place.path(), true)).err().unwrap();
    assert!(missing.to_string().ends_with("expected that of a stopped run to go on from, found none"), "{missing}");
}

#[test]
fn what_differs_is_named() {
    let config = config(Some(Mode::Central));
    let first = data(&config);
    let place = tempfile::tempdir().unwrap();
    dies(place.path(), &first, &config, 25);
    let refused = |data: &Dataset, config: &SimulationConfig| {
        checkpointed(data, config, &NativeEngine, &kept(place.path(), true)).err().unwrap().to_string()
    };
    let rounds = SimulationConfig { rounds: 10, ..config.clone() };
    let error = refused(&first, &rounds);
    assert!(error.contains("is of another run: setting rounds: expected 10, found 9 in the checkpoint"), "{error}");
    let error = refused(&first, &SimulationConfig { cohort: Some(11), ..config.clone() });
    assert!(error.contains("setting cohort: expected Some(11), found Some(10)"), "{error}");
    let people = Population::generate(SynthConfig { users: 40, seed: 99, ..SynthConfig::default() }).unwrap();
    let choice = TaskChoice::Field("interest".into());
    let other = Dataset::of_events(people.events().cloned().collect(), &choice, &config).unwrap();
    let error = refused(&other, &config);
    assert!(error.contains("another run: people who train") || error.contains("another run: texts"), "{error}");
    // An unfinished run is not thrown away by accident.
    let error = checkpointed(&first, &config, &NativeEngine, &kept(place.path(), false)).err().unwrap().to_string();
    assert!(error.contains("found that of an unfinished one"), "{error}");
}

#[test]
fn what_is_cut_or_changed_is_refused() {
    let config = config(Some(Mode::Central));
    let data = data(&config);
    let place = tempfile::tempdir().unwrap();
    dies(place.path(), &data, &config, 25);
    let path = place.path().join("checkpoint.bin");
    let whole = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        checkpointed(&data, &config, &NativeEngine, &kept(place.path(), true)).err().map(|e| e.to_string())
    };
    for length in [0, 7, 40, whole.len() / 2, whole.len() - 1] {
        let error = refused(&whole[..length]).expect("a cut one is refused");
        assert!(error.contains("expected") && error.contains("checkpoint.bin"), "{error}");
    }
    let mut longer = whole.clone();
    longer.resize(64 << 20, 0);
    let error = refused(&longer).unwrap();
    assert!(error.contains("length: expected at most"), "{error}");
    proptest!(ProptestConfig { cases: 24, ..ProptestConfig::default() }, |(at in 0..whole.len(), bit in 0..8_u32)| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        prop_assert!(refused(&bytes).is_some(), "byte {at}");
    });
    // With a hash that fits it is still no other run's, nor does it panic; what it says of a budget is checked.
    proptest!(ProptestConfig { cases: 24, ..ProptestConfig::default() }, |(at in 0..whole.len() - 32, bit in 0..8_u32)| {
        let mut bytes = whole[..whole.len() - 32].to_vec();
        bytes[at] ^= 1 << bit;
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        let _ = refused(&bytes);
    });
    assert_eq!(refused(&whole), None);
}
