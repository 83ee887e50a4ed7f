//! A run that ends before its last round: at the budget, or when nothing gets better.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may panic")]

use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
use silhouette_privacy::accounting::{Delta, Rho, zcdp};
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, RunError, RunResult, SimulationConfig, Stopped, TaskChoice, run};

const LIMIT: f64 = 3.0;

fn config(mode: Mode) -> SimulationConfig {
    SimulationConfig {
        privacy: PrivacyChoice::Budget { mode, epsilon: 8.0, delta: 1e-5 },
        noise_multiplier: Some(4.0),
        stop_at_epsilon: Some(LIMIT),
        rounds: 200,
        buckets_log2: Some(6),
        evaluate_every: 4,
        ..SimulationConfig::default()
    }
}

fn trained(config: &SimulationConfig) -> Result<(Dataset, RunResult), RunError> {
    let people = Population::generate(SynthConfig { users: 30, ..SynthConfig::default() }).unwrap();
    let events = people.events().cloned().collect();
    let data = Dataset::of_events(events, &TaskChoice::Field("interest".into()), config).unwrap();
    let result = run(&data, config, &NativeEngine, &mut |_| {})?;
    Ok((data, result))
}

/// Participations that fit under the limit, counted here from the record of the first one.
fn fitting(rho_of_one: f64) -> u64 {
    let delta = Delta::new(1e-5).unwrap();
    let epsilon = |n: u64| zcdp::epsilon(Rho::new(rho_of_one * n as f64).unwrap(), delta).get();
    (1..).take_while(|&n| epsilon(n) <= LIMIT).last().unwrap()
}

#[test]
fn the_budget_is_used_up_and_never_passed() {
    for mode in [Mode::Central, Mode::Distributed, Mode::Local] {
        let (_, result) = trained(&config(mode)).unwrap();
        let first = result.rounds[0].rho.unwrap();
        assert_eq!(result.rounds.len() as u64, fitting(first), "{mode}");
        let last = result.rounds.last().unwrap();
        assert!(last.epsilon.unwrap() <= LIMIT, "{mode}: {last:?}");
        let Some(Stopped::Budget { next_round, would_be, limit }) = result.stopped else {
            panic!("{:?}", result.stopped)
        };
        assert_eq!((next_round, limit), (last.round + 1, LIMIT));
        assert!(would_be > LIMIT && would_be < LIMIT + last.epsilon.unwrap(), "{mode}: {would_be}");
        // Nobody looks after round 5, 6, ..., and still the last model was looked at.
        assert!(last.accuracy.is_some(), "{last:?}");
    }
}

#[test]
fn a_small_cohort_goes_on_until_its_most_charged_device_is_full() {
    let config = SimulationConfig { cohort: Some(5), ..config(Mode::Central) };
    let (data, result) = trained(&config).unwrap();
    let each = fitting(result.rounds[0].rho.unwrap());
    let rounds = result.rounds.len() as u64;
    // All are asked equally often, so the last round is that of the last device with room.
    assert_eq!(rounds, each * data.train.len() as u64 / 5);
    assert!(result.rounds.iter().all(|record| record.epsilon.unwrap() <= LIMIT));
}

#[test]
fn evaluations_count_against_the_same_limit() {
    let config = SimulationConfig { evaluate_privately: 2, label_counts: true, ..config(Mode::Central) };
    let (_, result) = trained(&config).unwrap();
    assert!(matches!(result.stopped, Some(Stopped::Budget { .. })));
    assert!(result.rounds.last().unwrap().epsilon.unwrap() <= LIMIT);
    assert!(result.rounds.iter().any(|record| record.evaluation.is_some()));
}

#[test]
fn a_limit_below_the_first_round_is_refused() {
    let error = trained(&SimulationConfig { stop_at_epsilon: Some(0.1), ..config(Mode::Central) }).err().unwrap();
    assert!(error.to_string().starts_with("--stop-at-epsilon: expected at least "), "{error}");
}

#[test]
fn a_limit_that_is_never_reached_changes_no_round() {
    let few = SimulationConfig { rounds: 3, ..config(Mode::Central) };
    let (_, result) = trained(&few).unwrap();
    assert_eq!((result.rounds.len(), result.stopped), (3, None));
    let (_, without) = trained(&SimulationConfig { stop_at_epsilon: None, ..few }).unwrap();
    assert_eq!(result.model.content_hash().unwrap(), without.model.content_hash().unwrap());
}

#[test]
fn what_gets_no_better_is_ended() {
    let config = SimulationConfig {
        privacy: PrivacyChoice::None,
        noise_multiplier: None,
        stop_at_epsilon: None,
        stop_when_flat: Some(3),
        evaluate_every: 1,
        rounds: 60,
        ..config(Mode::Central)
    };
    let (_, result) = trained(&config).unwrap();
    let Some(Stopped::Flat { looks, best_round, best }) = result.stopped else { panic!("{:?}", result.stopped) };
    let of = |round: u64| result.rounds[round as usize - 1].accuracy.unwrap();
    assert_eq!((looks, best, result.rounds.len() as u64), (3, of(best_round), best_round + 3));
    assert!(result.rounds.iter().all(|record| record.accuracy.unwrap() <= best));
}
