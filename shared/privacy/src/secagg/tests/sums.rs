//! For any graph, any dropouts in any step and any order of messages: the plain sum, or an abort
//! that an independent oracle calls unavoidable.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::{Dropouts, Trace, World, device, plain_sum, terms};
use crate::secagg::{Adversary, Failure, GraphParameters, Step, Terms};

/// What ought to happen, from the rosters alone and without the server's code: the survivors, or
/// `None` where the round has to end.
fn oracle(terms: &Terms, trace: &Trace, dropouts: &Dropouts) -> Option<BTreeSet<u32>> {
    let least = terms.min_reports as usize;
    let by_place: BTreeMap<u32, u32> = trace.rosters.iter().map(|(i, roster)| (roster.own, *i)).collect();
    let near: BTreeMap<u32, BTreeSet<u32>> = trace
        .rosters
        .iter()
        .map(|(i, roster)| (*i, roster.neighbours.as_slice().iter().map(|entry| by_place[&entry.member]).collect()))
        .collect();
    let t = usize::from(trace.rosters.first()?.1.threshold);
    let count = |member: &u32, among: &BTreeSet<u32>| near[member].intersection(among).count();

    let mut shared: BTreeSet<u32> = near.keys().filter(|i| !dropouts.share.contains(i)).copied().collect();
    while let Some(lonely) = shared.iter().find(|i| count(i, &shared) < t).copied() {
        shared.remove(&lonely);
    }
    let alive: BTreeSet<u32> = shared.difference(&dropouts.input).copied().collect();
    if shared.len() < least || alive.len() < least {
        return None;
    }
    // Whose secrets are needed: of the survivors, and of whoever left a mask on one of them.
    let needed: Vec<u32> = shared.iter().filter(|i| alive.contains(i) || count(i, &alive) > 0).copied().collect();
    let all_have = |among: &BTreeSet<u32>| needed.iter().all(|i| count(i, among) >= t);
    let mut component = BTreeSet::from([*alive.first()?]);
    for _ in 0..alive.len() {
        let next: Vec<u32> = component.iter().flat_map(|i| near[i].intersection(&alive).copied()).collect();
        component.extend(next);
    }
    let mut asked = alive.clone();
    if terms.adversary == Adversary::Active {
        asked = asked.difference(&dropouts.consistency).copied().collect();
        if asked.len() < t + 1 {
            return None;
        }
    }
    let answered: BTreeSet<u32> = asked.difference(&dropouts.unmask).copied().collect();
    (component == alive && all_have(&alive) && all_have(&asked) && all_have(&answered)).then_some(alive)
}

fn check(terms: &Terms, dropouts: &Dropouts, salt: u64) -> Result<bool, TestCaseError> {
    let mut world = World::new(terms.clone(), salt);
    let members = terms.cohort - dropouts.advertise.len() as u32;
    let starts = members >= terms.min_reports && terms.graph_parameters(members).is_ok();
    let result = world.run(dropouts);
    let expected = if starts { oracle(terms, &world.trace, dropouts) } else { None };
    match (&result, &expected) {
        (Ok(sum), Some(survivors)) => {
            let found: BTreeSet<_> = sum.survivors.iter().copied().collect();
            prop_assert_eq!(found, survivors.iter().map(|&i| device(i)).collect::<BTreeSet<_>>());
            let plain = plain_sum(terms, survivors.iter().map(|&i| &world.inputs[i as usize]));
            prop_assert_eq!(sum.values(), plain);
            let in_sum_or_lost = sum.survivors.len() + sum.lost.iter().filter(|l| l.step <= Step::MaskedInput).count();
            prop_assert_eq!(in_sum_or_lost, terms.cohort as usize);
        }
        (Err(_), None) => {}
        (found, expected) => prop_assert!(false, "found {:?}, expected {:?}", found, expected),
    }
    Ok(result.is_ok())
}

/// A subset that leaves most behind, and now and then nearly everybody out.
fn few(n: u32) -> impl Strategy<Value = BTreeSet<u32>> {
    let share = prop_oneof![4 => 0.0..0.15_f64, 2 => 0.0..0.5_f64, 1 => Just(1.0)];
    (share, prop::collection::vec(0.0..1.0_f64, n as usize))
        .prop_map(|(share, draws)| (0..).zip(draws).filter(|(_, draw)| *draw < share * 0.9).map(|(i, _)| i).collect())
}

