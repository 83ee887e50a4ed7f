use std::cell::RefCell;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// A world by the book: what device `d` does at time `t`.
struct Script<F> {
    eligible: fn(u32, Millis) -> bool,
    outcome: F,
    /// Every start: when, who.
    starts: RefCell<Vec<(Millis, u32)>>,
}

impl<F: Fn(u32, Millis) -> Outcome> Script<F> {
    fn new(eligible: fn(u32, Millis) -> bool, outcome: F) -> Self {
        Self { eligible, outcome, starts: RefCell::default() }
    }
}

impl<F: Fn(u32, Millis) -> Outcome> World for Script<F> {
    fn eligible_until(&self, device: u32, t: Millis) -> Option<Millis> {
        (self.eligible)(device, t).then_some(Millis::MAX)
    }

    fn work(&self, device: u32, t: Millis, _: Millis) -> (Outcome, usize) {
        assert!((self.eligible)(device, t), "device {device} started at {t} though it was not there");
        self.starts.borrow_mut().push((t, device));
        ((self.outcome)(device, t), 1)
    }
}

fn after(t: Millis, ms: Millis) -> Outcome {
    Outcome::Reports { released: t + ms - 1, reported: t + ms }
}

fn flights(devices: u32, buffer: usize, concurrency: usize, max_staleness: u64, participations: u32) -> Flights {
    let limits = Limits { buffer, concurrency, max_staleness, participations };
    Flights::new(limits, Roster::new((0..devices).collect()))
}

fn pairs(starts: &[Start]) -> Vec<(u32, u64)> {
    starts.iter().map(|start| (start.device, start.version)).collect()
}

#[test]
fn a_scripted_buffer_fills_in_the_order_of_time() {
    // Four devices, two at a time; device 0 takes 100 s, the others 10 s.
    let world = Script::new(|_, _| true, |device, t| after(t, if device == 0 { 100_000 } else { 10_000 }));
    let mut flights = flights(4, 2, 2, 5, 9);
    let filled = flights.fill(0, &world).unwrap();
    assert_eq!((pairs(&filled.members), flights.now()), (vec![(1, 0), (2, 0)], 20_000));
    // 3 has no place before the buffer is full: 0 and 2 are at work until then.
    assert_eq!(*world.starts.borrow(), [(0, 0), (0, 1), (10_000, 2)]);
    let filled = flights.fill(1, &world).unwrap();
    // 1 and 2 may start again, behind 3, who never did.
    assert_eq!((pairs(&filled.members), flights.now()), (vec![(3, 1), (1, 1)], 40_000));
    assert_eq!(flights.versions(), BTreeMap::from([(0, 1)]));
    for version in 2..4 {
        flights.fill(version, &world).unwrap();
    }
    let last = flights.fill(4, &world).unwrap();
    // Device 0 arrives at 100 s, with the version it started from, before another that does so too.
    assert_eq!((pairs(&last.members)[1], flights.now()), ((0, 0), 100_000));
    assert_eq!((last.stale, last.payers.len()), (0, 0));
}

#[test]
fn a_tie_is_settled_by_the_devices_numbers() {
    let world = Script::new(|_, _| true, |_, t| after(t, 10_000));
    let limits = Limits { buffer: 2, concurrency: 3, max_staleness: 0, participations: 9 };
    let mut flights = Flights::new(limits, Roster::new(vec![9, 4, 7]));
    assert_eq!(pairs(&flights.fill(0, &world).unwrap().members), [(4, 0), (7, 0)]);
}

#[test]
fn a_stale_update_does_not_count_and_is_paid_for() {
    let world = Script::new(|_, _| true, |device, t| after(t, if device == 0 { 25_000 } else { 10_000 }));
    let mut flights = flights(9, 1, 2, 1, 9);
    let mut seen = Vec::new();
    for version in 0..6 {
        let filled = flights.fill(version, &world).unwrap();
        assert_eq!(filled.members.len(), 1);
        seen.extend(filled.payers.iter().map(|start| (version, start.device, start.version, filled.stale)));
    }
    // Device 0 starts from version 0 and arrives at 25 s, when two have passed: one more than may.
    assert_eq!(seen, [(2, 0, 0, 1)]);
}

