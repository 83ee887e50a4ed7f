use std::collections::BTreeSet;

use proptest::prelude::*;
use rand::Rng;
use silhouette_wire::{ContentHash, QueryKind};

use super::*;
use crate::participations::Participations;

fn device(i: u16) -> DeviceId {
    let mut id = [0; 32];
    id[..2].copy_from_slice(&i.to_be_bytes());
    DeviceId(id)
}

fn config(cohort: u32, min_reports: u32, rounds: u64) -> RoundConfig {
    RoundConfig { cohort, min_reports, rounds, deadline: 1000, gathering: 500, hold: 400, ..RoundConfig::default() }
}

fn upload(round: u64, nonce: Nonce) -> Upload {
    Upload {
        task: "t".parse().unwrap(),
        round,
        nonce,
        manifest_hash: ContentHash([0; 32]),
        dimension: 1,
        modulus_bits: 16,
        byte_len: 2,
        sha256: ContentHash([0; 32]),
    }
}

fn assignments(instructions: &[Instruction]) -> Vec<(DeviceId, Nonce)> {
    instructions
        .iter()
        .filter_map(|i| if let Instruction::Assign { device, nonce, .. } = i { Some((*device, *nonce)) } else { None })
        .collect()
}

#[test]
fn a_round_opens_with_its_cohort_and_closes_with_its_reports() {
    let mut c = Coordinator::new(config(2, 2, 1), 0, [1; 32]).unwrap();
    assert!(c.check_in(0, device(1)).is_empty());
    let opened = c.check_in(1, device(2));
    assert_eq!(opened[0], Instruction::Open { round: 1, invited: 2 });
    let asked = assignments(&opened);
    assert_eq!(asked.len(), 2);
    for (d, nonce) in &asked {
        assert_eq!(c.admit(10, d, &upload(1, *nonce)), Ok(()));
    }
    assert!(c.reported(asked[0].0, ContentHash([5; 32])).is_empty());
    let closed = c.reported(asked[1].0, ContentHash([6; 32]));
    assert_eq!(closed, [Instruction::Close { round: 1, reports: 2, invited: 2 }]);
    assert!(c.check_in(20, device(3)).is_empty());
    assert_eq!(c.published(30), [Instruction::Finish { device: device(3) }]);
    assert_eq!(c.check_in(40, device(1)), [Instruction::Finish { device: device(1) }]);
}

#[test]
fn a_vanished_device_does_not_stop_the_round() {
    let mut c = Coordinator::new(config(3, 2, 5), 0, [1; 32]).unwrap();
    let mut opened = Vec::new();
    (1..=3).for_each(|i| opened.extend(c.check_in(0, device(i))));
    let asked = assignments(&opened);
    c.gone(&asked[2].0);
    c.reported(asked[0].0, ContentHash([0; 32]));
    c.reported(asked[1].0, ContentHash([0; 32]));
    assert!(c.tick(999).is_empty());
    assert_eq!(c.next_tick(), Some(1000));
    assert_eq!(c.tick(1000), [Instruction::Close { round: 1, reports: 2, invited: 3 }]);
}

#[test]
fn too_few_reports_abandon_the_round_and_the_next_one_gathers() {
    let mut c = Coordinator::new(config(2, 2, 5), 0, [1; 32]).unwrap();
    c.check_in(0, device(1));
    let asked = assignments(&c.check_in(0, device(2)));
    c.reported(asked[0].0, ContentHash([0; 32]));
    assert_eq!(c.tick(1000), [Instruction::Abandon { round: 1, reports: 1, invited: 2 }]);
    assert!(c.published(1001).is_empty());
    assert_eq!(c.phase(), Phase::Gathering);
}

#[test]
fn strangers_replays_and_latecomers_are_refused() {
    let mut c = Coordinator::new(config(2, 1, 5), 0, [1; 32]).unwrap();
    c.check_in(0, device(1));
    let asked = assignments(&c.check_in(0, device(2)));
    let (d, nonce) = asked[0];
    assert_eq!(c.admit(1, &device(9), &upload(1, nonce)), Err(ErrorCode::NotSelected));
    assert_eq!(c.admit(1, &d, &upload(1, Nonce([0; 16]))), Err(ErrorCode::BadNonce));
    assert_eq!(c.admit(1, &d, &upload(2, nonce)), Err(ErrorCode::UnknownRound));
    c.reported(d, ContentHash([7; 32]));
    assert_eq!(c.admit(2, &d, &upload(1, nonce)), Err(ErrorCode::Duplicate));
    assert_eq!(c.receipt(&d, &upload(1, nonce)), Some(ContentHash([7; 32])));
    assert!(c.reported(d, ContentHash([8; 32])).is_empty());
    assert_eq!(c.reports(), 1);
    let (late, late_nonce) = asked[1];
    assert_eq!(c.admit(1000, &late, &upload(1, late_nonce)), Err(ErrorCode::Late));
    c.tick(1000);
    assert_eq!(c.admit(1001, &late, &upload(1, late_nonce)), Err(ErrorCode::Late));
}

