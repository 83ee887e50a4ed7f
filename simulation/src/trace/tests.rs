use std::io::Write;
use std::path::Path;

use super::*;
use crate::people::User;
use dice::{Dice, Purpose, between, pick, unit};
use fleet::Effort;

/// Where the local time of a device begins.
const BEFORE: Millis = 2 * DAY;

fn fleet(toml: &str) -> Fleet {
    let trace = Trace::from_toml(toml, Path::new("t.toml")).unwrap();
    Fleet::new(&trace, 7, &People::Kept(Vec::new())).unwrap()
}

fn default() -> Fleet {
    fleet(DEFAULT_TRACE)
}

/// The sum of squared deviations over expectations.
fn chi_square(counts: &[f64], expected: &[f64]) -> f64 {
    counts.iter().zip(expected).map(|(c, e)| (c - e).powi(2) / e).sum()
}

/// A trace whose devices are always there, of one class.
fn always(class: &str) -> String {
    format!(
        "drop_out = 0.25\n[[speed]]\nname = 'one'\nshare = 1\n{class}\n[arrival]\nsessions_per_day = 24\n\
         minutes = [1440, 1440]\nhours = {:?}\n[[battery]]\nprobability = 1\nstart_h = [0, 0]\nlength_h = [24, 24]\n\
         [[network]]\nprobability = 1\nstart_h = [0, 0]\nlength_h = [24, 24]\n",
        [1; 24]
    )
}

const PLAIN: &str = "startup_s = 10\nseconds_per_example = 0.5\ndown_mbps = 8\nup_mbps = 4";

const PINNED: [u64; 3] = [0x6f566a42870adfd5, 0x1c0ea88e62d4b574, 0x008f73f8481f4f95];

#[test]
fn draws_are_known_numbers() {
    // Computed once by an independent program (Python's integers): SHA-256 of the domain and the seed, then four
    // rounds of the finaliser. They must never change: every run's times hang on them.
    let dice = Dice::new(7);
    let draws =
        [(0, Purpose::Class, 0, 0), (5, Purpose::DropOut, 86_400_000, 0), (1 << 20, Purpose::Interval(3), 2, 1)];
    let found = draws.map(|(device, purpose, counter, draw)| dice.draw(device, purpose, counter, draw));
    assert_eq!(found, PINNED);
    assert_eq!((between(0, 3, 9), between(u64::MAX, 3, 9), between(1 << 63, 0, 10)), (3, 8, 5));
    assert_eq!((unit(0), unit(1 << 63)), (0.0, 0.5));
    assert_eq!((pick(0, [0.0, 2.0].into_iter()), pick(u64::MAX, [2.0, 1.0, 0.0].into_iter())), (1, 1));
}

#[test]
fn shares_of_classes_and_zones_are_those_asked_for() {
    let fleet = default();
    let mut counts = [0.0; 3];
    let devices = 20_000;
    for device in 0..devices {
        let place = ["fast", "medium", "slow"].iter().position(|name| fleet.class(device).name == *name).unwrap();
        counts[place] += 1.0;
    }
    // 99.9 % point of chi-square with 2 degrees of freedom: 13.8.
    let n = devices as f64;
    assert!(chi_square(&counts, &[0.3 * n, 0.5 * n, 0.2 * n]) < 13.8, "{counts:?}");
}

#[test]
fn sessions_start_by_the_curve_over_the_day() {
    let weights: Vec<f64> = (0..24).map(|hour| f64::from((hour * 7) % 11 + 1)).collect();
    let toml = DEFAULT_TRACE
        .lines()
        .map(|line| if line.starts_with("hours") { format!("hours = {weights:?}\n") } else { format!("{line}\n") });
    let trace = Trace::from_toml(&toml.collect::<String>(), Path::new("t.toml")).unwrap();
    let Availability::Daily { arrival, .. } = &trace.availability else { panic!("modelled") };
    let mut counts = [0.0; 24];
    for device in 0..2_000 {
        for number in 0..6 {
            let (start, end) = arrival.interval(Dice::new(3), device, 5, number).unwrap();
            assert!(start / DAY == 5 && (45 * 60_000..=180 * 60_000).contains(&(end - start)));
            counts[(start % DAY / HOUR) as usize] += 1.0;
        }
    }
    let total: f64 = weights.iter().sum();
    let expected: Vec<f64> = weights.iter().map(|weight| weight / total * 12_000.0).collect();
    // 99.9 % point of chi-square with 23 degrees of freedom: 49.7.
    assert!(chi_square(&counts, &expected) < 49.7, "{counts:?}");
}

