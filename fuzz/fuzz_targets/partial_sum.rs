//! What a shard of a simulation hands back: the sum over some of a round's devices.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use silhouette_simulation::RoundSpec;

#[path = "shard_world.rs"]
mod shard_world;

use shard_world::{SHARD, round_bytes};

const DEVICES: u32 = 10;

/// Ten devices in two groups.
static SPEC: LazyLock<RoundSpec> = LazyLock::new(|| {
    let users: Vec<u32> = (0..DEVICES).collect();
    let newcomers = vec![(0_u64, 0_u32, [0_u32; 3]); DEVICES as usize];
    let lists = postcard::to_stdvec(&(vec![5, DEVICES], users, newcomers)).expect("lists");
    SHARD.decode(&round_bytes(1, 1_000, 1.0, &lists)).expect("a round")
});

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Anything(&'a [u8]),
    /// The numbers, so many bytes of zeros but for the first two, and the head behind the run's fingerprint and round.
    Head { round: u8, zeros: u16, numbers: [u64; 2], rest: &'a [u8] },
}

fuzz_target!(|input: Input<'_>| {
    let bytes = match input {
        Input::Anything(bytes) => bytes.to_vec(),
        Input::Head { round, zeros, numbers, rest } => {
            let before = postcard::to_stdvec(&(SHARD.fingerprint().0, u64::from(round))).expect("numbers");
            let mut sum = vec![0_u8; usize::from(zeros)];
            sum.chunks_exact_mut(8).zip(numbers).for_each(|(chunk, number)| chunk.copy_from_slice(&number.to_le_bytes()));
            let len = ((before.len() + rest.len()) as u64).to_le_bytes();
            [&len[..], &before, rest, &sum].concat()
        }
    };
    let Ok(part) = SHARD.decode_partial(&bytes, &SPEC) else { return };
    assert!(part.len() <= DEVICES as usize);
    let again = part.to_bytes().expect("what was read can be written");
    let twice = SHARD.decode_partial(&again, &SPEC).expect("what was written can be read");
    assert_eq!(twice.to_bytes().ok(), Some(again));
    // It can be merged with itself only if nobody is in it.
    let (len, round) = (part.len(), part.round());
    if let Ok(both) = part.merge(twice) {
        assert_eq!((len, both.len(), both.round()), (0, 0, round));
    }
});