#[test]
fn a_partial_cohort_starts_when_patience_ends() {
    let mut c = Coordinator::new(config(10, 2, 5), 0, [1; 32]).unwrap();
    c.check_in(0, device(1));
    c.check_in(100, device(2));
    let opened = c.tick(500);
    // Both have been held longer than a check-in may be, or start at once: nobody is forgotten.
    assert!(!opened.is_empty());
}

#[test]
fn a_smaller_cohort_waits_for_spares_up_to_a_limit() {
    let limits =
        RoundConfig { spares: 2, gathering_limit: 9_000, hold: 99_000, over_selection: 1.5, ..config(10, 4, 5) };
    // (devices that wait from the start, when the round opens, how many are invited)
    for (devices, opens, invited) in [(15, 0, 15), (6, 500, 6), (8, 500, 8), (5, 9_000, 5), (4, 9_000, 4)] {
        let mut c = Coordinator::new(limits.clone(), 0, [1; 32]).unwrap();
        let mut opened: Vec<_> = (0..devices).flat_map(|i| c.check_in(0, device(i))).collect();
        let mut now = 0;
        while opened.is_empty() {
            now += 100;
            opened = c.tick(now);
        }
        assert_eq!((now, &opened[0]), (opens, &Instruction::Open { round: 1, invited }), "{devices} devices");
    }
    // Who comes while the others wait for spares makes the cohort big enough at once.
    let mut c = Coordinator::new(limits.clone(), 0, [1; 32]).unwrap();
    (0..5).for_each(|i| drop(c.check_in(0, device(i))));
    assert!(c.tick(3_000).is_empty());
    assert_eq!(c.check_in(3_001, device(9))[0], Instruction::Open { round: 1, invited: 6 });
    // Fewer than it takes are never enough.
    let mut c = Coordinator::new(limits.clone(), 0, [1; 32]).unwrap();
    (0..3).for_each(|i| drop(c.check_in(0, device(i))));
    assert!(c.tick(50_000).is_empty());
    let never = RoundConfig { gathering_limit: 400, ..limits };
    assert_eq!(Coordinator::<DeviceId>::new(never, 0, [1; 32]).unwrap_err().field, "gathering_limit");
}

#[test]
fn held_devices_are_sent_away_with_a_window() {
    let mut c = Coordinator::new(config(10, 5, 5), 0, [1; 32]).unwrap();
    c.check_in(0, device(1));
    assert_eq!(c.tick(400), [Instruction::Wait { device: device(1), min: 5_000, max: 30_000 }]);
    assert_eq!(c.waiting(), 0);
}

#[test]
fn separation_and_participation_limits_hold() {
    let limits = RoundConfig { min_separation: 2, max_participations: 2, ..config(1, 1, 10) };
    let mut c = Coordinator::new(limits, 0, [1; 32]).unwrap();
    let mut joined = Vec::new();
    for now in 0..40 {
        // Device 1 rests for a round after each of its own; device 2 fills in.
        for i in [1, 2] {
            for (d, _) in assignments(&c.check_in(now, device(i))) {
                joined.push((c.round(), d));
                c.reported(d, ContentHash([0; 32]));
                for instruction in c.published(now) {
                    if let Instruction::Assign { device, .. } = instruction {
                        joined.push((c.round(), device));
                        c.reported(device, ContentHash([0; 32]));
                        c.published(now);
                    }
                }
            }
        }
    }
    for i in [1, 2] {
        let rounds: Vec<_> = joined.iter().filter(|(_, d)| *d == device(i)).map(|(r, _)| *r).collect();
        assert_eq!(rounds.len(), 2, "{joined:?}");
        assert!(rounds[1] - rounds[0] >= 2);
    }
}

