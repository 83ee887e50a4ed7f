//! Bodies of the check-in.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use silhouette_wire::{CheckIn, CheckInReply};

fuzz_target!(|body: &[u8]| {
    common::canonical::<CheckIn>(body);
    common::canonical::<CheckInReply>(body);
});
