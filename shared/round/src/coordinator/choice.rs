//! Who of those that may is invited, and to which group.

use chacha20::ChaCha20Rng;
use rand::Rng;
use silhouette_wire::QueryKind;

use super::key::{DeviceKey, Histories};

/// Of `eligible`, in order, those that took part in rounds of this kind least often, and then in any, ties broken at
/// random: a balanced schedule, under which nobody takes part in any kind more often than its average, rounded up,
/// while everybody is there. In order.
pub(super) fn choose<D: DeviceKey>(
    mut eligible: Vec<D>,
    wanted: usize,
    kind: QueryKind,
    histories: &D::Histories,
    random: &mut ChaCha20Rng,
) -> Vec<D> {
    if eligible.len() <= wanted {
        // All of them, whatever they draw. The randomness goes on behind the draws all the same.
        for _ in &eligible {
            random.next_u64();
        }
        return eligible;
    }
    let joined = |device: &D| {
        let counts = histories.of(device).counts;
        (counts.of(kind), counts.total())
    };
    let mut order: Vec<_> = eligible.drain(..).map(|device| (joined(&device), random.next_u64(), device)).collect();
    order.sort_unstable();
    order.truncate(wanted);
    eligible.extend(order.into_iter().map(|(_, _, device)| device));
    eligible.sort_unstable();
    eligible
}

/// A group for each of the chosen, at random, so that nobody can pick its company; sizes differ by one at most. Empty
/// where there is one group.
pub(super) fn split(chosen: usize, groups: usize, random: &mut ChaCha20Rng) -> Vec<u16> {
    if groups <= 1 {
        return Vec::new();
    }
    let mut places: Vec<(u64, usize)> = (0..chosen).map(|place| (random.next_u64(), place)).collect();
    places.sort_unstable();
    let mut group_of = vec![0; chosen];
    for (rank, (_, place)) in places.into_iter().enumerate() {
        // There are at most a thousand.
        group_of[place] = (rank % groups) as u16;
    }
    group_of
}
