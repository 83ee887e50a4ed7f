use proptest::prelude::*;

use super::*;
use crate::accounting::zcdp;

/// The sum of squares over the nodes that some published sum carries, for a user who joins the rounds
/// whose bits are set.
fn exactly(rounds: u64, joined: u64) -> u64 {
    let mut nodes = std::collections::BTreeSet::new();
    for t in 1..=rounds {
        let mut end = t;
        while end > 0 {
            nodes.insert((end, end & end.wrapping_neg()));
            end &= end - 1;
        }
    }
    let within = |&(end, size): &(u64, u64)| u64::from((joined >> (end - size) & ((1 << size) - 1)).count_ones());
    nodes.iter().map(|node| within(node).pow(2)).sum()
}

fn apart(joined: u64, separation: u64) -> bool {
    let rounds: Vec<u64> = (0..64).filter(|i| joined >> i & 1 == 1).collect();
    rounds.windows(2).all(|pair| pair[1] - pair[0] >= separation)
}

#[test]
fn no_pattern_costs_more_than_it_is_charged() {
    // Every pattern of participations in up to 14 rounds, for every K and B.
    let (mut tight, mut all) = (0, 0);
    for rounds in 1..=14_u64 {
        let cost: Vec<u64> = (0..1_u64 << rounds).map(|joined| exactly(rounds, joined)).collect();
        for separation in 1..=rounds {
            let mut worst = vec![0; rounds as usize + 1];
            for joined in (0..1_u64 << rounds).filter(|&joined| apart(joined, separation)) {
                let j = joined.count_ones() as usize;
                worst[j] = worst[j].max(cost[joined as usize]);
            }
            for participations in 1..=rounds {
                let schedule = TreeSchedule::new(rounds, participations, separation).unwrap();
                for j in 1..=schedule.participations() {
                    let found = worst[j as usize];
                    assert!(found <= schedule.nodes_touched(j), "T {rounds} B {separation} j {j}");
                    assert!(found as f64 <= schedule.cost() * j as f64, "T {rounds} B {separation} j {j}");
                    assert!(schedule.nodes_touched(j) as f64 <= 1.5 * found as f64, "T {rounds} B {separation} j {j}");
                    (tight, all) = (tight + u64::from(found == schedule.nodes_touched(j)), all + 1);
                }
            }
        }
    }
    // And not much more: the bound is often reached.
    assert!(tight * 10 > all * 4, "{tight} of {all}");
}

#[test]
fn one_participation_costs_what_the_oracle_says() {
    for (rounds, depth) in [(1, 1), (2, 2), (3, 2), (4, 3), (100, 7), (1024, 11), (65_536, 17)] {
        let schedule = TreeSchedule::new(rounds, 1, 1).unwrap();
        assert_eq!(schedule.cost(), f64::from(depth).next_up());
        let z = NoiseMultiplier::new(1.7).unwrap();
        assert_eq!(schedule.rho(z, 1).unwrap(), zcdp::tree(z, rounds));
    }
}

#[test]
fn a_schedule_that_meets_the_bound() {
    // 128 rounds, every sixteenth: 8 on each of the levels 0 to 3, 4 nodes of one, 2 of two, 1 of four
    // and 1 of eight.
    let schedule = TreeSchedule::new(128, 8, 16).unwrap();
    assert_eq!(schedule.nodes_touched(8), 4 * 8 + 4 + 2 * 4 + 16 + 64);
    let mut found = 0;
    for level in 0..=7 {
        for place in (0..128_u64 >> level).step_by(2) {
            let within = (0..8).filter(|i| (16 * i) >> level == place).count() as u64;
            found += within * within;
        }
    }
    assert_eq!(found, schedule.nodes_touched(8));
}

#[test]
fn numbers_that_make_no_schedule_are_named() {
    let field = |rounds, participations, separation| match TreeSchedule::new(rounds, participations, separation) {
        Err(TreeError::OutOfRange { field, .. }) => field,
        Ok(schedule) => panic!("{schedule:?}"),
    };
    assert_eq!(field(0, 1, 1), "rounds");
    assert_eq!(field((1 << 16) + 1, 1, 1), "rounds");
    assert_eq!(field(8, 0, 1), "max_participations");
    assert_eq!(field(8, 1, 0), "min_separation");
    assert_eq!(TreeSchedule::new(10, u64::MAX, 3).unwrap().participations(), 4);
}

proptest! {
    #[test]
    fn the_charge_grows_with_participations_and_falls_with_separation(
        rounds in 1_u64..3000, k in 1_u64..40, b in 1_u64..60,
    ) {
        let cost = |k, b| TreeSchedule::new(rounds, k, b).unwrap().cost();
        prop_assert!(cost(k, b) <= cost(k + 1, b));
        prop_assert!(cost(k, b + 1) <= cost(k, b));
        prop_assert!(cost(k, b) >= 1.0);
        // Never above the bound that counts every node of a level as full.
        let coarse: f64 = (0..=rounds.ilog2()).map(|l| k.min((1_u64 << l).div_ceil(b)) as f64).sum();
        prop_assert!(cost(k, b) <= coarse.next_up());
    }
}
