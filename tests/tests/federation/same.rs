//! The simulator and the service compute the same, bit by bit.

use sha2::{Digest, Sha256};
use silhouette_aggregator::{Event, TaskConfig};
use silhouette_client::Randomness;
use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
use silhouette_query::{AdaptiveClipConfig, Figures};
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, SimulationConfig, TaskChoice, run};
use silhouette_tests::people::terms;
use silhouette_text::{CleanOptions, Cleaner, Event as Text};
use tokio::sync::watch;

use crate::site::Site;

const SEED: u64 = 11;
const ROUNDS: u64 = 3;

/// The simulator's streams of randomness for this seed.
fn stream_seed() -> [u8; 32] {
    Sha256::new().chain_update(b"silhouette/simulation/1\0").chain_update(SEED.to_le_bytes()).finalize().into()
}

/// Texts cleaned, as every device does when it imports them.
fn texts() -> Vec<Text> {
    let people = Population::generate(SynthConfig { users: 7, seed: 3, ..SynthConfig::default() }).unwrap();
    let cleaner = Cleaner::new(CleanOptions::default());
    let clean = |event: &Text| Text { text: cleaner.clean(&event.text), ..event.clone() };
    people.events().map(clean).collect()
}

/// Mode local: every bit of randomness is the devices' and seeded, none is the aggregator's.
#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_and_the_service_publish_the_same_models() {
    publish_the_same(None, 0).await;
}

/// Each round's clip follows from the sums before it, on both sides.
#[tokio::test(flavor = "multi_thread")]
async fn they_do_with_a_clip_that_moves() {
    let adaptive = AdaptiveClipConfig { count_noise: Some(2.0), ..AdaptiveClipConfig::default() };
    let clips = publish_the_same(Some(adaptive), 0).await;
    assert!(clips.windows(2).all(|pair| pair[0] != pair[1]), "{clips:?}");
}

/// Evaluation and label counts between the rounds of training, out of one budget, on both sides.
#[tokio::test(flavor = "multi_thread")]
async fn they_do_with_every_kind_of_query() {
    assert_eq!(publish_the_same(None, 2).await.len(), 5);
}

/// Returns the clips.
async fn publish_the_same(adaptive_clip: Option<AdaptiveClipConfig>, evaluate_every: u64) -> Vec<f64> {
    let config = SimulationConfig {
        privacy: PrivacyChoice::Budget { mode: Mode::Local, epsilon: 8.0, delta: 1e-5 },
        rounds: ROUNDS,
        seed: SEED,
        buckets_log2: Some(6),
        adaptive_clip,
        evaluate_privately: evaluate_every,
        label_counts: evaluate_every > 0,
        ..SimulationConfig::default()
    };
    let data = Dataset::of_events(texts(), &TaskChoice::Field("interest".into()), &config).unwrap();
    assert_eq!(data.duplicates, 0, "the service's devices do not look for repeats");
    let simulated = run(&data, &config, &NativeEngine, &mut |_| {}).unwrap();

    let devices = data.train.len();
    let terms = TaskConfig {
        model_seed: SEED,
        rounds: ROUNDS,
        cohort: devices as u32,
        min_reports: devices as u32,
        mode: Mode::Local,
        epsilon: Some(8.0),
        noise_multiplier: None,
        evaluate_every,
        label_counts: evaluate_every > 0,
        clip: data.recipe.clip,
        adaptive_clip,
        training: data.recipe.training,
        optimiser: data.recipe.optimiser,
        task: Some(data.task.clone()),
        ..terms()
    };
    let place = tempfile::tempdir().unwrap();
    let mut site = Site::start(place.path().join("aggregator"), terms).await;
    let all = texts();
    let of_user = |id: &String| all.iter().filter(|event| event.user == *id).cloned().collect::<Vec<_>>();
    let people: Vec<_> = data.train.kept().iter().map(|user| of_user(&user.id)).collect();
    for (number, device) in site.enrol(place.path(), &people).await.iter().enumerate() {
        let seed = stream_seed();
        let randomness = Randomness::DangerousForSimulationOnly { seed, device: number as u64 + 1 };
        let mut participant = device.participant(site.address(), randomness);
        tokio::spawn(async move { participant.run(watch::channel(false).1, |_| {}).await });
    }
    for record in &simulated.rounds {
        let event = site.next_end().await;
        let Event::RoundClosed { round, query, figures, reports, model, .. } = event else { panic!("{event:?}") };
        assert_eq!(query, record.query);
        let (evaluation, counts) = (record.evaluation.clone(), record.label_counts.clone());
        let simulated = evaluation.map(Figures::Evaluation).or(counts.map(Figures::LabelCounts));
        assert_eq!(figures, simulated, "round {round}");
        assert_eq!((round, reports), (record.round, devices));
        assert_eq!(model.to_string(), record.model_sha256, "round {round}");
    }
    site.stop().await;
    simulated.rounds.iter().map(|record| record.clip).collect()
}
