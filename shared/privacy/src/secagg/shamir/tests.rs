use proptest::prelude::*;
use rand::SeedableRng;

use super::*;

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

/// Multiplication in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, written independently of the library.
fn times(a: u8, b: u8) -> u8 {
    let product = (0..8).filter(|bit| b >> bit & 1 == 1).fold(0_u16, |sum, bit| sum ^ u16::from(a) << bit);
    (8..16).rev().fold(product, |rest, bit| if rest >> bit & 1 == 1 { rest ^ 0x11b << (bit - 8) } else { rest }) as u8
}

#[test]
fn known_answers() {
    // FIPS 197, section 4.2: {57} * {83} = {c1}; {57} * {13} = {fe}.
    assert_eq!((times(0x57, 0x83), times(0x57, 0x13)), (0xc1, 0xfe));
    // f(x) = s + 0x53 x + 0xca x^2 in every byte: shares computed by hand-written arithmetic.
    let secret: [u8; 32] = std::array::from_fn(|i| i as u8 * 7);
    let at = |x: u8| Share { x, y: secret.map(|s| s ^ times(0x53, x) ^ times(0xca, times(x, x))) };
    assert_eq!(*combine(&[at(1), at(2), at(3)], 3).unwrap(), secret);
    assert_eq!(*combine(&[at(255), at(9), at(100), at(4)], 3).unwrap(), secret);
}

#[test]
fn shares_lie_on_a_polynomial_of_the_right_degree() {
    // Newton's divided differences, independently: the t-th of t + 1 points vanishes, and the one
    // before does not (but with probability 2^-8 a byte).
    let shares = split(&[9; 32], 4, 10, &mut rng(1)).unwrap();
    let inverse = |a: u8| (1..=255).find(|&b| times(a, b) == 1).unwrap();
    let difference = |points: &[(u8, u8)]| {
        let mut column: Vec<u8> = points.iter().map(|p| p.1).collect();
        for order in 1..points.len() {
            column = (0..points.len() - order)
                .map(|i| times(column[i] ^ column[i + 1], inverse(points[i].0 ^ points[i + order].0)))
                .collect();
        }
        column[0]
    };
    let mut leading = 0;
    for byte in 0..32 {
        let points: Vec<(u8, u8)> = shares.iter().map(|s| (s.x, s.y[byte])).collect();
        assert_eq!(difference(&points[..5]), 0);
        assert_eq!(difference(&points[3..8]), 0);
        leading += u32::from(difference(&points[..4]) != 0);
    }
    assert!(leading > 25);
}

#[test]
fn coefficients_are_uniform_including_zero() {
    // With t = 2 the share at 1 is secret ^ coefficient. 255 * 32 * 32 draws; chi-square with 255
    // degrees of freedom exceeds 400 with probability 1e-8. A sampler without zero, or without even
    // values, gives thousands.
    let mut counts = [0_u32; 256];
    let mut source = rng(2);
    let secret: [u8; 32] = std::array::from_fn(|i| i as u8 * 8);
    for _ in 0..8160 {
        let shares = split(&secret, 2, 3, &mut source).unwrap();
        shares[0].y.iter().zip(secret).for_each(|(y, s)| counts[usize::from(y ^ s)] += 1);
    }
    let expected = 8160.0 * 32.0 / 256.0;
    let chi: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
    assert!(counts[0] > 0 && chi < 400.0, "{} zeros, chi-square {chi}", counts[0]);
    assert!(chi > 140.0, "too even to be random: {chi}");
}

#[test]
fn one_share_too_few_tells_nothing() {
    // Every value of a byte of the secret remains possible: complete t - 1 shares by each of the
    // 256 values at another coordinate, and see 256 secrets.
    let shares = split(&[77; 32], 3, 5, &mut rng(3)).unwrap();
    let mut seen = [false; 256];
    for guess in 0..=255 {
        let made_up = Share { x: 5, y: [guess; 32] };
        let secret = combine(&[shares[0].clone(), shares[1].clone(), made_up], 3).unwrap();
        seen[usize::from(secret[0])] = true;
    }
    assert!(seen.iter().all(|&s| s));
    let found = combine(&shares[..2], 3).map(|_| ());
    assert_eq!(found, Err(ShamirError::TooFew { threshold: 3, found: 2 }));
}

#[test]
fn false_shares_are_noticed() {
    let shares = split(&[5; 32], 3, 6, &mut rng(4)).unwrap();
    for (liar, change) in (0..6).flat_map(|liar| (1..=255).map(move |change| (liar, change))) {
        let mut shares = shares.clone();
        shares[liar].y[17] ^= change;
        match combine(&shares, 3) {
            // Shares that are not needed do no harm.
            Ok(secret) => assert!((3..5).contains(&liar) && *secret == [5; 32]),
            Err(error) => assert!(!(3..5).contains(&liar) && error == ShamirError::Inconsistent),
        }
    }
    let twice = [shares[0].clone(), shares[0].clone(), shares[1].clone()];
    assert_eq!(combine(&twice, 3).map(|_| ()), Err(ShamirError::Coordinate));
    let zero = [Share { x: 0, y: [0; 32] }, shares[0].clone(), shares[1].clone()];
    assert_eq!(combine(&zero, 3).map(|_| ()), Err(ShamirError::Coordinate));
}

#[test]
fn numbers_out_of_range_are_refused() {
    for (threshold, holders) in [(0, 3), (1, 3), (4, 3), (2, 256), (2, 0)] {
        assert_eq!(split(&[1; 32], threshold, holders, &mut rng(5)).map(|_| ()), Err(ShamirError::Numbers));
    }
    assert_eq!(combine(&[], 1).map(|_| ()), Err(ShamirError::Numbers));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_t_shares_give_the_secret(secret: [u8; 32], threshold in 2_u32..20, spare in 0_usize..10, seed: u8, order: u64) {
        let mut shares = split(&secret, threshold, threshold as usize + spare, &mut rng(seed)).unwrap();
        let count = shares.len();
        (0..count).for_each(|i| shares.swap(i, (order.rotate_left(i as u32) as usize) % count));
        prop_assert_eq!(*combine(&shares[..threshold as usize], threshold).unwrap(), secret);
        prop_assert_eq!(*combine(&shares, threshold).unwrap(), secret);
    }
}