#[test]
fn eligibility_needs_idle_time_charger_and_network_together() {
    let fleet = default();
    let Availability::Daily { arrival, battery, network } = &Trace::default().availability else { panic!("modelled") };
    let dice = Dice::new(7);
    let (mut there, mut apart) = (0, 0);
    for device in 0..300 {
        for t in (0..2 * DAY).step_by(40 * 60_000) {
            let local = fleet.local(device, t);
            // Every interval of three days, looked through one by one.
            let covered = |kind: &Daily| {
                (local / DAY - 1..=local / DAY).any(|day| {
                    (0..kind.count)
                        .filter_map(|i| kind.interval(dice, device, day, i))
                        .any(|(start, end)| start <= local && local < end)
                })
            };
            let expected = covered(arrival) && battery.iter().any(covered) && network.iter().any(covered);
            let until = fleet.eligible_until(device, t);
            assert_eq!(until.is_some(), expected, "device {device} at {t}");
            there += usize::from(expected);
            if let Some(until) = until {
                // It ends where it is said to end, and not before.
                assert!(until > t && until <= t + DAY);
                assert!(fleet.eligible_until(device, until - 1).is_some());
                apart += usize::from(fleet.eligible_until(device, until).is_none());
            }
        }
    }
    assert!(there > 1_000 && apart > there / 2, "{there} {apart}");
}

#[test]
fn four_times_as_many_are_there_at_night_as_at_the_low() {
    // Bonawitz et al. 2019, section 9. 4000 devices on the third day; every hour's count is above 200.
    let fleet = default();
    let at = |hour: u64| (0..4_000).filter(|&d| fleet.eligible_until(d, 2 * DAY + hour * HOUR).is_some()).count();
    let counts: Vec<usize> = (0..24).map(at).collect();
    let (low, high) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
    let swing = *high as f64 / *low as f64;
    assert!((3.0..5.0).contains(&swing), "{counts:?}: {swing}");
    let peak = counts.iter().position(|count| count == high).unwrap();
    // Night over North America: 0 to 6 at UTC-5 to UTC-8.
    assert!((4..=14).contains(&peak), "{peak}");
}

#[test]
fn work_takes_what_its_bytes_and_texts_take() {
    let fleet = fleet(&always(PLAIN).replace("drop_out = 0.25", "drop_out = 0"));
    let effort = Effort { down: 1_000_000, examples: 20, up: 500_000 };
    // 8 megabits at 8 a second, 10 s and 20 halves; 4 megabits at 4 a second.
    let outcome = fleet.work(3, 5_000, 5_000 + DAY, effort);
    assert_eq!(outcome, Outcome::Reports { released: 5_000 + 21_000, reported: 5_000 + 22_000 });
    assert!(outcome.charges() && outcome.over() == 27_000);
    // Its charger is gone before it has trained, or while it sends.
    let early = fleet.work(3, 5_000, 25_999, effort);
    assert_eq!(early, Outcome::Vanishes { at: 25_999, charged: false });
    let sending = fleet.work(3, 5_000, 26_000, effort);
    assert_eq!(sending, Outcome::Vanishes { at: 26_000, charged: true });
    assert!(!early.charges() && sending.charges());
}

#[test]
fn a_spread_makes_a_device_always_faster_or_slower() {
    let fleet = fleet(&format!("{}\n", always(&format!("{PLAIN}\nspread = 0.5\ndrop_out = 0"))));
    let effort = Effort { down: 0, examples: 20, up: 0 };
    let seconds = |device, t| (fleet.work(device, t, t + DAY, effort).over() - t) as f64 / 1e3;
    let all: Vec<f64> = (0..2_000).map(|device| seconds(device, 0)).collect();
    assert!(all.iter().all(|s| (10.0..30.1).contains(s)));
    // Even between 10 and 30 s: the mean's standard error is 20/sqrt(12 2000) = 0.13.
    let mean = all.iter().sum::<f64>() / 2_000.0;
    assert!((mean - 20.0).abs() < 0.6, "{mean}");
    assert!((0..100).all(|device| seconds(device, 0) == seconds(device, 77 * HOUR)));
}

