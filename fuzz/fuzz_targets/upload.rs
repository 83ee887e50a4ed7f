//! Bodies of the upload.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use silhouette_wire::{Upload, UploadReply};

fuzz_target!(|body: &[u8]| {
    common::canonical::<Upload>(body);
    common::canonical::<UploadReply>(body);
});
