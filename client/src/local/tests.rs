use std::sync::{Arc, Mutex};

use silhouette_model::{BagSpec, Change, EncoderSpec, LocalTraining, NativeEngine, Task, TextVector, Vectoriser};
use silhouette_privacy::Mode;
use silhouette_privacy::noise::DyadicSigma;
use silhouette_text::Event;

use super::*;
use crate::fixtures;

fn work_of(events: &[Event]) -> (Model, Examples) {
    let encoder = EncoderSpec::Bag(BagSpec { buckets_log2: 8, words: false, ..BagSpec::default() });
    let task = Task::of_labels("topic", ["music".into(), "sport".into()].into(), encoder).unwrap();
    let vectoriser = Vectoriser::new(&task.encoder).unwrap();
    let examples = Examples::of(&task, &vectoriser, events).unwrap();
    (Model::new(task, 1), examples)
}

fn run(manifest: &Manifest, model: &Model, examples: &Examples, draws: Draws) -> Result<Release, LocalRoundError> {
    let parameters = ReleaseParameters::try_from(manifest).unwrap();
    local_round(&Work { engine: &NativeEngine, model, examples, manifest, parameters: &parameters }, draws)
}

fn seeded(round: u64, device: u64) -> Draws {
    Draws::dangerous_for_simulation_only([7; 32], round, device)
}

#[test]
fn equal_draws_give_equal_bytes_and_others_do_not() {
    let (model, examples) = work_of(&fixtures::events());
    let manifest = fixtures::manifest(&model, 1, Mode::Local);
    let bytes = |draws| run(&manifest, &model, &examples, draws).unwrap().as_bytes().to_vec();
    assert_eq!(bytes(seeded(1, 2)), bytes(seeded(1, 2)));
    assert_ne!(bytes(seeded(1, 2)), bytes(seeded(1, 3)));
    assert_ne!(bytes(seeded(1, 2)), bytes(seeded(2, 2)));
    let system = || bytes(Draws::from_system().unwrap());
    assert_ne!(system(), system());
}

#[test]
fn a_device_without_examples_releases_noise_alone() {
    let (model, _) = work_of(&[]);
    let manifest = fixtures::manifest(&model, 1, Mode::Local);
    let release = run(&manifest, &model, &Examples::default(), seeded(1, 1)).unwrap();
    assert_eq!(release.dimension(), model.layout().total());
    assert!(release.as_bytes().iter().any(|&b| b != 0));
}

#[test]
fn another_model_or_query_is_refused_before_any_noise() {
    let (model, examples) = work_of(&fixtures::events());
    let good = fixtures::manifest(&model, 1, Mode::Central);
    let refused = |m: &Manifest| run(m, &model, &examples, seeded(1, 1)).err().unwrap();
    let other = Manifest { layout: ContentHash::of(b"other"), ..good.clone() };
    assert!(matches!(refused(&other), LocalRoundError::Layout { .. }));
    let shorter = Manifest { dimension: good.dimension - 1, ..good.clone() };
    assert!(matches!(refused(&shorter), LocalRoundError::Dimension { .. }));
    // Two labels: a vector of five entries for an evaluation, of two for counts.
    for (query, found) in [(QueryKind::Evaluate, 5), (QueryKind::LabelCounts, 2)] {
        let other = Manifest { query, ..good.clone() };
        assert_eq!(refused(&other), LocalRoundError::Dimension { expected: good.dimension as usize, found });
        let long = Manifest { dimension: found as u32, ..other };
        assert!(matches!(refused(&long), LocalRoundError::Layout { .. }));
    }
}

#[test]
fn every_kind_of_query_gives_a_release_of_its_length() {
    let (model, examples) = work_of(&fixtures::events());
    for (query, entries) in [(QueryKind::Evaluate, 5), (QueryKind::LabelCounts, 2)] {
        let manifest = fixtures::manifest_of(query, &model, 1, Mode::Central);
        let release = run(&manifest, &model, &examples, seeded(1, 1)).unwrap();
        assert_eq!(release.dimension(), entries);
        // Two bytes a number; three of the six texts are music, three sport.
        let bytes = release.as_bytes();
        let value = |i: usize| f64::from(i16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]])) / 16_384.0;
        if query == QueryKind::LabelCounts {
            assert!((value(0) - 0.5).abs() < 1e-3 && (value(1) - 0.5).abs() < 1e-3, "{bytes:?}");
        } else {
            let norm = (0..entries).map(|i| value(i).powi(2)).sum::<f64>().sqrt();
            assert!(norm > 0.5 && norm < 1.001, "{norm}");
        }
    }
}

#[test]
fn a_task_without_labels_is_no_use_for_a_query_about_them() {
    let head = silhouette_model::Head::new("score", "score", silhouette_model::HeadKind::Score { min: 0.0, max: 1.0 });
    let (model, examples) = work_of(&fixtures::events());
    let task = Task { heads: vec![head], ..model.task().clone() };
    let manifest = Manifest { query: QueryKind::Evaluate, ..fixtures::manifest(&model, 1, Mode::Central) };
    let refused = run(&manifest, &Model::new(task, 1), &examples, seeded(1, 1)).err().unwrap();
    assert_eq!(refused, LocalRoundError::NoLabels { query: QueryKind::Evaluate });
}

/// Notes that it was asked, and asks the real one.
struct Noted<T> {
    real: T,
    log: Arc<Mutex<Vec<&'static str>>>,
}

impl<T: NoiseSource> NoiseSource for Noted<T> {
    fn sample_discrete_gaussian(&mut self, sigma: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        self.log.lock().unwrap().push("noise");
        self.real.sample_discrete_gaussian(sigma, out)
    }
}

impl<T: Engine> Engine for Noted<T> {
    fn name(&self) -> &str {
        self.real.name()
    }

    fn train(&self, m: &Model, e: &Examples, t: &LocalTraining, seed: u64) -> Result<Change, EngineError> {
        self.log.lock().unwrap().push("data");
        self.real.train(m, e, t, seed)
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        self.log.lock().unwrap().push("data");
        self.real.predict(model, texts)
    }
}

#[test]
fn noise_is_drawn_before_the_data_are_looked_at() {
    let (model, examples) = work_of(&fixtures::events());
    let kinds = [QueryKind::Train, QueryKind::Evaluate];
    for (mode, query) in [Mode::Local, Mode::Distributed].into_iter().flat_map(|m| kinds.map(|query| (m, query))) {
        let manifest = fixtures::manifest_of(query, &model, 1, mode);
        let log = Arc::<Mutex<Vec<_>>>::default();
        let draws =
            Draws { noise: Box::new(Noted { real: OpenDpNoise::new(), log: Arc::clone(&log) }), ..seeded(1, 1) };
        let engine = Noted { real: NativeEngine, log: Arc::clone(&log) };
        let parameters = ReleaseParameters::try_from(&manifest).unwrap();
        let work =
            Work { engine: &engine, model: &model, examples: &examples, manifest: &manifest, parameters: &parameters };
        local_round(&work, draws).unwrap();
        assert_eq!(*log.lock().unwrap(), ["noise", "data"], "{mode}");
    }
}
