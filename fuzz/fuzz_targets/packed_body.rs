//! Packed bodies: the first byte picks the width, the second the size of the chunks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use silhouette_wire::{Unpacker, pack, unpack};

fuzz_target!(|bytes: &[u8]| {
    let [width, chunk, body @ ..] = bytes else { return };
    let bits = [16, 24, 32][usize::from(width % 3)];
    let mut unpacker = Unpacker::new(bits).expect("one of the three widths");
    let mut streamed = Vec::new();
    for chunk in body.chunks(usize::from(*chunk).max(1)) {
        unpacker.feed(chunk, |_, value| streamed.push(value));
    }
    match unpack(body, bits) {
        Ok(values) => {
            assert_eq!(streamed, values);
            assert_eq!(unpacker.finish(), Ok(values.len()));
            assert_eq!(pack(&values, bits).as_deref(), Ok(body));
        }
        Err(error) => assert_eq!(unpacker.finish(), Err(error)),
    }
});
