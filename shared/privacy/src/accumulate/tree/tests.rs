use silhouette_wire::Mode;

use super::*;
use crate::noise::OpenDpNoise;
use crate::noise::simulation::SeededNoise;
use crate::{Private, Rounding, release};

fn parameters(rounds: u64, entries: usize) -> ReleaseParameters {
    let schedule = TreeSchedule::new(rounds, 3, 2).unwrap();
    ReleaseParameters::new(Mode::Central, entries, 1.0, 2.0, 4, 2).unwrap().with_tree(schedule).unwrap()
}

/// "Noise" that counts its draws: the i-th draw is 4^i in every entry, so that a sum of some of them, each
/// added or taken off at most once, says which they are.
struct Counting(u32);

impl NoiseSource for Counting {
    fn sample_discrete_gaussian(&mut self, _: DyadicSigma, out: &mut [i64]) -> Result<(), NoiseError> {
        out.fill(4_i64.checked_pow(self.0).ok_or(NoiseError::Sampler)?);
        self.0 += 1;
        Ok(())
    }
}

struct Broken;

impl NoiseSource for Broken {
    fn sample_discrete_gaussian(&mut self, _: DyadicSigma, _: &mut [i64]) -> Result<(), NoiseError> {
        Err(NoiseError::Sampler)
    }
}

#[test]
fn nodes_are_the_binary_digits_of_the_round() {
    assert_eq!(nodes_of(13).collect::<Vec<_>>(), [13, 12, 8]);
    assert_eq!(nodes_of(16).collect::<Vec<_>>(), [16]);
    assert_eq!(nodes_of(0).count(), 0);
}

/// The noise of each published sum, as the draws it is made of.
fn published(rounds: &[u64], restart: bool) -> Vec<Vec<u32>> {
    let p = parameters(64, 1);
    let (mut tree, mut source) = (NoiseTree::new(&p).unwrap(), Counting(0));
    let mut noise = 0_i64;
    let draws = |mut noise: i64| {
        let mut found = Vec::new();
        for i in 0.. {
            if noise == 0 {
                break;
            }
            assert!(matches!(noise % 4, 0 | 1), "a draw counts once or not at all");
            if noise % 4 == 1 {
                found.push(i);
            }
            noise /= 4;
        }
        found
    };
    rounds
        .iter()
        .map(|&round| {
            noise += tree.advance(round, &mut source).unwrap().0[0];
            assert!(tree.nodes.len() <= 7);
            if restart {
                tree = NoiseTree::from_bytes(&p, &tree.to_bytes()).unwrap();
            }
            draws(noise)
        })
        .collect()
}

#[test]
fn every_node_is_drawn_once_and_carried_as_long_as_it_is_named() {
    for restart in [false, true] {
        for rounds in [(1..=31).collect::<Vec<u64>>(), vec![1, 3, 4, 6, 7, 12, 13, 29, 30, 31], vec![5, 7, 64]] {
            let mut draw_of = std::collections::BTreeMap::new();
            let mut next = 0;
            for (&round, found) in rounds.iter().zip(published(&rounds, restart)) {
                let mut expected: Vec<u32> = Vec::new();
                for end in nodes_of(round) {
                    expected.push(*draw_of.entry(end).or_insert_with(|| {
                        next += 1;
                        next - 1
                    }));
                }
                expected.sort_unstable();
                assert_eq!(found, expected, "round {round}, restart {restart}");
            }
        }
    }
}

#[test]
fn the_noise_of_a_sum_has_the_spread_of_its_nodes() {
    let p = parameters(16, 20_000);
    let mut tree = NoiseTree::new(&p).unwrap();
    let mut noise = vec![0_i64; 20_000];
    for round in 1..=16_u64 {
        let mut source = SeededNoise::dangerous_for_simulation_only([4; 32], round);
        let mut sum = Accumulator::new(p.clone());
        for device in 0..2 {
            let share = p.draw_noise(&mut source).unwrap();
            let mut rounding = Rounding::seeded([device; 32]);
            sum.fold_release(&release(Private::new(vec![0.0; 20_000]), &p, share, &mut rounding).unwrap()).unwrap();
        }
        let moved = sum.finish_in_tree(&mut tree, round, &mut source).unwrap();
        noise.iter_mut().zip(moved.as_grid()).for_each(|(n, k)| *n += k);
        let sigma = p.sigma().unwrap().as_f64();
        let spread = (noise.iter().map(|&n| (n as f64).powi(2)).sum::<f64>() / 20_000.0).sqrt();
        // 20,000 draws: a deviation has a relative deviation of 0.5 per cent.
        let expected = sigma * f64::from(round.count_ones()).sqrt();
        assert!((spread / expected - 1.0).abs() < 0.03, "round {round}: {spread} for {expected}");
        // What one step carries: the nodes that came and those that went.
        let step = (moved.as_grid().iter().map(|&n| (n as f64).powi(2)).sum::<f64>() / 20_000.0).sqrt();
        let said = moved.mean_noise_sd() * p.scale() * 4.0;
        assert!((step / said - 1.0).abs() < 0.03, "round {round}: {step} for {said}");
    }
}