#[test]
fn every_kind_of_query_is_spread_evenly_by_itself() {
    // Twelve rounds of training, four evaluations, one count of labels; three of seven devices in each.
    let config = RoundConfig { evaluate_every: 3, label_counts: true, ..config(3, 3, 12) };
    let schedule = config.schedule().unwrap();
    assert_eq!(schedule.rounds(), 17);
    for seed in 0..20 {
        let mut c = Coordinator::new(config.clone(), 0, [seed; 32]).unwrap();
        let mut joined = BTreeMap::<DeviceId, Participations>::new();
        for round in 1..=17 {
            // All wait before the last one makes the cohort complete.
            let (mut asked, now) = (Vec::new(), round * 2_000);
            c.gathering_since = Some(now);
            c.waiting = (1..=7).map(|i| (device(i), now)).collect();
            asked.extend(assignments(&c.tick(now)));
            assert_eq!(asked.len(), 3, "round {round}");
            for (device, _) in asked {
                joined.entry(device).or_default().add(schedule.kind(round));
                c.reported(device, ContentHash([0; 32]));
            }
            c.waiting.clear();
            c.published(now);
        }
        for counts in joined.values() {
            // The averages, rounded up: 36/7, 12/7, 3/7.
            assert!(counts.of(QueryKind::Train) <= 6 && counts.of(QueryKind::Evaluate) <= 2, "{counts:?}");
            assert!(counts.of(QueryKind::LabelCounts) <= 1, "{counts:?}");
        }
    }
}

#[test]
fn nobody_is_asked_for_a_kind_more_often_than_it_may_be() {
    let config = RoundConfig { evaluate_every: 1, max_evaluations: 1, ..config(1, 1, 4) };
    let mut c = Coordinator::new(config, 0, [1; 32]).unwrap();
    let once = |c: &mut Coordinator, i: u16| {
        let asked = assignments(&c.check_in(0, device(i)));
        asked.iter().for_each(|(device, _)| drop(c.reported(*device, ContentHash([0; 32]))));
        c.published(0);
        asked.len()
    };
    // Training, evaluation, training; the second evaluation is for somebody else.
    assert_eq!([once(&mut c, 1), once(&mut c, 1), once(&mut c, 1), once(&mut c, 1)], [1, 1, 1, 0]);
    // It takes place without the first device, which waits; the next round of training is its own at once.
    assert_eq!((once(&mut c, 2), c.round()), (1, 5));
    assert_eq!(c.admit(1, &device(1), &upload(5, Nonce([0; 16]))), Err(ErrorCode::BadNonce), "it was asked");
}

#[test]
fn a_restart_goes_on_after_the_last_round() {
    let mut c = Coordinator::new(config(1, 1, 5), 3, [1; 32]).unwrap();
    c.remember(device(1), Participation { last_round: 3, counts: Participations::in_training(3) });
    assert_eq!(c.check_in(0, device(1))[0], Instruction::Open { round: 4, invited: 1 });
    let done = Coordinator::<DeviceId>::new(config(1, 1, 5), 5, [1; 32]).unwrap();
    assert_eq!(done.phase(), Phase::Finished);
}

/// Everybody checks in at once; the groups' members of the round that opens.
fn groups_of_a_round(config: RoundConfig, devices: u16, seed: u8) -> BTreeMap<usize, Vec<DeviceId>> {
    let mut c = Coordinator::new(config, 0, [seed; 32]).unwrap();
    let mut opened: Vec<_> = (1..=devices).flat_map(|i| c.check_in(0, device(i))).collect();
    opened.extend(c.tick(500));
    let mut groups = BTreeMap::<usize, Vec<DeviceId>>::new();
    for instruction in opened {
        if let Instruction::Assign { device, group, .. } = instruction {
            groups.entry(group).or_default().push(device);
        }
    }
    groups
}

