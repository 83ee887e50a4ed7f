//! The noise of a tree, as it comes back from the aggregator's disk.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use silhouette_privacy::accounting::tree::TreeSchedule;
use silhouette_privacy::{Mode, NoiseTree, ReleaseParameters};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    rounds: u16,
    participations: u16,
    separation: u16,
    dimension: u8,
    /// Numbers of 8 bytes: most states are wrong in a number, not in their length.
    numbers: Vec<i64>,
    rest: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let [rounds, participations, separation] = [input.rounds, input.participations, input.separation].map(u64::from);
    let Ok(schedule) = TreeSchedule::new(rounds, participations, separation) else { return };
    let dimension = usize::from(input.dimension % 16) + 1;
    let parameters = ReleaseParameters::new(Mode::Central, dimension, 1.0, 2.0, 10, 8).expect("good parameters");
    let Ok(parameters) = parameters.with_tree(schedule) else { return };
    let mut bytes: Vec<u8> = input.numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    bytes.extend_from_slice(input.rest);
    if let Ok(tree) = NoiseTree::from_bytes(&parameters, &bytes) {
        assert_eq!(*tree.to_bytes(), bytes);
    }
    let fresh = NoiseTree::new(&parameters).expect("a tree").to_bytes();
    assert!(NoiseTree::from_bytes(&parameters, &fresh).is_ok());
});
