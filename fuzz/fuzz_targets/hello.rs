//! Bodies of the first exchange, and of refusals.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use silhouette_wire::{Hello, HelloReply, Refusal};

fuzz_target!(|body: &[u8]| {
    common::canonical::<Hello>(body);
    common::canonical::<HelloReply>(body);
    common::canonical::<Refusal>(body);
});
