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

/// What the two have in common.
struct Case {
    mode: Mode,
    /// Devices that train; the simulator keeps some people for looking at the model.
    devices: usize,
    groups: u32,
    active_mode: bool,
    adaptive_clip: Option<AdaptiveClipConfig>,
    /// Rounds of training between two of evaluation, which with one of label counts come out of the same budget.
    evaluate_every: u64,
}

impl Case {
    fn of(mode: Mode, devices: usize) -> Self {
        Self { mode, devices, groups: 1, active_mode: false, adaptive_clip: None, evaluate_every: 0 }
    }

    /// With three groups one value of three is left: the median.
    fn trim(&self) -> u32 {
        self.groups / 3
    }
}

/// The simulator's streams of randomness for this seed.
fn stream_seed() -> [u8; 32] {
    Sha256::new().chain_update(b"silhouette/simulation/1\0").chain_update(SEED.to_le_bytes()).finalize().into()
}

/// The simulator's seed for what an aggregator asks its operating system for.
fn seed_for(purpose: &str) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"silhouette/simulation/seed\0").chain_update(purpose);
    hash.chain_update(SEED.to_le_bytes()).finalize().into()
}

/// The seed of a group's manifest, which says how the group's vectors are rotated.
fn manifest_seed(round: u64, group: usize) -> u64 {
    if group == 0 {
        return SEED + round;
    }
    u64::from_le_bytes(seed_for(&format!("group {group} of round {round}"))[..8].try_into().unwrap())
}

/// Texts cleaned, as every device does when it imports them.
fn texts(users: usize, seed: u64) -> Vec<Text> {
    let people = Population::generate(SynthConfig { users, seed, ..SynthConfig::default() }).unwrap();
    let cleaner = Cleaner::new(CleanOptions::default());
    let clean = |event: &Text| Text { text: cleaner.clean(&event.text), ..event.clone() };
    people.events().map(clean).collect()
}

/// Mode local: every bit of randomness is the devices' and seeded, none is the aggregator's.
#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_and_the_service_publish_the_same_models() {
    publish_the_same(&Case::of(Mode::Local, 5)).await;
}

/// Each round's clip follows from the sums before it, on both sides.
#[tokio::test(flavor = "multi_thread")]
async fn they_do_with_a_clip_that_moves() {
    let adaptive_clip = Some(AdaptiveClipConfig { count_noise: Some(2.0), ..AdaptiveClipConfig::default() });
    let clips = publish_the_same(&Case { adaptive_clip, ..Case::of(Mode::Local, 5) }).await;
    assert!(clips.windows(2).all(|pair| pair[0] != pair[1]), "{clips:?}");
}

/// The devices' shares of the noise are seeded; the service's keys and masks are not, and leave no trace.
#[tokio::test(flavor = "multi_thread")]
async fn they_do_under_masks() {
    publish_the_same(&Case::of(Mode::Distributed, 5)).await;
}

/// Both split the same devices into the same groups, rotate each group in its own way, and trim.
#[tokio::test(flavor = "multi_thread")]
async fn they_do_in_masked_groups_of_the_active_mode() {
    publish_the_same(&Case { groups: 3, active_mode: true, ..Case::of(Mode::Distributed, 12) }).await;
}

/// Evaluation and label counts between the rounds of training, out of one budget, on both sides.
#[tokio::test(flavor = "multi_thread")]
async fn they_do_with_every_kind_of_query() {
    assert_eq!(publish_the_same(&Case { evaluate_every: 2, ..Case::of(Mode::Local, 5) }).await.len(), 5);
}

/// Data of as many training users as the case has devices, none of whom repeats a text: the service's devices do not
/// look for that.
fn dataset(case: &Case, config: &SimulationConfig) -> (Vec<Text>, Dataset) {
    let of = |(seed, users)| {
        let all = texts(users, seed);
        // Of too few people no groups can be made.
        let data = Dataset::of_events(all.clone(), &TaskChoice::Field("interest".into()), config).ok()?;
        (data.train.len() == case.devices && data.duplicates == 0).then_some((all, data))
    };
    let sizes = case.devices + 1..2 * case.devices;
    let fits = (3..30).flat_map(|seed| sizes.clone().map(move |users| (seed, users))).find_map(of);
    fits.expect("some population leaves so many for training")
}

/// Returns the clips.
async fn publish_the_same(case: &Case) -> Vec<f64> {
    let config = SimulationConfig {
        privacy: PrivacyChoice::Budget { mode: case.mode, epsilon: 8.0, delta: 1e-5 },
        rounds: ROUNDS,
        seed: SEED,
        buckets_log2: Some(6),
        adaptive_clip: case.adaptive_clip,
        groups: case.groups,
        trim: case.trim(),
        secure_aggregation: case.active_mode,
        active_mode: case.active_mode,
        evaluate_privately: case.evaluate_every,
        label_counts: case.evaluate_every > 0,
        ..SimulationConfig::default()
    };
    let (all, data) = dataset(case, &config);
    let simulated = run(&data, &config, &NativeEngine, &mut |_| {}).unwrap();

    let group = case.devices as u32 / case.groups;
    let z = simulated.plan.as_ref().unwrap().noise_multiplier.get();
    let terms = TaskConfig {
        model_seed: SEED,
        rounds: ROUNDS,
        cohort: group,
        min_reports: group,
        groups: case.groups,
        trim: case.trim(),
        mode: case.mode,
        active_mode: case.active_mode,
        epsilon: (case.evaluate_every > 0).then_some(8.0),
        noise_multiplier: (case.evaluate_every == 0).then_some(z),
        evaluate_every: case.evaluate_every,
        label_counts: case.evaluate_every > 0,
        clip: data.recipe.clip,
        adaptive_clip: case.adaptive_clip,
        training: data.recipe.training,
        optimiser: data.recipe.optimiser,
        task: Some(data.task.clone()),
        ..terms()
    };
    let place = tempfile::tempdir().unwrap();
    let mut site = Site::seeded(place.path().join("aggregator"), terms, seed_for("cohort"), manifest_seed).await;
    let mut devices = site.enrol(place.path(), &vec![Vec::new(); case.devices]).await;
    // A cohort is split in the order of the devices' ids, which in the simulator are the users' numbers.
    devices.sort_by_key(|device| device.identity().device_id());
    for (number, (device, user)) in devices.iter().zip(data.train.kept()).enumerate() {
        let own: Vec<Text> = all.iter().filter(|event| event.user == user.id).cloned().collect();
        device.import(&own);
        let randomness = Randomness::DangerousForSimulationOnly { seed: stream_seed(), device: number as u64 + 1 };
        let mut participant = device.participant(site.address(), randomness);
        tokio::spawn(async move { participant.run(watch::channel(false).1, |_| {}).await });
    }
    for record in &simulated.rounds {
        let event = site.next_end().await;
        let Event::RoundClosed { round, query, figures, reports, model, .. } = event else { panic!("{event:?}") };
        assert_eq!(query, record.query);
        let (evaluation, counts) = (record.evaluation.clone(), record.label_counts.clone());
        let simulated = evaluation.map(Figures::Evaluation).or_else(|| counts.map(Figures::LabelCounts));
        assert_eq!(figures, simulated, "round {round}");
        assert_eq!((round, reports), (record.round, case.devices));
        assert_eq!(model.to_string(), record.model_sha256, "round {round}");
    }
    site.stop().await;
    simulated.rounds.iter().map(|record| record.clip).collect()
}
