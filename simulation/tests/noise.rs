//! A clip that moves, and noise that is that of one tree, over whole runs on made-up people.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
use silhouette_privacy::accounting::{Delta, zcdp};
use silhouette_query::AdaptiveClipConfig;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, RunResult, SimulationConfig, TaskChoice, run};

/// 40 people and more, seven of eight train.
fn result(config: &SimulationConfig) -> (usize, RunResult) {
    let people = Population::generate(SynthConfig { users: 60, seed: 4, ..SynthConfig::default() }).unwrap();
    let texts = people.events().cloned().collect();
    let data = Dataset::of_events(texts, &TaskChoice::Field("interest".into()), config).unwrap();
    (data.train.len(), run(&data, config, &NativeEngine, &mut |_| {}).unwrap())
}

fn config() -> SimulationConfig {
    SimulationConfig { buckets_log2: Some(8), rounds: 40, ..SimulationConfig::default() }
}

#[test]
fn the_clip_of_a_run_does_not_depend_on_where_it_began() {
    let adaptive = AdaptiveClipConfig { learning_rate: 0.4, ..AdaptiveClipConfig::default() };
    let last = |clip, mode| {
        let privacy = PrivacyChoice::Budget { mode, epsilon: 8.0, delta: 1e-5 };
        // z is 4 here: the count needs noise of more than 2 devices.
        let adaptive_clip = Some(AdaptiveClipConfig { count_noise: Some(5.0), ..adaptive });
        let config = SimulationConfig { privacy, adaptive_clip, clip: Some(clip), ..config() };
        let (_, result) = result(&config);
        assert_eq!(result.rounds[0].clip, clip);
        assert!(result.rounds.iter().all(|record| record.within_clip.is_some()));
        let clips: Vec<f64> = result.rounds[30..].iter().map(|record| record.clip.ln()).collect();
        (clips.iter().sum::<f64>() / clips.len() as f64).exp()
    };
    let (low, high) = (last(0.01, Mode::Central), last(20.0, Mode::Central));
    assert!((low / high).ln().abs() < 0.35, "{low} and {high}");
    let masked = last(0.01, Mode::Distributed);
    assert!((low / masked).ln().abs() < 0.35, "{low} and {masked}");
}

#[test]
fn without_noise_the_clip_is_the_quantile() {
    // Norms fall as training goes on; the clip has to keep up.
    let adaptive = AdaptiveClipConfig { learning_rate: 1.0, ..AdaptiveClipConfig::default() };
    let config = SimulationConfig { privacy: PrivacyChoice::None, adaptive_clip: Some(adaptive), ..config() };
    let (_, result) = result(&config);
    let within: Vec<f64> = result.rounds[30..].iter().map(|record| record.within_clip.unwrap()).collect();
    let mean = within.iter().sum::<f64>() / within.len() as f64;
    assert!((mean - 0.5).abs() < 0.1, "{within:?}");
}

#[test]
fn a_tree_keeps_the_promise_and_its_devices_keep_their_distance() {
    // 52 devices in cohorts of 6: each may come back after 8 rounds, and does.
    let config = SimulationConfig {
        rounds: 32,
        cohort: Some(6),
        participations: Some(4),
        min_separation: 8,
        tree: true,
        ..config()
    };
    let (_, result) = result(&config);
    let plan = result.plan.unwrap();
    assert_eq!(plan.participations_per_user, 4);
    let spent = result.rounds.last().unwrap().rho.unwrap();
    assert!(spent <= plan.rho_total.get() + 1e-9 && spent > 0.9 * plan.rho_total.get(), "{spent}");
    assert!(zcdp::epsilon(plan.rho_total, Delta::new(1e-5).unwrap()).get() <= 8.0);
    assert!(result.rounds.iter().all(|record| record.reports == 6));
}