#[test]
fn as_many_vanish_as_should_and_at_any_time() {
    let fleet = fleet(&always(PLAIN));
    let effort = Effort { down: 1_000_000, examples: 20, up: 500_000 };
    let (mut vanished, mut charged, mut moments) = (0, 0, 0.0);
    for device in 0..20_000 {
        let t = HOUR * (device as u64 % 48);
        if let Outcome::Vanishes { at, charged: paid } = fleet.work(device, t, t + DAY, effort) {
            vanished += 1;
            charged += usize::from(paid);
            moments += (at - t) as f64 / 22_000.0;
            assert_eq!(paid, at - t >= 21_000);
        }
    }
    // A quarter of 20 000: standard error 61. Of them 1/22 while they send: standard error 15.
    assert!((f64::from(vanished) - 5_000.0).abs() < 250.0, "{vanished}");
    assert!((charged as f64 - 5_000.0 / 22.0).abs() < 60.0, "{charged}");
    let mean = moments / f64::from(vanished);
    assert!((mean - 0.5).abs() < 0.02, "{mean}");
}

#[test]
fn who_is_always_there_is_there_for_a_day() {
    let fleet = fleet(&always(PLAIN));
    for t in [0, 3, DAY - 1, 10 * DAY + 5 * HOUR] {
        assert_eq!(fleet.eligible_until(9, t), Some(t + DAY));
    }
}

#[test]
fn the_future_is_the_same_whoever_asks_when() {
    let (a, b) = (default(), default());
    let times: Vec<Millis> = (0..50).map(|i| i * 37 * 60_000).collect();
    let forth: Vec<_> = times.iter().map(|&t| a.eligible_until(11, t)).collect();
    let back: Vec<_> = times.iter().rev().map(|&t| b.eligible_until(11, t)).collect();
    assert_eq!(forth, back.into_iter().rev().collect::<Vec<_>>());
    assert!(fleet(&always(PLAIN)).local(0, 0) == BEFORE);
}

fn people(names: &[&str]) -> People {
    People::Kept(names.iter().map(|name| User { id: (*name).to_owned(), ..User::default() }).collect())
}

fn listed(lines: &str, head: &str) -> Result<Trace, TraceError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::File::create(folder.path().join("d.jsonl")).unwrap().write_all(lines.as_bytes()).unwrap();
    let classes = &DEFAULT_TRACE[DEFAULT_TRACE.find("drop_out").unwrap()..DEFAULT_TRACE.find("[[zones]]").unwrap()];
    let toml = folder.path().join("t.toml");
    std::fs::write(&toml, format!("devices = 'd.jsonl'\n{head}\n{classes}")).unwrap();
    Trace::read(&toml)
}

#[test]
fn listed_intervals_are_obeyed() {
    let lines = "{\"user\": \"b\", \"speed\": \"slow\", \"available\": [[10, 20], [20, 30], [50, 60.5]]}\n\n\
                 {\"user\": \"a\", \"available\": []}\n";
    let trace = listed(lines, "").unwrap();
    let who = people(&["a", "b", "c"]);
    let fleet = Fleet::new(&trace, 7, &who).unwrap();
    let at = |device, seconds: f64| fleet.eligible_until(device, (seconds * 1e3) as Millis);
    assert_eq!(
        [9.0, 10.0, 20.0, 29.9, 30.0, 60.4, 60.5].map(|s| at(1, s)),
        [None, Some(30_000), Some(30_000), Some(30_000), None, Some(60_500), None]
    );
    assert!((0..100).all(|s| at(0, f64::from(s)).is_none() && at(2, f64::from(s)).is_none()));
    assert_eq!((fleet.class(1).name.as_str(), trace.unlisted(&who).unwrap()), ("slow", 1));
    // The list stands for itself where settings are compared.
    assert_eq!(format!("{trace:?}"), format!("{:?}", listed(lines, "").unwrap()));
    assert_ne!(format!("{trace:?}"), format!("{:?}", listed(&lines.replace("60.5", "61"), "").unwrap()));
}

