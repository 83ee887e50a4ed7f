//! The aggregator's optimiser state, as it comes back from the disk.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use silhouette_query::{OptimiserConfig, OptimiserKind, ServerOptimiser};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    kind: u8,
    /// Learning rate, momentum, beta2, tau, averaging; the defaults when absent.
    settings: Option<[f64; 5]>,
    dimension: u8,
    /// The dimension that is claimed, when it is not that of the bytes.
    claimed: Option<usize>,
    bytes: &'a [u8],
    mean: f32,
    noise: f64,
    round: u64,
}

fuzz_target!(|input: Input<'_>| {
    let kinds = [OptimiserKind::Sgd, OptimiserKind::Adam, OptimiserKind::Yogi, OptimiserKind::Adagrad];
    let mut config = OptimiserConfig { kind: kinds[usize::from(input.kind) % 4], ..OptimiserConfig::default() };
    if let Some([learning_rate, momentum, beta2, tau, averaging]) = input.settings {
        config = OptimiserConfig { learning_rate, momentum, beta2, tau, averaging, ..config };
    }
    // Bytes of the right length, so that most of them get past the first check.
    let dimension = usize::from(input.dimension % 32);
    let mut bytes = input.bytes.to_vec();
    bytes.resize(16 + 16 * dimension, 0);
    if let Some(claimed) = input.claimed.filter(|claimed| *claimed != dimension) {
        assert!(ServerOptimiser::from_bytes(config, claimed, &bytes).is_err());
    }
    let Ok(mut optimiser) = ServerOptimiser::from_bytes(config, dimension, &bytes) else { return };
    assert_eq!(optimiser.to_bytes(), bytes);
    assert!(optimiser.iterate().iter().all(|w| w.is_finite()));
    let mean = vec![input.mean; dimension];
    assert_eq!(optimiser.step(&mean, input.noise, input.round, 20).map(|w| w.len()), Ok(dimension));
    assert!(optimiser.step(&vec![0.0; dimension + 1], 0.0, 1, 20).is_err());
});