#[test]
fn a_cohort_is_split_into_groups_of_its_size_at_random() {
    let grouped = || RoundConfig { groups: 4, min_groups: 3, hold: 5_000, ..config(5, 4, 3) };
    let (one, other) = (groups_of_a_round(grouped(), 20, 1), groups_of_a_round(grouped(), 20, 2));
    assert_eq!(one.values().map(Vec::len).collect::<Vec<_>>(), [5; 4]);
    assert_ne!(one, other, "another seed, another split");
    // Nineteen are no full cohort; when patience ends they still make four groups of four or five.
    let short = groups_of_a_round(grouped(), 19, 1);
    assert_eq!(short.values().map(Vec::len).collect::<Vec<_>>(), [5, 5, 5, 4]);
    // Fifteen make three groups, not four, of which one would be below its N_min.
    assert_eq!(groups_of_a_round(grouped(), 15, 1).values().map(Vec::len).collect::<Vec<_>>(), [5; 3]);
    // Eleven would make two, and the round wants three.
    assert!(groups_of_a_round(grouped(), 11, 1).is_empty());
    let bad = RoundConfig { groups: 2, min_groups: 3, ..config(5, 4, 3) };
    assert_eq!(Coordinator::<DeviceId>::new(bad, 0, [1; 32]).unwrap_err().field, "min_groups");
}

#[test]
fn a_round_of_groups_needs_the_reports_of_enough_of_them() {
    let grouped = RoundConfig { groups: 3, min_groups: 2, ..config(4, 3, 3) };
    for (reports, closes) in [(6, true), (5, false), (0, false)] {
        let mut c = Coordinator::new(grouped.clone(), 0, [1; 32]).unwrap();
        (1..=12).for_each(|i| drop(c.check_in(0, device(i))));
        assert!(matches!(c.phase(), Phase::Collecting { .. }));
        let ended = c.unmasked(reports);
        assert_eq!(matches!(ended[0], Instruction::Close { invited: 12, .. }), closes, "{reports}: {ended:?}");
    }
}

/// The oracle: the nonces as they were drawn and kept one by one.
#[test]
fn nonces_are_the_next_of_the_randomness_in_the_order_of_the_devices() {
    for (devices, draws_before) in [(0, 0), (1, 1), (7, 3), (40, 17), (300, 64)] {
        let mut random = ChaCha20Rng::from_seed([5; 32]);
        (0..draws_before).map(|_| random.next_u64()).for_each(drop);
        let mut one_by_one = ChaCha20Rng::from_seed([5; 32]);
        (0..draws_before).map(|_| one_by_one.next_u64()).for_each(drop);
        let cohort = Cohort::new((0..devices).map(device).collect(), &mut random);
        let drawn: Vec<Nonce> = (0..devices)
            .map(|_| {
                let mut nonce = [0; 16];
                one_by_one.fill_bytes(&mut nonce);
                Nonce(nonce)
            })
            .collect();
        assert_eq!(cohort.invitations().map(|(_, nonce)| nonce).collect::<Vec<_>>(), drawn);
        assert_eq!((0..devices).map(|i| cohort.nonce(&device(i)).unwrap()).collect::<Vec<_>>(), drawn);
        assert_eq!(cohort.nonce(&device(devices)), None);
        assert_eq!(random.next_u64(), one_by_one.next_u64(), "the randomness goes on behind the nonces");
    }
}

/// A draw of 64 bits for each device that may be chosen, and a nonce of 128 for each that is: what a driver that goes on
/// with the same randomness counts on, also where everybody is chosen and the draws decide nothing.
#[test]
fn a_round_uses_up_the_same_randomness_whoever_is_chosen() {
    for (waiting, cohort) in [(6, 6), (9, 6)] {
        let mut c = Coordinator::new(config(cohort, 2, 5), 0, [1; 32]).unwrap();
        c.gathering_since = Some(0);
        c.waiting = (0..waiting).map(|i| (device(i), 0)).collect();
        assert_eq!(assignments(&c.tick(1)).len(), cohort as usize);
        assert_eq!(c.random_position(), u128::from(2 * waiting) + u128::from(4 * cohort));
    }
}

/// The groups of a round that all of these open by checking in, one after the other; then they leave.
fn checked_in(c: &mut Coordinator, now: Millis, devices: &[DeviceId]) -> Option<Vec<Vec<DeviceId>>> {
    let (mut groups, mut opened) = (Vec::<Vec<DeviceId>>::new(), false);
    for &device in devices {
        for instruction in c.check_in(now, device) {
            opened |= matches!(instruction, Instruction::Open { .. });
            if let Instruction::Assign { device, group, .. } = instruction {
                groups.resize_with(groups.len().max(group + 1), Vec::new);
                groups[group].push(device);
            }
        }
        if opened {
            break;
        }
    }
    devices.iter().for_each(|device| c.gone(device));
    opened.then_some(groups)
}