#[test]
fn listed_intervals_come_again() {
    let trace = listed("{\"user\": \"a\", \"available\": [[0, 600], [3000, 3600]]}\n", "repeat_h = 1").unwrap();
    let fleet = Fleet::new(&trace, 7, &people(&["a"])).unwrap();
    let at = |seconds: u64| fleet.eligible_until(0, seconds * SECOND);
    assert_eq!([599, 600, 2_999].map(at), [Some(600_000), None, None]);
    // From the end of one hour into the next.
    assert_eq!([3_100, 3_600, 7_100].map(at), [Some(4_200_000), Some(4_200_000), Some(7_800_000)]);
}

#[test]
fn a_list_that_is_wrong_says_where() {
    let cases = [
        ("{\"user\": \"a\"}", "line 1: line: expected {\"user\""),
        ("\n{\"user\": \"a\", \"available\": [[5, 4]]}", "line 2: available: expected 0 <= start_s < end_s"),
        ("{\"user\": \"a\", \"available\": [[-1, 4]]}", "available: expected 0 <="),
        ("{\"user\": \"a\", \"available\": [[1, 4], [3, 5]]}", "expected intervals in order"),
        (
            "{\"user\": \"a\", \"available\": [], \"speed\": \"swift\"}",
            "speed: expected one of fast, medium, slow, found swift",
        ),
        (
            "{\"user\": \"a\", \"available\": []}\n{\"user\": \"a\", \"available\": []}",
            "line 2: user: expected each user once, found a",
        ),
        ("{\"user\": \"a\", \"available\": [], \"charging\": 1}", "charging"),
    ];
    for (lines, expected) in cases {
        let error = listed(lines, "").unwrap_err().to_string();
        assert!(error.contains("d.jsonl") && error.contains(expected), "{error}");
    }
    let beyond = listed("{\"user\": \"a\", \"available\": [[1, 3700]]}", "repeat_h = 1").unwrap_err().to_string();
    assert!(beyond.contains("end_s <= 3600"), "{beyond}");
    let trace = listed("{\"user\": \"a\", \"available\": []}", "").unwrap();
    let error = Fleet::new(&trace, 1, &people(&["b", "c"])).err().unwrap().to_string();
    assert!(error.contains("the 2 training users, found none of them among 1"), "{error}");
}

#[test]
fn a_trace_that_is_wrong_says_where() {
    let change = |from: &str, to: &str| {
        assert!(DEFAULT_TRACE.contains(from), "{from}");
        let error =
            Trace::from_toml(&DEFAULT_TRACE.replacen(from, to, 1), Path::new("t.toml")).unwrap_err().to_string();
        assert!(error.starts_with("t.toml: "), "{error}");
        error
    };
    let cases = [
        ("drop_out = 0.06", "drop_out = 1.5", "drop_out: expected a number from 0 to 1, found 1.5"),
        ("share = 0.3", "share = -1", "speed.share: expected"),
        ("down_mbps = 40.0", "down_mbps = 0", "speed fast, down_mbps: expected 0.001 to"),
        ("spread = 0.3", "spread = 1", "speed fast, spread: expected 0 to below 1"),
        ("seconds_per_example = 0.05", "seconds_per_example = nan", "speed fast, seconds_per_example"),
        ("utc_offset_h = -5", "utc_offset_h = 25", "zones.utc_offset_h: expected -12 to 14"),
        ("sessions_per_day = 6", "sessions_per_day = 0", "arrival.sessions_per_day: expected 1 to 24"),
        ("minutes = [45, 180]", "minutes = [45, 18]", "arrival.minutes"),
        ("hours = [4, ", "hours = [", "arrival.hours: expected 24 weights, found 23"),
        ("probability = 0.85", "probability = 2", "battery.probability"),
        ("start_h = [16, 21]", "start_h = [16, 31]", "network.start_h"),
        ("length_h = [11, 16]", "length_h = [11, 60]", "network.length_h"),
        ("drop_out = 0.06", "drop_in = 0.06", "line 11"),
        ("[arrival]", "repeat_h = 5\n[arrival]", "unknown field `repeat_h`"),
    ];
    for (from, to, expected) in cases {
        let error = change(from, to);
        assert!(error.contains(expected), "{error}");
    }
    let none = "drop_out = 0\n[[speed]]\nname = 'a'\nshare = 1\n".to_owned() + PLAIN;
    let error = Trace::from_toml(&none, Path::new("t.toml")).unwrap_err().to_string();
    assert!(error.contains("arrival: expected a table, or devices"), "{error}");
}

