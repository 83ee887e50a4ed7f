use std::path::Path;

use silhouette_model::NativeEngine;
use silhouette_privacy::{Charge, Mode};

use super::*;
use crate::config::PrivacyChoice;
use crate::dataset::{Dataset, TaskChoice};
use crate::federation::RoundRecord;
use crate::past::{Number, Past};
use crate::synth::{Population, SynthConfig};
use crate::trace::{DEFAULT_TRACE, Trace};

const ROUNDS: Pace = Pace::Synchronous { over_selection: 1.3, deadline_s: 60.0, min_reports: None };
const BUFFER: Pace = Pace::Asynchronous {
    buffer: 8,
    concurrency: 30,
    staleness: Staleness::Polynomial { quarters: 2 },
    max_staleness: 2,
};

fn config(pace: Pace, privacy: PrivacyChoice, trace: Trace) -> SimulationConfig {
    SimulationConfig {
        privacy,
        rounds: 8,
        cohort: matches!(pace, Pace::Synchronous { .. }).then_some(15),
        participations: Some(6),
        buckets_log2: Some(8),
        threads: 2,
        clock: Some(ClockConfig { trace, pace }),
        ..SimulationConfig::default()
    }
}

fn central() -> PrivacyChoice {
    PrivacyChoice::Budget { mode: Mode::Central, epsilon: 8.0, delta: 1e-5 }
}

fn dataset(config: &SimulationConfig) -> Dataset {
    let people = Population::generate(SynthConfig { users: 90, seed: 5, ..SynthConfig::default() }).unwrap();
    Dataset::of_events(people.events().cloned().collect(), &TaskChoice::Field("interest".into()), config).unwrap()
}

