//! Numbers that look random and follow from a key and counters: nothing is kept between two draws.

use silhouette_wire::ContentHash;

/// A key of the run's seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dice(u64);

/// What a draw is for; draws of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Class,
    Factor,
    Zone,
    DropOut,
    DropTime,
    /// Of one kind of daily interval.
    Interval(u32),
}

impl Purpose {
    fn number(self) -> u64 {
        match self {
            Self::Class => 1,
            Self::Factor => 2,
            Self::Zone => 3,
            Self::DropOut => 4,
            Self::DropTime => 5,
            Self::Interval(kind) => 16 + u64::from(kind),
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", variant 13
/// of Stafford): every bit of the input changes half of the output's.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An odd constant that spreads counters, 2^64 over the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let [a, b, c, d, e, f, g, h, ..] =
            ContentHash::of(&[b"silhouette/simulation/trace\0".as_slice(), &seed.to_le_bytes()].concat()).0;
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// 64 bits.
    pub(crate) fn draw(self, device: usize, purpose: Purpose, counter: u64, draw: u64) -> u64 {
        let words = [device as u64, purpose.number(), counter, draw];
        words
            .into_iter()
            .fold(self.0, |state, word| mix(state.wrapping_add(word.wrapping_mul(GOLDEN)).wrapping_add(GOLDEN)))
    }
}

/// An integer from `low` to below `high`, or `low` where there is none: `bits` scaled. The bias is below 2^-20 for
/// ranges of less than 2^44, five hundred years of milliseconds.
pub(crate) fn between(bits: u64, low: u64, high: u64) -> u64 {
    let width = u128::from(high.saturating_sub(low));
    low + ((u128::from(bits) * width) >> 64) as u64
}

/// A number in [0, 1), of 53 bits.
pub(crate) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// The place of the first of these relative shares whose running sum exceeds a point drawn by `bits`.
pub(crate) fn pick(bits: u64, shares: impl Iterator<Item = f64> + Clone) -> usize {
    let point = unit(bits) * shares.clone().sum::<f64>();
    let mut sum = 0.0;
    let mut last = 0;
    for (i, share) in shares.enumerate() {
        sum += share;
        if share > 0.0 {
            last = i;
            if point < sum {
                return i;
            }
        }
    }
    last
}
