use super::*;

fn config(kind: OptimiserKind) -> OptimiserConfig {
    OptimiserConfig { kind, learning_rate: 0.1, momentum: 0.5, beta2: 0.5, tau: 0.5, averaging: 0.0 }
}

/// Two steps by hand: Delta = 1, then -2, from w = 0.
fn two_steps(kind: OptimiserKind) -> f32 {
    let mut o = ServerOptimiser::new(config(kind), &[0.0]).unwrap();
    o.step(&[1.0], 0.0, 1, 2).unwrap();
    o.step(&[-2.0], 0.0, 2, 2).unwrap()[0]
}

#[test]
fn each_optimiser_follows_its_equations() {
    // SGD: m = 1, then -1.5.
    assert!((two_steps(OptimiserKind::Sgd) - 0.1 * (1.0 - 1.5)).abs() < 1e-6);
    // Adaptive: m = .5, then -.75; v0 = tau^2 = .25.
    let adaptive = |v1: f32, v2: f32| 0.1 * (0.5 / (v1.sqrt() + 0.5) - 0.75 / (v2.sqrt() + 0.5));
    // Adam, bias-corrected: m = 1, then (.25 - 1) / .75; v = 1, then (.25 + 2) / .75.
    let adam = 0.1 * (1.0 / 1.5 - (0.75 / 0.75) / ((2.25_f32 / 0.75).sqrt() + 0.5));
    assert!((two_steps(OptimiserKind::Adam) - adam).abs() < 1e-6);
    assert!((two_steps(OptimiserKind::Yogi) - adaptive(0.75, 2.75)).abs() < 1e-6);
    assert!((two_steps(OptimiserKind::Adagrad) - adaptive(1.25, 5.25)).abs() < 1e-6);
}

#[test]
fn adam_moves_little_on_noise_alone_and_fast_on_signal() {
    let c = OptimiserConfig { momentum: 0.9, beta2: 0.99, tau: 1e-4, ..config(OptimiserKind::Adam) };
    let mut o = ServerOptimiser::new(c, &[0.0, 0.0]).unwrap();
    // Noise of sd 1 and alternating sign on the first coordinate, a signal of 1 on the second.
    for r in 1..=20 {
        o.step(&[if r % 2 == 0 { 1.0 } else { -1.0 }, 1.0], 1.0, r, 20).unwrap();
    }
    assert!(o.iterate()[0].abs() < 0.2 && o.iterate()[1] > 1.0, "{:?}", o.iterate());
}

#[test]
fn averaging_publishes_the_mean_of_the_last_iterates() {
    let c = OptimiserConfig { averaging: 0.5, momentum: 0.0, learning_rate: 1.0, ..config(OptimiserKind::Sgd) };
    let mut o = ServerOptimiser::new(c, &[0.0]).unwrap();
    let published: Vec<f32> = (1..=4).map(|r| o.step(&[1.0], 0.0, r, 4).unwrap()[0]).collect();
    assert_eq!(published, [1.0, 2.0, 3.0, 3.5]);
    assert_eq!(o.iterate(), [4.0]);
}

#[test]
fn a_restart_goes_on_where_it_stopped() {
    let mut o = ServerOptimiser::new(config(OptimiserKind::Adam), &[0.0, 1.0]).unwrap();
    o.step(&[1.0, -1.0], 0.0, 1, 3).unwrap();
    let mut restored = ServerOptimiser::from_bytes(config(OptimiserKind::Adam), 2, &o.to_bytes()).unwrap();
    assert_eq!(restored, o);
    assert_eq!(restored.step(&[0.5, 0.5], 0.1, 2, 3), o.step(&[0.5, 0.5], 0.1, 2, 3));
    assert!(ServerOptimiser::from_bytes(config(OptimiserKind::Adam), 3, &o.to_bytes()).is_err());
}

#[test]
fn a_state_that_no_step_leaves_is_refused() {
    let kind = config(OptimiserKind::Adam);
    let good = ServerOptimiser::new(kind, &[0.0, 1.0]).unwrap().to_bytes();
    let with = |at: usize, value: f32| {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        ServerOptimiser::from_bytes(kind, 2, &bytes)
    };
    // After two counts of eight bytes: m, v, iterate, average of two numbers each.
    for (at, name) in [(16, "m"), (28, "v"), (32, "iterate"), (44, "average")] {
        for value in [f32::NAN, f32::INFINITY] {
            assert!(matches!(with(at, value), Err(OptimiserError::Value { vector, .. }) if vector == name));
        }
    }
    assert!(matches!(with(24, -1.0), Err(OptimiserError::Value { vector: "v", .. })));
    let bad = OptimiserConfig { learning_rate: f64::NAN, ..kind };
    assert!(matches!(ServerOptimiser::from_bytes(bad, 2, &good), Err(OptimiserError::Setting { .. })));
    // A dimension whose bytes can't be counted.
    assert!(matches!(ServerOptimiser::from_bytes(kind, usize::MAX, &good), Err(OptimiserError::State { .. })));
}

#[test]
fn wrong_settings_and_dimensions_are_refused() {
    let bad = OptimiserConfig { momentum: 1.0, ..config(OptimiserKind::Sgd) };
    assert!(matches!(ServerOptimiser::new(bad, &[0.0]), Err(OptimiserError::Setting { field: "momentum", .. })));
    let mut o = ServerOptimiser::new(config(OptimiserKind::Sgd), &[0.0]).unwrap();
    assert_eq!(o.step(&[1.0, 2.0], 0.0, 1, 1), Err(OptimiserError::Dimension { expected: 1, found: 2 }));
}