/// The built-in trace, changed.
fn trace(changes: &[(&str, &str)]) -> Trace {
    let text = changes.iter().fold(DEFAULT_TRACE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    Trace::from_toml(&text, Path::new("t.toml")).unwrap()
}

/// Devices that are always there and never vanish.
fn faithful() -> Trace {
    faithful_but(&[("drop_out = 0.06", "drop_out = 0")])
}

/// Devices that are always there.
fn faithful_but(changes: &[(&str, &str)]) -> Trace {
    let always = [
        ("sessions_per_day = 6", "sessions_per_day = 24"),
        ("minutes = [45, 180]", "minutes = [1440, 1440]"),
        (
            "probability = 0.85\nstart_h = [20, 25]\nlength_h = [6, 10]",
            "probability = 1\nstart_h = [0, 0]\nlength_h = [24, 24]",
        ),
        (
            "probability = 0.9\nstart_h = [16, 21]\nlength_h = [11, 16]",
            "probability = 1\nstart_h = [0, 0]\nlength_h = [24, 24]",
        ),
    ];
    trace(&[&always, changes].concat())
}

struct Books {
    records: Vec<RoundRecord>,
    /// Each device's charges, and what its ledger holds.
    charges: Vec<(u32, u64)>,
    one: u64,
    cap: f64,
}

fn books(pace: Pace, privacy: PrivacyChoice, trace: Trace) -> Books {
    let config = config(pace, privacy, trace);
    let data = dataset(&config);
    let model = Model::new(data.task.clone(), config.seed);
    let mut federation = Federation::new(model, &data, &config, &NativeEngine).unwrap();
    let records = (0..config.rounds).map(|_| federation.round(None).unwrap()).collect();
    let billionths = |charge: Charge| (charge.rho() * 1e9).round() as u64;
    let spent = |past: &Past| past.spent().map_or(0, billionths);
    let charges =
        federation.pasts.iter().map(|past| (past.participations().of(QueryKind::Train), spent(past))).collect();
    let one = Charge::of(federation.shard.offers.training.parameters.rho()).map_or(0, billionths);
    Books { records, charges, one, cap: federation.shard.offers.kind.cap }
}

fn total(records: &[RoundRecord], of: impl Fn(&RoundRecord) -> usize) -> usize {
    records.iter().map(of).sum()
}

#[test]
fn every_ledger_holds_just_what_its_device_released() {
    for pace in [ROUNDS, BUFFER] {
        let books = books(pace, central(), faithful());
        // Nobody vanishes, so everybody who starts releases: in the sum, late, too stale, or at work at the end.
        let charged: u32 = books.charges.iter().map(|(count, _)| count).sum();
        assert_eq!(charged as usize, total(&books.records, |r| r.invited), "{pace:?}");
        for (count, spent) in &books.charges {
            assert_eq!(*spent, u64::from(*count) * books.one, "{pace:?}");
            assert!(*count <= 6 && *spent as f64 <= books.cap * 1e9 + 1.0);
        }
        // What the record shows is what the most charged device has spent.
        let most = books.charges.iter().map(|(_, spent)| *spent).max().unwrap();
        let shown = books.records.last().unwrap().rho.unwrap();
        assert!((shown * 1e9 - most as f64).abs() < 1.0, "{pace:?}: {shown} {most}");
        // Some were late, or stale, and paid.
        let in_vain = total(&books.records, |r| r.late.unwrap_or(0) + r.stale.unwrap_or(0));
        assert!(in_vain > 0, "{pace:?} {:?}", books.records);
    }
}

#[test]
fn who_vanishes_before_its_release_pays_nothing() {
    for pace in [ROUNDS, BUFFER] {
        let books = books(pace, central(), trace(&[("drop_out = 0.06", "drop_out = 0.4")]));
        let charged: usize = books.charges.iter().map(|(count, _)| *count as usize).sum();
        let (started, dropped) = (total(&books.records, |r| r.invited), total(&books.records, |r| r.dropped.unwrap()));
        assert!(dropped > started / 5, "{pace:?}: {dropped} of {started}");
        // Sending takes a small part of the time: of those who vanish few have paid.
        let at_least = total(&books.records, |r| r.reports + r.late.unwrap_or(0) + r.stale.unwrap_or(0));
        assert!((at_least..=started - dropped / 2).contains(&charged), "{pace:?}: {at_least} {charged} {started}");
        assert!(books.charges.iter().all(|(count, spent)| *spent == u64::from(*count) * books.one));
    }
}

#[test]
fn only_devices_that_are_there_and_free_are_invited() {
    let config = config(ROUNDS, central(), Trace::default());
    let data = dataset(&config);
    let model = Model::new(data.task.clone(), config.seed);
    let mut federation = Federation::new(model, &data, &config, &NativeEngine).unwrap();
    let mut absent = 0;
    for _ in 0..config.rounds {
        let before: Vec<u32> = federation.pasts.iter().map(|past| past.participations().total()).collect();
        let busy = federation.clock.as_ref().unwrap().busy.clone();
        let begun = federation.now;
        let record = federation.timed(None).unwrap();
        let fleet = Fleet::new(&config.clock.as_ref().unwrap().trace, config.seed, &data.train).unwrap();
        // It opened at a minute since the last one closed; who was charged was there at one and the same of these.
        let opened = (begun..=federation.now).step_by(crate::clock::PULSE as usize);
        let who: Vec<usize> = (0..data.train.len())
            .filter(|&user| federation.pasts[user].participations().total() > before[user])
            .collect();
        assert!(who.len() >= record.reports);
        let fits = |t: &Millis| {
            who.iter().all(|&user| {
                fleet.eligible_until(user, *t).is_some() && busy.get(&(user as u32)).is_none_or(|until| until <= t)
            })
        };
        assert!(opened.clone().any(|t| fits(&t)), "round {}", record.round);
        absent += (0..data.train.len()).filter(|&user| fleet.eligible_until(user, begun).is_none()).count();
    }
    assert!(absent > 100, "{absent}");
}

#[test]
fn an_invited_device_that_comes_to_nothing_counts_as_asked() {
    // Everybody vanishes: the coordinator asks others first all the same.
    let vanishing = faithful_but(&[("drop_out = 0.06", "drop_out = 1")]);
    let config = config(ROUNDS, central(), vanishing);
    let data = dataset(&config);
    let model = Model::new(data.task.clone(), config.seed);
    let mut federation = Federation::new(model, &data, &config, &NativeEngine).unwrap();
    for _ in 0..3 {
        let record = federation.round(None).unwrap();
        assert_eq!((record.reports, record.invited, record.dropped), (0, 20, Some(20)));
    }
    let asked = |user| federation.coordinator.participation(&Number(user as u32)).counts.total();
    let counts: Vec<u32> = (0..data.train.len()).map(asked).collect();
    assert!(counts.iter().sum::<u32>() == 60 && counts.iter().all(|count| *count <= 1), "{counts:?}");
}

/// People of the data set who are there from these hours on, for five weeks; the built-in speeds.
fn from_hours(hours: &[f64], drop_out: &str) -> Trace {
    use std::io::Write;
    let people = dataset(&config(ROUNDS, central(), Trace::default()));
    let folder = tempfile::tempdir().unwrap();
    let mut list = std::fs::File::create(folder.path().join("list.jsonl")).unwrap();
    for (user, from) in people.train.kept().iter().zip(hours) {
        writeln!(list, "{{\"user\": \"{}\", \"available\": [[{}, 3000000]]}}", user.id, from * 3600.0).unwrap();
    }
    let windows = DEFAULT_TRACE.find("# Assumed. Charging").unwrap();
    let text = DEFAULT_TRACE[..windows].replace("drop_out = 0.06", drop_out);
    let arrival = text.find("# Assumed. When a device is idle").unwrap();
    let text = format!("devices = 'list.jsonl'\n{}", &text[..arrival]);
    std::fs::write(folder.path().join("trace.toml"), text).unwrap();
    Trace::read(&folder.path().join("trace.toml")).unwrap()
}

/// When the first round closed, in hours, and how many it had invited.
fn first_round(pace: Pace, trace: Trace) -> (f64, usize) {
    let config = SimulationConfig { rounds: 1, participations: None, ..config(pace, central(), trace) };
    let data = dataset(&config);
    let mut federation =
        Federation::new(Model::new(data.task.clone(), config.seed), &data, &config, &NativeEngine).unwrap();
    let record = federation.round(None).unwrap();
    (record.clock_seconds.unwrap() / 3600.0, record.invited)
}

#[test]
fn a_round_opens_early_only_with_those_it_may_lose() {
    // Fifteen reports wanted, twelve enough; 1.3 times as many are sixteen.
    let at_first = |devices: usize| [vec![0.0; devices], vec![3.0; 4]].concat();
    let within = |(hours, invited): (f64, usize), opened: f64, devices| {
        assert!((opened..opened + 0.2).contains(&hours) && invited == devices, "{hours} {invited}");
    };
    within(first_round(ROUNDS, from_hours(&at_first(16), "drop_out = 0")), 1.0, 16);
    // With fewer it waits for more to come,
    within(first_round(ROUNDS, from_hours(&at_first(12), "drop_out = 0")), 3.0, 16);
    // and after a day it takes what there is.
    within(first_round(ROUNDS, from_hours(&[0.0; 13], "drop_out = 0")), 24.0, 13);
    // Where nobody is invited too much, the trace says how many vanish: a fifth of 15 are three, none are none.
    let plain = Pace::Synchronous { over_selection: 1.0, deadline_s: 60.0, min_reports: Some(12) };
    within(first_round(plain, from_hours(&at_first(12), "drop_out = 0.2")), 3.0, 15);
    within(first_round(plain, from_hours(&at_first(12), "drop_out = 0")), 1.0, 12);
}

#[test]
fn a_run_of_which_nothing_comes_ends_with_what_to_change() {
    let vanishing = faithful_but(&[("drop_out = 0.06", "drop_out = 1")]);
    let of = |pace, trace| {
        let config = SimulationConfig { rounds: 60, participations: None, ..config(pace, central(), trace) };
        let data = dataset(&config);
        let mut federation =
            Federation::new(Model::new(data.task.clone(), config.seed), &data, &config, &NativeEngine).unwrap();
        (1..=60).find_map(|round| federation.round(None).err().map(|error| (round, error))).unwrap()
    };
    let (round, error) = of(ROUNDS, vanishing.clone());
    assert!(matches!(error, FederationError::NoReports { round: 10, rounds: 10, vanished: 200, late: 0 }), "{error}");
    assert!(round == 10 && error.to_string().contains("lower drop_out"), "{error}");
    let (_, error) = of(BUFFER, vanishing);
    assert!(matches!(error, FederationError::NoUpdates { version: 1, vanished: 90.. }), "{error}");
    // Rounds too short for anybody.
    let hasty = Pace::Synchronous { over_selection: 1.3, deadline_s: 1.0, min_reports: None };
    let (_, error) = of(hasty, faithful());
    assert!(matches!(error, FederationError::NoReports { vanished: 0, late: 200, .. }), "{error}");
}
