//! Runs on the virtual clock: the same bits on any number of threads, and every ledger holds what its device released.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may panic")]

use std::path::Path;

use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{
    ClockConfig, DEFAULT_TRACE, Dataset, FederationError, Pace, PrivacyChoice, RoundRecord, RunError, RunResult,
    SimulationConfig, Staleness, TaskChoice, Trace, run,
};

const CENTRAL: PrivacyChoice = PrivacyChoice::Budget { mode: Mode::Central, epsilon: 8.0, delta: 1e-5 };

const ROUNDS: Pace = Pace::Synchronous { over_selection: 1.3, deadline_s: 120.0, min_reports: None };

fn buffer(concurrency: u32, staleness: Staleness, max_staleness: u32) -> Pace {
    Pace::Asynchronous { buffer: 10, concurrency, staleness, max_staleness }
}

fn config(pace: Pace, privacy: PrivacyChoice, trace: Trace) -> SimulationConfig {
    SimulationConfig {
        privacy,
        rounds: 6,
        cohort: matches!(pace, Pace::Synchronous { .. }).then_some(20),
        buckets_log2: Some(8),
        threads: 2,
        clock: Some(ClockConfig { trace, pace }),
        ..SimulationConfig::default()
    }
}

fn dataset(config: &SimulationConfig) -> Dataset {
    let people = Population::generate(SynthConfig { users: 150, seed: 3, ..SynthConfig::default() }).unwrap();
    Dataset::of_events(people.events().cloned().collect(), &TaskChoice::Field("interest".into()), config).unwrap()
}

fn ran(config: &SimulationConfig) -> RunResult {
    run(&dataset(config), config, &NativeEngine, &mut |_| {}).unwrap()
}

/// Everything but the real seconds.
fn timeless(result: &RunResult) -> Vec<RoundRecord> {
    result.rounds.iter().map(|record| RoundRecord { seconds: 0.0, ..record.clone() }).collect()
}

/// Devices that are always there; the class' seconds and what else a case needs.
fn always(class: &str) -> Trace {
    let text = format!(
        "drop_out = 0\n[[speed]]\nname = 'one'\nshare = 1\ndown_mbps = 1000\nup_mbps = 1000\n{class}\n[arrival]\n\
         sessions_per_day = 24\nminutes = [1440, 1440]\nhours = {:?}\n[[battery]]\nprobability = 1\nstart_h = [0, 0]\n\
         length_h = [24, 24]\n[[network]]\nprobability = 1\nstart_h = [0, 0]\nlength_h = [24, 24]\n",
        [1; 24]
    );
    Trace::from_toml(&text, Path::new("always.toml")).unwrap()
}

const SECONDS: &str = "startup_s = 10\nseconds_per_example = 1";

#[test]
fn neither_threads_nor_anything_real_decides() {
    let paces = [ROUNDS, buffer(25, Staleness::default(), 3)];
    for (pace, privacy) in paces.into_iter().flat_map(|pace| [(pace, CENTRAL), (pace, PrivacyChoice::None)]) {
        let of = |threads| ran(&SimulationConfig { threads, ..config(pace, privacy, Trace::default()) });
        let one = of(1);
        for threads in [2, 7] {
            assert_eq!(timeless(&of(threads)), timeless(&one), "{pace:?} {privacy:?} on {threads} threads");
        }
        let hashes: std::collections::BTreeSet<_> = one.rounds.iter().map(|r| &r.model_sha256).collect();
        assert!(hashes.len() > 1, "nothing was learned");
        // Time goes on.
        let times: Vec<f64> = one.rounds.iter().map(|r| r.clock_seconds.unwrap()).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    }
}

#[test]
fn another_seed_is_another_course_of_events() {
    let of = |seed| ran(&SimulationConfig { seed, ..config(ROUNDS, CENTRAL, Trace::default()) }).rounds;
    assert_ne!(of(7)[0].clock_seconds, of(8)[0].clock_seconds);
}

#[test]
fn without_over_selection_or_loss_a_round_takes_as_long_as_its_slowest_device() {
    let pace = Pace::Synchronous { over_selection: 1.0, deadline_s: 3600.0, min_reports: None };
    let config = SimulationConfig { rounds: 1, ..config(pace, PrivacyChoice::None, always(SECONDS)) };
    let data = dataset(&config);
    let result = run(&data, &config, &NativeEngine, &mut |_| {}).unwrap();
    let record = &result.rounds[0];
    assert_eq!((record.invited, record.reports, record.late, record.dropped), (20, 20, Some(0), Some(0)));
    // Startup and a second for each text, of whoever was chosen, and the bytes.
    let seconds = record.clock_seconds.unwrap();
    let most = data.train.kept().iter().map(|user| user.examples.len()).max().unwrap() as f64;
    assert!(seconds > 11.0 && seconds < 10.0 + most + 2.0, "{seconds}");
}

