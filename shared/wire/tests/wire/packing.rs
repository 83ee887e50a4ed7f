use proptest::{collection::vec, prelude::*};
use silhouette_wire::{PackError, Unpacker, pack, unpack};

#[test]
fn pinned_bytes() {
    assert_eq!(pack(&[1, -2, 0x1234], 16).unwrap(), [1, 0, 0xfe, 0xff, 0x34, 0x12]);
    assert_eq!(pack(&[1, -2], 24).unwrap(), [1, 0, 0, 0xfe, 0xff, 0xff]);
    assert_eq!(pack(&[-2, 1], 32).unwrap(), [0xfe, 0xff, 0xff, 0xff, 1, 0, 0, 0]);
}

#[test]
fn edges_of_the_range() {
    for bits in [16, 24, 32] {
        let half = 1_i64 << (bits - 1);
        let edges = [-half, half - 1, 0, -1];
        assert_eq!(unpack(&pack(&edges, bits).unwrap(), bits).unwrap(), edges);
        assert_eq!(pack(&[0, half], bits), Err(PackError::OutOfRange { index: 1, bits }));
        assert_eq!(pack(&[-half - 1], bits), Err(PackError::OutOfRange { index: 0, bits }));
        assert_eq!(pack(&[i64::MIN], bits), Err(PackError::OutOfRange { index: 0, bits }));
    }
}

#[test]
fn other_widths_and_partial_values() {
    for bits in [0, 8, 15, 17, 64, 255] {
        assert_eq!(pack(&[], bits), Err(PackError::Width(bits)));
        assert_eq!(unpack(&[], bits), Err(PackError::Width(bits)));
        assert!(Unpacker::new(bits).is_err());
    }
    assert_eq!(unpack(&[0; 5], 24), Err(PackError::Partial(2)));
    let mut unpacker = Unpacker::new(24).unwrap();
    unpacker.feed(&[0; 5], |_, _| ());
    assert_eq!(unpacker.finish(), Err(PackError::Partial(2)));
}

fn values() -> impl Strategy<Value = (u8, Vec<i64>)> {
    prop_oneof![Just(16_u8), Just(24), Just(32)].prop_flat_map(|bits| {
        let half = 1_i64 << (bits - 1);
        (Just(bits), vec(-half..half, 0..200))
    })
}

proptest! {
    #[test]
    fn round_trip((bits, values) in values()) {
        let bytes = pack(&values, bits).unwrap();
        prop_assert_eq!(bytes.len(), values.len() * usize::from(bits / 8));
        prop_assert_eq!(unpack(&bytes, bits).unwrap(), values);
    }

    #[test]
    fn any_split_gives_the_same_values((bits, values) in values(), cuts in vec(0..20_usize, 1..50)) {
        let bytes = pack(&values, bits).unwrap();
        let mut unpacker = Unpacker::new(bits).unwrap();
        let mut seen = Vec::new();
        let mut rest = bytes.as_slice();
        for cut in cuts {
            let (chunk, later) = rest.split_at(cut.min(rest.len()));
            unpacker.feed(chunk, |index, value| seen.push((index, value)));
            rest = later;
        }
        unpacker.feed(rest, |index, value| seen.push((index, value)));
        prop_assert_eq!(unpacker.finish().unwrap(), values.len());
        prop_assert_eq!(seen, values.into_iter().enumerate().collect::<Vec<_>>());
    }

    #[test]
    fn every_body_packs_back(bytes in vec(any::<u8>(), 0..300), bits in prop_oneof![Just(16_u8), Just(24), Just(32)]) {
        if let Ok(values) = unpack(&bytes, bits) {
            prop_assert_eq!(pack(&values, bits).unwrap(), bytes);
        }
    }
}