/// The oracle of returns: a device is there at the time that was foretold, and at none of many before.
fn returns_hold(fleet: &Fleet, devices: usize) -> usize {
    let mut found = 0;
    for device in 0..devices {
        let mut t = device as Millis * 977_777;
        for _ in 0..12 {
            if let Some(until) = fleet.eligible_until(device, t) {
                t = until;
                continue;
            }
            let next = fleet.absent_until(device, t);
            assert!(next > t && next <= t + 8 * DAY, "device {device}: {next} after {t}");
            let steps = 500;
            let between = (0..steps).map(|i| t + (next - t) * i / steps).chain([next - 1]);
            for at in between {
                assert!(fleet.eligible_until(device, at).is_none(), "device {device} at {at}, before {next}");
            }
            if next < t + 8 * DAY {
                assert!(fleet.eligible_until(device, next).is_some(), "device {device} at {next}, from {t}");
                found += 1;
            }
            t = next;
        }
    }
    found
}

#[test]
fn a_device_is_back_when_it_was_foretold_and_not_before() {
    assert!(returns_hold(&default(), 60) > 300);
    // Rare windows: days without any.
    let rare = DEFAULT_TRACE.replace("sessions_per_day = 6", "sessions_per_day = 1");
    assert!(returns_hold(&fleet(&rare.replace("probability = 0.9", "probability = 0.2")), 60) > 50);
    let never = fleet(&DEFAULT_TRACE.replace("probability = 0.", "probability = 0.0 # 0."));
    assert_eq!(returns_hold(&never, 5), 0);
}

#[test]
fn a_listed_device_is_back_when_its_next_interval_begins() {
    let users = ["anna", "bert", "cleo"].map(|id| User { id: id.into(), ..User::default() });
    let list = "{\"user\": \"anna\", \"available\": [[3600, 7200], [7200, 9000], [20000, 30000]]}\n\
                {\"user\": \"bert\", \"available\": []}\n";
    for repeat in [None, Some(12)] {
        let mut file = tempfile::NamedTempFile::with_suffix(".jsonl").unwrap();
        file.write_all(list.as_bytes()).unwrap();
        let listed = Listed::read(file.path(), repeat.map(|hours: u64| hours * HOUR), &[]).unwrap();
        let trace = Trace { availability: Availability::Listed(Arc::new(listed)), ..Trace::default() };
        let people = People::Kept(users.iter().map(|user| User { id: user.id.clone(), ..User::default() }).collect());
        let fleet = Fleet::new(&trace, 7, &people).unwrap();
        let next = |device, t| fleet.absent_until(device, t * SECOND) / SECOND;
        let beyond = |t: u64| t + 8 * 86_400;
        assert_eq!([next(0, 0), next(0, 3599), next(0, 9000), next(0, 19_999)], [3600, 3600, 20_000, 20_000]);
        let again = repeat.map_or_else(|| beyond(30_000), |_| 43_200 + 3600);
        assert_eq!(next(0, 30_000), again);
        assert_eq!([next(1, 5), next(2, 5)], [beyond(5); 2], "nobody says when they come");
        assert_eq!(returns_hold(&fleet, 3) > 0, repeat.is_some() || next(0, 0) > 0);
    }
}

#[test]
fn the_expected_drop_out_is_that_of_the_classes_by_their_shares() {
    let trace = |text: &str| Trace::from_toml(text, Path::new("t.toml")).unwrap();
    assert!((trace(DEFAULT_TRACE).expected_drop_out() - 0.06).abs() < 1e-12);
    let slow = DEFAULT_TRACE.replace("startup_s = 30.0", "startup_s = 30.0\ndrop_out = 0.5");
    assert!((trace(&slow).expected_drop_out() - (0.8 * 0.06 + 0.2 * 0.5)).abs() < 1e-12);
}