#[test]
fn who_vanishes_before_the_charge_pays_nothing_and_who_vanishes_after_it_does() {
    let outcome = |device: u32, t: Millis| match device {
        0 => Outcome::Vanishes { at: t + 1_000, charged: false },
        1 => Outcome::Vanishes { at: t + 2_000, charged: true },
        _ => after(t, 10_000),
    };
    let world = Script::new(|_, _| true, outcome);
    let mut flights = flights(3, 1, 3, 9, 2);
    let filled = flights.fill(0, &world).unwrap();
    assert_eq!((pairs(&filled.members), pairs(&filled.payers)), (vec![(2, 0)], vec![(1, 0)]));
    // 0 tried again, until a look at an empty roster put the next one off; 1 has paid for version 0 and waits.
    let tries = |who| world.starts.borrow().iter().filter(|start| start.1 == who).count();
    assert_eq!((tries(0), tries(1), filled.vanished), (3, 1, 4));
    let second = flights.fill(1, &world).unwrap();
    assert_eq!(pairs(&second.payers), [(1, 1)]);
    // It has paid as often as it may.
    flights.fill(2, &world).unwrap_err();
    assert_eq!(tries(1), 2);
}

#[test]
fn a_world_in_which_everybody_vanishes_is_given_up_after_so_many() {
    let vanishes = |_: u32, t: Millis| Outcome::Vanishes { at: t + 30_000, charged: false };
    let world = Script::new(|_, _| true, vanishes);
    let mut all = flights(500, 10, 50, 9, 9);
    assert_eq!(all.fill(0, &world), Err(Deserted::Fruitless { vanished: FRUITLESS_STARTS }));
    assert!(all.now() < 24 * 3_600_000, "{}", all.now());
    // One that gets through now and then is enough to go on.
    let rarely = |device: u32, t: Millis| {
        let through = (t / 1_000 + u64::from(device)).is_multiple_of(997);
        if through { after(t, 30_000) } else { vanishes(device, t) }
    };
    let mut some = flights(500, 1, 50, 9, 20);
    let world = Script::new(|_, _| true, rarely);
    assert!((0..20).all(|version| some.fill(version, &world).is_ok()));
}

/// A world that says when a device comes back.
struct Foretold<F>(Script<F>, fn(u32, Millis) -> Millis, RefCell<usize>);

impl<F: Fn(u32, Millis) -> Outcome> World for Foretold<F> {
    fn eligible_until(&self, device: u32, t: Millis) -> Option<Millis> {
        *self.2.borrow_mut() += 1;
        self.0.eligible_until(device, t)
    }

    fn absent_until(&self, device: u32, t: Millis) -> Millis {
        (self.1)(device, t)
    }

    fn work(&self, device: u32, t: Millis, until: Millis) -> (Outcome, usize) {
        self.0.work(device, t, until)
    }
}

#[test]
fn to_know_when_devices_come_back_saves_looks_and_changes_nothing() {
    // Device d is there for ten minutes of every 50 + d hours.
    const HOUR: Millis = 3_600_000;
    let eligible =
        |device: u32, t: Millis| t % (u64::from(50 + device) * HOUR) >= u64::from(49 + device) * HOUR + 50 * 60_000;
    let next = |device: u32, t: Millis| {
        let period = u64::from(50 + device) * HOUR;
        t - t % period + period - 10 * 60_000
    };
    let outcome = |device: u32, t: Millis| {
        if (t / 1000 + u64::from(device)).is_multiple_of(3) {
            Outcome::Vanishes { at: t + 9_000, charged: false }
        } else {
            after(t, 100_000)
        }
    };
    let (blind, foretold) = (Script::new(eligible, outcome), Script::new(eligible, outcome));
    let foretold = Foretold(foretold, next, RefCell::default());
    let (mut a, mut b) = (flights(40, 5, 7, 3, 3), flights(40, 5, 7, 3, 3));
    for version in 0..12 {
        assert_eq!(a.fill(version, &blind), b.fill(version, &foretold), "version {version}");
        assert_eq!(a.now(), b.now());
    }
    assert_eq!(*blind.starts.borrow(), *foretold.0.starts.borrow());
    assert!(*foretold.2.borrow() < 4_000, "{}", foretold.2.borrow());
}

