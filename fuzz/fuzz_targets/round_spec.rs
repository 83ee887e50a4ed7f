//! A round of a simulation as a shard is told it.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[path = "shard_world.rs"]
mod shard_world;

use shard_world::{GROUPS, PEOPLE, SHARD, round_bytes};

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Anything(&'a [u8]),
    /// The lists of the head: where groups end, users, pasts.
    Lists { round: u8, now: u64, clip: f64, lists: &'a [u8] },
}

fuzz_target!(|input: Input<'_>| {
    let bytes = match input {
        Input::Anything(bytes) => bytes.to_vec(),
        Input::Lists { round, now, clip, lists } => round_bytes(round.into(), now, clip, lists),
    };
    let Ok(spec) = SHARD.decode(&bytes) else { return };
    let users: BTreeSet<usize> = spec.places().map(|place| place.user()).collect();
    assert_eq!(users.len(), spec.places().len(), "somebody is in it twice");
    assert!(users.iter().all(|&user| user < PEOPLE) && spec.groups() <= GROUPS as usize);
    // It is written again to what reads as the same.
    let again = spec.to_bytes().expect("what was read can be written");
    let twice = SHARD.decode(&again).expect("what was written can be read");
    assert!(twice.places().eq(spec.places()) && twice.to_bytes().is_ok_and(|bytes| bytes == again));
    // Devices with such pasts take part or say why not; each that does is in the sum.
    if let Ok(sum) = SHARD.run(&spec, 0..spec.places().len()) {
        assert_eq!(sum.len(), spec.places().len());
        let bytes = sum.to_bytes().expect("a sum can be written");
        assert_eq!(SHARD.decode_partial(&bytes, &spec).map(|sum| sum.len()).ok(), Some(sum.len()));
    }
});