#[test]
fn who_is_late_has_paid_and_is_not_in_the_sum() {
    // All finish long before the deadline: 26 are invited, the first 20 count, 6 are late, and pay.
    let pace = Pace::Synchronous { over_selection: 1.3, deadline_s: 3600.0, min_reports: None };
    let all = SimulationConfig { rounds: 1, ..config(pace, CENTRAL, always(&format!("{SECONDS}\nspread = 0.5"))) };
    let result = ran(&all);
    let record = &result.rounds[0];
    assert_eq!((record.invited, record.reports, record.late, record.dropped), (26, 20, Some(6), Some(0)));
    let plan = result.plan.as_ref().unwrap();
    assert_eq!(plan.cohort, 26);
    assert_eq!(record.epsilon.map(|e| e > 0.0), Some(true));
}

#[test]
fn an_abandoned_round_leaves_the_model_and_not_the_ledgers() {
    // Nobody is done within 5 s, everybody within the hour.
    let pace = Pace::Synchronous { over_selection: 1.3, deadline_s: 5.0, min_reports: None };
    let config = SimulationConfig { rounds: 3, participations: Some(2), ..config(pace, CENTRAL, always(SECONDS)) };
    let result = ran(&config);
    let untrained = silhouette_model::Model::new(dataset(&config).task, config.seed).content_hash().unwrap();
    for record in &result.rounds {
        assert_eq!((record.reports, record.groups, record.late), (0, 0, Some(26)));
        assert_eq!(record.model_sha256, untrained.to_string());
    }
    // They closed at the deadline, and the devices paid for nothing: one charge each after three rounds of 26 of 120.
    let plan = result.plan.unwrap();
    let one = plan.rho_per_participation.get();
    let last = result.rounds.last().unwrap();
    assert!((last.rho.unwrap() / one - 1.0).abs() < 1e-6, "{:?} {one}", last.rho);
    let times: Vec<_> = result.rounds.iter().map(|r| r.clock_seconds.unwrap()).collect();
    assert_eq!(times[0], 5.0);
}

#[test]
fn a_buffer_of_everybody_fresh_is_a_round_without_a_clock() {
    // As many at work as the buffer holds, all equally fast: nothing is ever stale, and every version is a round of
    // ten. Without noise both give the same mean whoever is in it if everybody is: so all are.
    let plain = SimulationConfig { cohort: None, clock: None, ..config(ROUNDS, PrivacyChoice::None, Trace::default()) };
    let data = dataset(&plain);
    let users = data.train.len() as u32;
    let pace =
        Pace::Asynchronous { buffer: users, concurrency: users, staleness: Staleness::default(), max_staleness: 0 };
    let clocked = SimulationConfig {
        participations: Some(6),
        ..config(pace, PrivacyChoice::None, always("startup_s = 10\nseconds_per_example = 0"))
    };
    let (a, b) = (run(&data, &plain, &NativeEngine, &mut |_| {}), run(&data, &clocked, &NativeEngine, &mut |_| {}));
    let (a, b) = (a.unwrap(), b.unwrap());
    let hashes = |result: &RunResult| result.rounds.iter().map(|r| r.model_sha256.clone()).collect::<Vec<_>>();
    assert_eq!(hashes(&a), hashes(&b));
    assert!(b.rounds.iter().all(|r| r.mean_staleness == Some(0.0) && r.versions_kept == Some(1)));
}

#[test]
fn stale_updates_count_less_and_old_versions_are_dropped() {
    let of = |staleness, max| {
        let pace = buffer(60, staleness, max);
        let trace = always(&format!("{SECONDS}\nspread = 0.9"));
        ran(&SimulationConfig { rounds: 12, participations: Some(12), ..config(pace, PrivacyChoice::None, trace) })
    };
    let (half, flat) = (of(Staleness::default(), 20), of(Staleness::Constant, 20));
    // The same devices at the same times, weighted differently.
    let course =
        |result: &RunResult| result.rounds.iter().map(|r| (r.clock_seconds, r.mean_staleness)).collect::<Vec<_>>();
    assert_eq!(course(&half), course(&flat));
    assert_ne!(half.rounds[11].model_sha256, flat.rounds[11].model_sha256);
    assert!(half.rounds.iter().any(|r| r.mean_staleness.unwrap() > 2.0));
    let short = of(Staleness::default(), 2);
    assert!(short.rounds.iter().map(|r| r.stale.unwrap()).sum::<usize>() > 0);
    assert!(short.rounds.iter().all(|r| r.versions_kept.unwrap() <= 3 && r.mean_staleness.unwrap() <= 2.0));
}

#[test]
fn a_world_in_which_nobody_gets_anywhere_ends_the_run_with_a_reason() {
    let of = |text: String| Trace::from_toml(&text, Path::new("t.toml")).unwrap();
    // Nobody ever has a charger or a network.
    let windows = DEFAULT_TRACE.replace("probability = 0.", "probability = 0.0 # 0.");
    let nobody = of(windows);
    let buffered = buffer(25, Staleness::default(), 3);
    for (pace, trace) in [(ROUNDS, nobody.clone()), (buffered, nobody)] {
        let config = config(pace, CENTRAL, trace);
        let error = run(&dataset(&config), &config, &NativeEngine, &mut |_| {}).err().expect("an end");
        assert!(matches!(error, RunError::Federation(FederationError::Deserted { round: 1, .. })), "{error}");
        assert!(error.to_string().contains("raise --participations"), "{error}");
    }
}
