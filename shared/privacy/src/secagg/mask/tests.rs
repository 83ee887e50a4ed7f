use proptest::prelude::*;

use super::*;

fn seed(byte: u8) -> Secret {
    Zeroizing::new([byte; 32])
}

fn mask_of(byte: u8, bits: u8, entries: usize) -> Vec<u8> {
    let mut vector = vec![0; entries * usize::from(bits / 8)];
    apply(&mut vector, bits, &[(seed(byte), Sign::Plus)]);
    vector
}

#[test]
fn keystream_is_rfc_8439() {
    // Appendix A.1, test vectors 1 and 2: zero key, zero nonce, blocks 0 and 1.
    let mut out = [0; 128];
    keystream(&seed(0), 0, &mut out);
    assert_eq!(out[..8], [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90]);
    assert_eq!(out[64..72], [0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a]);
    let mut second = [0; 64];
    keystream(&seed(0), 64, &mut second);
    assert_eq!(second, out[64..]);
}

#[test]
fn mask_bytes_are_uniform() {
    // 2^20 bytes; chi-square with 255 degrees of freedom exceeds 400 with probability 1e-8.
    for byte in [1, 2, 3] {
        let mut counts = [0_f64; 256];
        mask_of(byte, 16, 1 << 19).iter().for_each(|&b| counts[usize::from(b)] += 1.0);
        let chi: f64 = counts.iter().map(|c| (c - 4096.0).powi(2) / 4096.0).sum();
        assert!((140.0..400.0).contains(&chi), "{chi}");
    }
}

#[test]
fn every_value_of_the_ring_is_reachable() {
    // All 2^16 values in 2^20 entries: one is missed with probability 65536 exp(-16) = 0.7 %, and
    // the seeds are fixed. The top value is the one that a half-open range would never give.
    let mut seen = vec![false; 1 << 16];
    mask_of(4, 16, 1 << 20).as_chunks().0.iter().for_each(|v| seen[usize::from(u16::from_le_bytes(*v))] = true);
    assert!(seen.iter().all(|&s| s));
    // Wider entries: every byte of an entry takes every value, alone and at the top of the range.
    for bits in [24, 32] {
        let width = usize::from(bits / 8);
        let mask = mask_of(5, bits, 1 << 16);
        for lane in 0..width {
            let mut seen = [false; 256];
            mask.chunks_exact(width).for_each(|v| seen[usize::from(v[lane])] = true);
            assert!(seen.iter().all(|&s| s), "byte {lane} of {bits} bits");
        }
    }
    let top = find_top_of_24_bits();
    assert!(top, "2^24 - 1 never occurs");
}

/// Whether 2^24 - 1 occurs among 2^27 masks of 24 bits; missing it has probability exp(-8).
fn find_top_of_24_bits() -> bool {
    let mut chunk = vec![0; 3 << 20];
    (0..128).any(|part| {
        keystream(&seed(6), part * (3 << 20), &mut chunk);
        chunk.as_chunks::<3>().0.contains(&[255; 3])
    })
}

#[test]
fn chunks_and_threads_give_the_same_bytes() {
    for bits in [16, 24, 32] {
        let width = usize::from(bits / 8);
        for entries in [1, 5, CHUNK_BYTES / width, CHUNK_BYTES / width + 1, 3 * CHUNK_BYTES] {
            let masks = [(seed(1), Sign::Plus), (seed(2), Sign::Minus), (seed(3), Sign::Plus)];
            let mut one = vec![17; entries * width];
            let mut many = one.clone();
            apply(&mut one, bits, &masks);
            apply_parallel(&mut many, bits, &masks);
            assert_eq!(one, many);
            // The keystream in one piece, without chunks.
            let mut whole = vec![0; one.len()];
            keystream(&seed(1), 0, &mut whole);
            assert_eq!(mask_of(1, bits, entries), whole);
        }
    }
}

proptest! {
    #[test]
    fn arithmetic_is_that_of_the_ring(a in prop::collection::vec(any::<u32>(), 1..50), shift: u32) {
        for bits in [16_u8, 24, 32] {
            let width = usize::from(bits / 8);
            let pack = |values: &[u32]| values.iter().flat_map(|v| v.to_le_bytes()[..width].to_vec()).collect::<Vec<u8>>();
            let b: Vec<u32> = a.iter().map(|v| v.rotate_left(7) ^ shift).collect();
            let sums: Vec<u32> = a.iter().zip(&b).map(|(x, y)| x.wrapping_add(*y)).collect();
            let mut vector = pack(&a);
            add(&mut vector, &pack(&b), bits);
            prop_assert_eq!(&vector, &pack(&sums));
            subtract(&mut vector, &pack(&b), bits);
            prop_assert_eq!(vector, pack(&a));
        }
    }

    #[test]
    fn a_mask_and_its_inverse_cancel(vector in prop::collection::vec(any::<u8>(), 0..100), byte: u8) {
        let mut masked: Vec<u8> = vector.iter().flat_map(|&b| [b; 12]).collect();
        let before = masked.clone();
        for bits in [16, 24, 32] {
            apply(&mut masked, bits, &[(seed(byte), Sign::of_pair(1, 2))]);
            prop_assert!(vector.is_empty() || masked != before);
            apply(&mut masked, bits, &[(seed(byte), Sign::of_pair(2, 1))]);
            prop_assert_eq!(&masked, &before);
        }
    }
}