#[test]
fn nobody_starts_who_is_not_there_and_the_empty_places_are_looked_at_again() {
    // Everybody is there in every second hour.
    let eligible = |_: u32, t: Millis| (t / 3_600_000) % 2 == 1;
    let world = Script::new(eligible, |_, t| after(t, 10_000));
    let mut flights = flights(6, 3, 2, 9, 9);
    let filled = flights.fill(0, &world).unwrap();
    assert_eq!((filled.members.len(), flights.now()), (3, 3_620_000));
}

#[test]
fn an_empty_world_ends_the_wait() {
    let world = Script::new(|_, _| false, |_, t| after(t, 1));
    let mut flights = flights(5, 1, 2, 9, 1);
    assert_eq!(flights.fill(0, &world), Err(Deserted::Nobody { waiting: 5, updates: 0 }));
    assert!(flights.now() > PATIENCE && flights.now() <= PATIENCE + 2 * PULSE);
}

#[test]
fn at_the_end_those_pay_who_will_have_trained() {
    let outcome = |device: u32, t: Millis| match device {
        0 => after(t, 1_000),
        1 => after(t, 90_000),
        _ => Outcome::Vanishes { at: t + 90_000, charged: device == 2 },
    };
    let mut flights = flights(4, 1, 4, 9, 9);
    flights.fill(0, &Script::new(|_, _| true, outcome)).unwrap();
    assert_eq!(pairs(&flights.payers_at_the_end()), [(1, 0), (2, 0)]);
    assert!(flights.payers_at_the_end().is_empty());
}

#[test]
fn nobody_is_twice_in_a_buffer_pays_twice_for_a_version_or_more_often_than_it_may() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for case in 0..150_u64 {
        let (buffer, concurrency) = (random.random_range(1..6), random.random_range(1..9));
        let (max_staleness, participations) = (random.random_range(0..4), random.random_range(1..6));
        let outcome = move |device: u32, t: Millis| {
            let bits = (u64::from(device) + 1).wrapping_mul(case + 3).wrapping_mul(t / 1_000 + 17) >> 2;
            let ms = 1_000 + bits % 60_000;
            match bits % 11 {
                0 => Outcome::Vanishes { at: t + ms, charged: false },
                1 => Outcome::Vanishes { at: t + ms, charged: true },
                _ => after(t, ms),
            }
        };
        let world = Script::new(|device, t| !(t / 60_000 + u64::from(device)).is_multiple_of(3), outcome);
        let mut flights = flights(20, buffer, concurrency, max_staleness, participations);
        let mut charges: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        let mut paid = |start: &Start| charges.entry(start.device).or_default().push(start.version);
        for version in 0..12 {
            let Ok(filled) = flights.fill(version, &world) else { break };
            let mut members: Vec<u32> = filled.members.iter().map(|start| start.device).collect();
            members.sort_unstable();
            members.dedup();
            assert_eq!((filled.members.len(), members.len()), (buffer, buffer), "case {case}");
            assert!(filled.members.iter().all(|start| version - start.version <= max_staleness));
            filled.payers.iter().chain(&filled.members).for_each(&mut paid);
            assert!(flights.versions().values().sum::<usize>() <= concurrency);
        }
        flights.payers_at_the_end().iter().for_each(&mut paid);
        for versions in charges.values() {
            assert!(versions.len() <= participations as usize, "case {case}");
            // Each charge is for a later version than the one before: no device joins a round twice.
            assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "case {case}: {versions:?}");
        }
    }
}
