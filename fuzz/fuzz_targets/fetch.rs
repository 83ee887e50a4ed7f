//! Bodies of the fetch.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use silhouette_wire::{BodyHeader, Fetch};

fuzz_target!(|body: &[u8]| {
    common::canonical::<Fetch>(body);
    common::canonical::<BodyHeader>(body);
});
