//! Masked groups with a trimmed mean: the same model with and without masks, and what a liar gains.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
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
    for groups in [1, 3] {
        let base = SimulationConfig { groups, trim: groups / 3, ..config(8.0, 2) };
        let elided = trained(25, &base);
        let masked = trained(25, &SimulationConfig { secure_aggregation: true, ..base.clone() });
        let alone = trained(25, &SimulationConfig { secure_aggregation: true, threads: 1, ..base });
        assert_eq!(elided.rounds.len(), 2);
        assert!(elided.rounds.iter().all(|r| (r.groups, r.groups_lost) == (groups as usize, 0)));
        assert!(elided.rounds.iter().all(|r| r.reports == r.invited && r.reports % groups as usize == 0));
        assert_eq!(models(&elided), models(&masked));
        assert_eq!(models(&masked), models(&alone));
    }
}

#[test]
fn what_every_device_is_charged_does_not_depend_on_the_groups() {
    let spent = |groups| trained(25, &SimulationConfig { groups, ..config(8.0, 2) }).rounds[1].epsilon.unwrap();
    assert!((spent(1) - spent(3)).abs() < 1e-9 && spent(3) <= 8.0);
}

/// A weak promise, so that the noise does not hide what the liar does.
#[test]
fn a_boosted_device_spoils_one_sum_and_not_a_trimmed_mean_of_groups() {
    let honest = SimulationConfig { buckets_log2: Some(12), ..config(16.0, 4) };
    let accuracy = |groups, trim, poison: Option<&str>| {
        let poison = poison.map(|text| text.parse().unwrap());
        let result = trained(60, &SimulationConfig { groups, trim, poison, ..honest.clone() });
        (result.evaluation.confusion.scores().accuracy, result.before.confusion.scores().accuracy)
    };
    let (sound, before) = accuracy(5, 1, None);
    eprintln!("before {before}, honest {sound}");
    assert!(sound > before + 0.2, "{sound} {before}");
    let (untrimmed, _) = accuracy(5, 0, Some("boost:0.01"));
    let (trimmed, _) = accuracy(5, 1, Some("boost:0.01"));
    eprintln!("boosted: {untrimmed}, trimmed {trimmed}");
    assert!(trimmed > sound - 0.1, "{trimmed} {sound}");
    assert!(untrimmed < sound - 0.2, "{untrimmed} {sound}");
}