#[test]
fn rounds_only_go_ahead_and_a_failure_changes_nothing() {
    let p = parameters(8, 3);
    let mut tree = NoiseTree::new(&p).unwrap();
    tree.advance(3, &mut Counting(0)).unwrap();
    let before = tree.to_bytes();
    for round in [0, 2, 3, 9] {
        let error = tree.advance(round, &mut Counting(0)).unwrap_err();
        assert_eq!(error, NoiseTreeError::Round { after: 4, rounds: 8, found: round });
    }
    assert!(matches!(tree.advance(4, &mut Broken), Err(NoiseTreeError::Noise(_))));
    let lonely = Accumulator::new(p).finish_in_tree(&mut tree, 4, &mut Counting(0));
    assert!(matches!(lonely, Err(FinishError::TooFewReports { .. })));
    assert_eq!(before, tree.to_bytes());
}

#[test]
fn state_that_no_round_leaves_behind_is_refused() {
    let p = parameters(8, 3);
    let mut tree = NoiseTree::new(&p).unwrap();
    assert!(NoiseTree::from_bytes(&p, &tree.to_bytes()).is_ok());
    tree.advance(5, &mut OpenDpNoise::new()).unwrap();
    let good = tree.to_bytes();
    assert_eq!(NoiseTree::from_bytes(&p, &good).unwrap().to_bytes(), good);
    let broken = |at: usize, value: u64| {
        let mut bytes = good.to_vec();
        bytes[8 * at..8 * (at + 1)].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    // Another round, another number of nodes, another node, cut, longer, nothing at all.
    for bytes in [broken(0, 6), broken(0, 9), broken(1, u64::MAX), broken(2, 3), good[..40].to_vec(), Vec::new()] {
        assert!(matches!(NoiseTree::from_bytes(&p, &bytes), Err(NoiseTreeError::State { .. })));
    }
    let longer = [good.to_vec(), vec![0; 8]].concat();
    assert!(NoiseTree::from_bytes(&p, &longer).is_err());
    let independent = ReleaseParameters::new(Mode::Central, 3, 1.0, 2.0, 4, 2).unwrap();
    assert_eq!(NoiseTree::from_bytes(&independent, &good).err(), Some(NoiseTreeError::OtherRelease));
}

#[test]
fn a_tree_is_for_its_own_release() {
    let p = parameters(8, 3);
    let mut tree = NoiseTree::new(&parameters(16, 3)).unwrap();
    let sum = || {
        let mut sum = Accumulator::new(p.clone());
        for _ in 0..2 {
            sum.fold(&vec![0; p.byte_len()]).unwrap();
        }
        sum
    };
    let other = sum().finish_in_tree(&mut tree, 1, &mut Counting(0)).err();
    assert_eq!(other, Some(FinishError::NoiseTree(NoiseTreeError::OtherRelease)));
    // Independent noise was not what the devices agreed to.
    assert_eq!(sum().finish(&mut Counting(0)).err(), Some(FinishError::Tree));
    let independent = ReleaseParameters::new(Mode::Central, 3, 1.0, 2.0, 4, 2).unwrap();
    assert!(NoiseTree::new(&independent).is_none());
}

#[test]
fn a_tree_needs_mode_central_noise_and_one_clip() {
    let schedule = TreeSchedule::new(8, 3, 2).unwrap();
    let with = |mode, z| ReleaseParameters::new(mode, 4, 1.0, z, 10, 8).unwrap().with_tree(schedule);
    assert!(with(Mode::Local, 1.0).is_err() && with(Mode::Distributed, 1.0).is_err());
    assert!(with(Mode::Central, 0.0).is_err());
    let adaptive = crate::AdaptiveClip { quantile: 0.5, learning_rate: 0.2, count_noise: 9.0, largest: 9.0 };
    assert!(with(Mode::Central, 1.0).unwrap().with_adaptive_clip(adaptive).is_err());
    let p = with(Mode::Central, 1.0).unwrap();
    assert!((p.rho() - schedule.cost() / 2.0).abs() < 1e-9 && p.rho() >= schedule.cost() / 2.0);
}
