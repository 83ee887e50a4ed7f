//! The one hash function whose values are part of the protocol.
//!
//! FNV-1a with 64 bits (draft-eastlake-fnv), its offset basis combined with a seed, followed by the
//! 64-bit finaliser of MurmurHash3 (Appleby), because the low-order structure of FNV-1a shows in
//! its buckets on short input. All of it is integer arithmetic on bytes: every platform and every
//! version gives the same value. Not for security: anyone can compute it.

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The hash of `bytes`. With seed 0 it is the finaliser of the plain FNV-1a value.
pub fn hash64(bytes: &[u8], seed: u64) -> u64 {
    let mut state = Fnv::new(seed);
    state.write(bytes);
    state.finish()
}

/// The running state, copied where several inputs begin alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) fn new(seed: u64) -> Self {
        Self(OFFSET_BASIS ^ mix(seed))
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }

    pub(crate) fn with(mut self, bytes: &[u8]) -> Self {
        self.write(bytes);
        self
    }

    pub(crate) fn finish(self) -> u64 {
        mix(self.0)
    }
}

/// The finaliser `fmix64`; it maps 0 to 0.
fn mix(mut value: u64) -> u64 {
    value ^= value >> 33;
    value = value.wrapping_mul(0xff51_afd7_ed55_8ccd);
    value ^= value >> 33;
    value = value.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ (value >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fnv_state_matches_the_published_vectors() {
        for (text, value) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8_u64)]
        {
            assert_eq!(Fnv::new(0).with(text.as_bytes()).0, value, "{text}");
        }
    }
}