/// One thing that can happen to an aggregator.
#[derive(Clone, Debug)]
enum Step {
    CheckIn(u16),
    Gone(u16),
    Report(u16),
    Wait(u16),
    Publish,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u16..12).prop_map(Step::CheckIn),
        (0_u16..12).prop_map(Step::Gone),
        (0_u16..12).prop_map(Step::Report),
        (0_u16..600).prop_map(Step::Wait),
        Just(Step::Publish),
    ]
}

proptest! {
    /// Whoever is there, twice or not, and whatever they have joined: to convene them is to have them check in.
    #[test]
    fn to_convene_devices_is_to_have_them_check_in(
        orders in prop::collection::vec((prop::collection::vec(0_u16..40, 0..60), 0_u64..800), 1..12),
        cohort in 1_u32..9,
        groups in 1_u32..4,
        seed: u8,
    ) {
        let config = RoundConfig {
            groups,
            min_separation: 2,
            max_participations: 3,
            over_selection: 1.3,
            ..config(cohort, cohort.div_ceil(2), 9)
        };
        let mut convened = Coordinator::new(config.clone(), 0, [seed; 32]).unwrap();
        let mut one_by_one = Coordinator::new(config, 0, [seed; 32]).unwrap();
        let mut now = 0;
        for (order, passed) in orders {
            now += passed;
            let devices: Vec<DeviceId> = order.into_iter().map(device).collect();
            let groups = convened.convene(now, devices.iter().copied());
            prop_assert_eq!(&groups, &checked_in(&mut one_by_one, now, &devices));
            for device in groups.into_iter().flatten().flatten() {
                prop_assert_eq!(convened.nonce(&device), one_by_one.nonce(&device));
                prop_assert_eq!(convened.participation(&device), one_by_one.participation(&device));
            }
            for c in [&mut convened, &mut one_by_one] {
                c.unmasked(1);
                c.published(now);
            }
            prop_assert_eq!(convened.random_position(), one_by_one.random_position());
            prop_assert_eq!((convened.round(), convened.phase()), (one_by_one.round(), one_by_one.phase()));
        }
    }

    /// Whatever happens in whatever order: rounds only rise, nobody counts twice in a round, a
    /// result is never made of fewer than `min_reports`, and nobody is over-asked.
    #[test]
    fn invariants_hold_under_any_schedule(steps in prop::collection::vec(step(), 1..200)) {
        let limits = RoundConfig { max_participations: 3, over_selection: 1.5, ..config(4, 3, 6) };
        let mut c = Coordinator::new(limits, 0, [3; 32]).unwrap();
        let (mut now, mut last_round) = (0_u64, 0_u64);
        let mut counted: BTreeMap<DeviceId, u32> = BTreeMap::new();
        let mut nonces: BTreeMap<DeviceId, Nonce> = BTreeMap::new();
        let mut reported = BTreeSet::new();
        for s in steps {
            let out = match s {
                Step::CheckIn(i) => c.check_in(now, device(i)),
                Step::Gone(i) => { c.gone(&device(i)); Vec::new() }
                Step::Wait(ms) => { now += u64::from(ms); c.tick(now) }
                Step::Publish => c.published(now),
                Step::Report(i) => {
                    let d = device(i);
                    let nonce = nonces.get(&d).copied().unwrap_or(Nonce([0; 16]));
                    match c.admit(now, &d, &upload(c.round().max(1), nonce)) {
                        Ok(()) => {
                            prop_assert!(reported.insert((c.round(), d)), "counted twice");
                            c.reported(d, ContentHash([1; 32]))
                        }
                        Err(_) => Vec::new(),
                    }
                }
            };
            for instruction in out {
                match instruction {
                    Instruction::Open { round, invited } => {
                        prop_assert_eq!(round, last_round + 1);
                        prop_assert!(invited <= 6);
                        last_round = round;
                    }
                    Instruction::Assign { device, nonce, .. } => {
                        *counted.entry(device).or_default() += 1;
                        nonces.insert(device, nonce);
                    }
                    Instruction::Close { reports, .. } => prop_assert!((3..=4).contains(&reports)),
                    Instruction::Abandon { reports, .. } => prop_assert!(reports < 3),
                    _ => {}
                }
            }
        }
        prop_assert!(counted.values().all(|&n| n <= 3));
        prop_assert!(last_round <= 6);
    }
}