fn rounds() -> impl Strategy<Value = (Terms, Dropouts, u64)> {
    let sizes = (3..=30_u32).prop_flat_map(|n| (Just(n), 2..=n, 1..=n / 2, 0.0..=1.0_f64));
    let modes =
        prop_oneof![3 => Just(Adversary::Curious), 1 => Just(Adversary::SemiMalicious), 2 => Just(Adversary::Active)];
    (sizes, modes, prop::sample::select(vec![16_u8, 24, 32]), 1..40_usize).prop_flat_map(
        |((n, least, half, at), adversary, bits, dimension)| {
            // Complete for one draw in three, else any even degree with any threshold that fits.
            let complete = adversary == Adversary::Active || half % 3 == 0 || 2 * half >= n - 1;
            let degree = if complete { n - 1 } else { 2 * half };
            let lowest = if adversary == Adversary::Curious { 2 } else { degree / 2 + 1 }.min(degree);
            let threshold = lowest + ((degree - lowest) as f64 * at * at) as u32;
            let least = (least / 2).max(3);
            let graph = (!threshold.is_multiple_of(5) || !complete).then_some(GraphParameters { degree, threshold });
            let terms = Terms { modulus_bits: bits, dimension, graph, ..terms(n, least, adversary) };
            let dropouts =
                (few(n), few(n), few(n), few(n), few(n)).prop_map(|(advertise, share, input, consistency, unmask)| {
                    Dropouts { advertise, share, input, consistency, unmask }
                });
            (Just(terms), dropouts, any::<u64>())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_sum_is_the_plain_sum_or_the_round_has_to_end((terms, dropouts, salt) in rounds()) {
        check(&terms, &dropouts, salt)?;
    }
}

#[test]
fn the_property_is_not_vacuous() {
    // Sums come out of every mode, with dropouts in every step.
    let set = |items: &[u32]| items.iter().copied().collect::<BTreeSet<u32>>();
    let dropouts = Dropouts {
        advertise: set(&[0]),
        share: set(&[1]),
        input: set(&[2, 3]),
        consistency: set(&[4]),
        unmask: set(&[5]),
    };
    for adversary in [Adversary::Curious, Adversary::SemiMalicious, Adversary::Active] {
        assert!(check(&terms(30, 20, adversary), &dropouts, 5).unwrap(), "{adversary:?}");
    }
    let ring = Terms { graph: Some(GraphParameters { degree: 12, threshold: 4 }), ..terms(30, 20, Adversary::Curious) };
    assert!(check(&ring, &dropouts, 6).unwrap());
}

#[test]
fn a_large_round_takes_the_ring_that_the_rates_imply() {
    let terms = Terms { dimension: 3, corrupt_fraction: 0.05, ..terms(250, 235, Adversary::Curious) };
    let found = terms.graph_parameters(250).unwrap();
    assert!(found.degree < 60 && found.degree.is_multiple_of(2), "{found:?}");
    let dropouts = Dropouts { input: (0..7).collect(), unmask: (7..12).collect(), ..Dropouts::default() };
    assert!(check(&terms, &dropouts, 7).unwrap());
}

#[test]
fn lost_devices_are_reported_by_step() {
    let set = |item: u32| BTreeSet::from([item]);
    let dropouts = Dropouts { advertise: set(0), share: set(1), input: set(2), consistency: set(3), unmask: set(4) };
    let mut world = World::new(terms(12, 8, Adversary::Active), 1);
    let mut lost = world.run(&dropouts).unwrap().lost;
    lost.sort();
    let steps = [Step::Advertise, Step::Share, Step::MaskedInput, Step::Consistency, Step::Unmask];
    let expected: Vec<_> = (0..).zip(steps).map(|(i, step)| crate::secagg::Lost { step, device: device(i) }).collect();
    assert_eq!(lost, expected);
}

#[test]
fn one_survivor_fewer_than_the_minimum_is_one_too_few() {
    let dropouts = |count| Dropouts { input: (0..count).collect(), ..Dropouts::default() };
    assert!(World::new(terms(10, 7, Adversary::Curious), 1).run(&dropouts(3)).is_ok());
    let mut world = World::new(terms(10, 7, Adversary::Curious), 1);
    let ended = world.run(&dropouts(4)).unwrap_err();
    assert_eq!(ended.why, Failure::TooFew { step: Step::MaskedInput, least: 7, found: 6 });
    assert!(world.trace.requests.is_empty() && world.server.step().is_none());
}

#[test]
fn survivors_that_share_no_mask_across_a_gap_get_no_sum() {
    // Twelve on a ring, two to either side: two gaps of two leave two groups of four, each of which
    // could be unmasked by itself, below `N_min`.
    let parameters = GraphParameters { degree: 4, threshold: 2 };
    let terms = Terms { graph: Some(parameters), ..terms(12, 6, Adversary::Curious) };
    let mut world = World::new(terms.clone(), 1);
    world.advertise(&BTreeSet::new()).unwrap();
    world.share(&BTreeSet::new()).unwrap();
    let roster = &world.trace.rosters[0].1;
    let graph = crate::secagg::Graph::new(12, parameters, terms.manifest, roster.roster).unwrap();
    let reached = |out: &BTreeSet<u32>| {
        let mut seen = BTreeSet::from([(0..12).find(|member| !out.contains(member)).unwrap()]);
        for _ in 0..12 {
            let next: Vec<u32> = seen.iter().flat_map(|&member| graph.neighbours(member)).collect();
            seen.extend(next.into_iter().filter(|member| !out.contains(member)));
        }
        seen.len()
    };
    let fours = (0..12_u32.pow(4)).map(|i| BTreeSet::from([i % 12, i / 12 % 12, i / 144 % 12, i / 1728]));
    let gap = fours.filter(|out| out.len() == 4).find(|out| reached(out) == 4).unwrap();
    let places: BTreeMap<u32, u32> = world.trace.rosters.iter().map(|(i, roster)| (roster.own, *i)).collect();
    let ended = world.input(&gap.iter().map(|place| places[place]).collect()).unwrap_err();
    assert_eq!(ended.why, Failure::Disconnected);
    assert!(world.trace.requests.is_empty());
}
