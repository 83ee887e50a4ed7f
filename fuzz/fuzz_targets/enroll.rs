//! Bodies of the enrolment.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use silhouette_wire::{Enroll, EnrollReply};

fuzz_target!(|body: &[u8]| {
    common::canonical::<Enroll>(body);
    common::canonical::<EnrollReply>(body);
});
