//! Is a uniform real below `C 2^k / E exp(-x^2 / (2 sigma^2))`? Decided exactly.

use dashu_float::FBig;
use dashu_int::{IBig, UBig};

use super::Words;

/// The number a uniform real is compared with, in `[0, 1]`.
pub(super) struct Ratio {
    /// C.
    pub(super) scale: u32,
    /// k.
    pub(super) doublings: u32,
    /// E.
    pub(super) weight: u32,
    /// x.
    pub(super) x: u64,
    /// p, where `sigma = p / 16`.
    pub(super) sixteenths: u64,
}

/// Bits that floats are trusted to: the exponent is below 100 wherever the ratio is above `2^-64`, so the
/// relative error of what is computed below is under `2^-44`.
const TRUSTED_BITS: i32 = 40;

impl Ratio {
    /// Within `2^-44` of it.
    fn approximately(&self) -> f64 {
        let exponent = -0.5 * (16.0 * self.x as f64 / self.sixteenths as f64).powi(2);
        libm::exp(exponent + f64::from(self.doublings) * std::f64::consts::LN_2)
            * (f64::from(self.scale) / f64::from(self.weight))
    }

    /// Within `2^-(bits + 16)` of it.
    fn to_bits(&self, bits: usize) -> FBig {
        let precise = |value: UBig| FBig::from(IBig::from(value)).with_precision(bits + 128).value();
        // x^2 / (2 sigma^2) = 128 x^2 / p^2.
        let exponent = precise(UBig::from(self.x).sqr() * 128_u32) / precise(UBig::from(self.sixteenths).sqr());
        let factor = precise(UBig::from(self.scale) << self.doublings as usize) / precise(UBig::from(self.weight));
        factor * (-exponent).exp()
    }
}

/// A uniform real in `[0, 1)` of which the first bits are known.
pub(super) struct Comparison {
    /// The first 64 bits.
    revealed: u64,
    trusted_bits: i32,
}

impl Comparison {
    pub(super) fn new(revealed: u64) -> Self {
        Self { revealed, trusted_bits: TRUSTED_BITS }
    }

    /// Whether the real is below the ratio; more of its bits come from `words` if the first ones leave that
    /// open.
    pub(super) fn is_below(&self, ratio: &Ratio, words: &mut impl Words) -> bool {
        let distance = self.revealed as f64 * 2_f64.powi(-64) - ratio.approximately();
        if distance.abs() > 2_f64.powi(-self.trusted_bits) {
            return distance < 0.0;
        }
        let (mut known, mut bits) = (UBig::from(self.revealed), 64);
        loop {
            known = (known << 64) | UBig::from(words.next_word());
            bits += 64;
            let scaled = ratio.to_bits(bits) << bits as isize;
            let distance: FBig = FBig::from(IBig::from(known.clone())).with_precision(bits + 128).value() - scaled;
            // The real is in [known, known + 1) 2^-bits, and the ratio's error far below that.
            let far: FBig = FBig::from(2);
            if distance > far {
                return false;
            }
            if distance < -far {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter(u64);

    impl Words for Counter {
        fn next_word(&mut self) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.0 ^ self.0 >> 29
        }
    }

    #[test]
    fn floats_and_long_numbers_decide_alike() {
        let mut words = Counter(3);
        let (mut below, mut above) = (0, 0);
        for _ in 0..2000 {
            let sixteenths = 1 + words.next_word() % (1 << 24);
            let x = words.next_word() % (sixteenths / 4 + 1);
            let weight = 40_000 + words.next_word() as u32 % 1000;
            let ratio = Ratio { scale: 40_000, doublings: 0, weight, x, sixteenths };
            let revealed = words.next_word();
            let quick = Comparison::new(revealed).is_below(&ratio, &mut words);
            let exact = Comparison { revealed, trusted_bits: -2 }.is_below(&ratio, &mut words);
            assert_eq!(quick, exact, "x {x} of {sixteenths}/16");
            *(if quick { &mut below } else { &mut above }) += 1;
        }
        assert!(below > 100 && above > 100, "{below} {above}");
    }

    #[test]
    fn long_numbers_go_on_until_it_is_decided() {
        // The ratio is 1 - 1/2^24 at x = 0, exactly, and so are the first 24 bits of the real: the rest decides.
        let ratio = Ratio { scale: (1 << 24) - 1, doublings: 0, weight: 1 << 24, x: 0, sixteenths: 16 };
        let same = u64::from((1_u32 << 24) - 1) << 40;
        let just_below = Comparison::new(same - 1).is_below(&ratio, &mut Counter(1));
        let just_above = Comparison::new(same).is_below(&ratio, &mut Counter(1));
        assert!(just_below && !just_above);
    }

    #[test]
    fn the_approximation_is_as_good_as_it_says() {
        let mut words = Counter(5);
        for _ in 0..500 {
            let sixteenths = 1 + words.next_word() % (1 << 40);
            let x = words.next_word() % (sixteenths / 2 + 1);
            let doublings = words.next_word() as u32 % 8;
            let ratio = Ratio { scale: 1 << 20, doublings, weight: 1 << 21, x, sixteenths };
            let exact = ratio.to_bits(128).to_f64().value();
            let relative = (ratio.approximately() / exact - 1.0).abs();
            assert!(relative < 2_f64.powi(-44), "{relative:e}");
        }
    }
}
