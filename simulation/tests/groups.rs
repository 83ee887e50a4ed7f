//! Masked groups with a trimmed mean: the same model with and without masks, and what a liar gains.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
use silhouette_query::AdaptiveClipConfig;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, RunResult, SimulationConfig, TaskChoice, run};

fn config(epsilon: f64, rounds: u64) -> SimulationConfig {
    SimulationConfig {
        privacy: PrivacyChoice::Budget { mode: Mode::Distributed, epsilon, delta: 1e-5 },
        rounds,
        buckets_log2: Some(10),
        threads: 2,
        ..SimulationConfig::default()
    }
}

fn trained(users: usize, config: &SimulationConfig) -> RunResult {
    let people = Population::generate(SynthConfig { users, seed: 3, ..SynthConfig::default() }).unwrap();
    let choice = TaskChoice::Field("interest".into());
    let data = Dataset::of_events(people.events().cloned().collect(), &choice, config).unwrap();
    run(&data, config, &NativeEngine, &mut |_| {}).unwrap()
}

fn models(result: &RunResult) -> Vec<String> {
    result.rounds.iter().map(|round| round.model_sha256.clone()).collect()
}

#[test]
fn with_masks_and_without_and_on_any_number_of_threads_the_model_is_the_same() {
    for (groups, moving) in [(1, false), (3, false), (3, true)] {
        // Of eight devices, a twentieth would be less noise than the pair can afford.
        let counted = AdaptiveClipConfig { count_noise: Some(4.0), ..AdaptiveClipConfig::default() };
        let adaptive_clip = moving.then_some(counted);
        let base = SimulationConfig { groups, trim: groups / 3, adaptive_clip, ..config(8.0, 2) };
        let elided = trained(25, &base);
        let masked = trained(25, &SimulationConfig { secure_aggregation: true, ..base.clone() });
        let alone = trained(25, &SimulationConfig { secure_aggregation: true, threads: 1, ..base.clone() });
        let active = trained(25, &SimulationConfig { secure_aggregation: true, active_mode: true, ..base });
        assert_eq!(elided.rounds.len(), 2);
        assert!(elided.rounds.iter().all(|r| (r.groups, r.groups_lost) == (groups as usize, 0)));
        assert!(elided.rounds.iter().all(|r| r.reports == r.invited && r.reports % groups as usize == 0));
        // All groups together say how the clip moves.
        assert_eq!(elided.rounds[0].clip != elided.rounds[1].clip, moving);
        assert!(elided.rounds.iter().all(|r| r.within_clip.is_some() == moving));
        assert_eq!(models(&elided), models(&masked));
        assert_eq!(models(&masked), models(&alone));
        assert_eq!(models(&masked), models(&active));
    }
}

#[test]
fn what_every_device_is_charged_does_not_depend_on_the_groups() {
    let spent = |groups| trained(25, &SimulationConfig { groups, ..config(8.0, 2) }).rounds[1].epsilon.unwrap();
    assert!((spent(1) - spent(3)).abs() < 1e-9 && spent(3) <= 8.0);
}

/// Seven liars among 131 devices, each with a vector a hundred clip norms long.
#[test]
fn boosted_devices_end_every_round_of_one_sum_and_cost_groups_only_their_own() {
    let honest = SimulationConfig { buckets_log2: Some(11), ..config(10.0, 4) };
    let poisoned = |groups, trim, share: &str| {
        let poison = Some(format!("boost:{share}").parse().unwrap());
        trained(160, &SimulationConfig { groups, trim, poison, ..honest.clone() })
    };
    let accuracy = |result: &RunResult| result.evaluation.confusion.scores().accuracy;
    // Together they are noticed, and nobody can tell who they are: no round has a result.
    let one_sum = poisoned(1, 0, "0.05");
    assert!(one_sum.rounds.iter().all(|round| (round.reports, round.groups_lost) == (0, 1)));
    assert_eq!(accuracy(&one_sum), one_sum.before.confusion.scores().accuracy);
    // One liar in five groups: its group's sum is too long, the other four go on.
    let groups = poisoned(5, 1, "0.005");
    assert!(groups.rounds.iter().all(|round| (round.groups, round.groups_lost) == (4, 1)), "{:?}", groups.rounds);
    assert!(accuracy(&groups) > groups.before.confusion.scores().accuracy + 0.15, "{}", accuracy(&groups));
    // Five groups have no trimmed mean when most of them hold a liar.
    let crowded = poisoned(5, 2, "0.05");
    assert!(crowded.rounds.iter().any(|round| round.groups_lost > 2));
}

/// A clipped liar is a release like any other: nothing is left out, and it costs accuracy.
#[test]
fn a_flipped_device_is_not_noticed() {
    let base = SimulationConfig { groups: 5, trim: 1, ..config(8.0, 2) };
    let honest = trained(60, &base);
    let flipped = trained(60, &SimulationConfig { poison: Some("flip:0.1".parse().unwrap()), ..base });
    assert!(flipped.rounds.iter().all(|round| (round.groups, round.groups_lost) == (5, 0)));
    assert_ne!(models(&honest), models(&flipped));
}
