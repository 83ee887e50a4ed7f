use super::*;

#[test]
fn a_participation_costs_to_the_bit_what_its_plan_says() {
    for z in [0.25, 0.5, 1.0, 2.0, 0.7, 1.3, 3.3] {
        let planned = crate::accounting::zcdp::gaussian(crate::accounting::NoiseMultiplier::new(z).unwrap());
        for mode in [Mode::Central, Mode::Local] {
            let p = ReleaseParameters::new(mode, 100, 1.0, z, 10, 10).unwrap();
            assert_eq!(p.rho().to_bits(), planned.get().to_bits(), "{z}");
        }
    }
}

#[test]
fn sensitivity_inflation_matches_the_closed_form() {
    // s c = 2^14, d = 2^17: min(2^28 + 2^15 + 2^14 + sqrt(2^17)/2, (2^14 + sqrt(2^17))^2).
    let p = ReleaseParameters::new(Mode::Central, 1 << 17, 1.0, 1.0, 200, 100).unwrap();
    assert_eq!(p.delta2_squared(), (1 << 28) + (1 << 15) + (1 << 14) + 181);
    assert!(p.delta2() / 16384.0 < 1.0001);
    // A tiny dimension takes the unconditional bound: d = 1 gives (s c + 1)^2 or less.
    let p = ReleaseParameters::new(Mode::Central, 1, 1.0, 1.0, 1, 1).unwrap();
    assert!(p.delta2_squared() <= 16385 * 16385);
}

#[test]
fn sigma_is_rounded_up_and_rho_follows_z() {
    let p = ReleaseParameters::new(Mode::Local, 100, 0.5, 2.0, 10, 5).unwrap();
    let sigma = p.sigma().unwrap().as_f64();
    assert!(sigma >= 2.0 * p.delta2() && sigma < 2.0 * p.delta2() + 0.13);
    assert!((p.rho() - 0.125).abs() < 1e-12);
    assert!(p.delta2_squared() as f64 / (2.0 * sigma * sigma) <= p.rho());
}

#[test]
fn bad_numbers_are_refused_by_name() {
    let field = |e: ParameterError| match e {
        ParameterError::OutOfRange { field, .. } => field,
        other => panic!("{other}"),
    };
    let new = ReleaseParameters::new;
    assert_eq!(field(new(Mode::Central, 0, 1.0, 1.0, 1, 1).unwrap_err()), "dimension");
    assert_eq!(field(new(Mode::Central, 1, f64::NAN, 1.0, 1, 1).unwrap_err()), "clip");
    assert_eq!(field(new(Mode::Central, 1, 1.0, -1.0, 1, 1).unwrap_err()), "noise_multiplier");
    assert_eq!(field(new(Mode::Central, 1, 1.0, f64::NAN, 1, 1).unwrap_err()), "noise_multiplier");
    assert_eq!(field(new(Mode::Central, 1, 1.0, 1.0, 1, 2).unwrap_err()), "min_reports");
    // Noise of 10^5 times the sensitivity leaves the 32 bits of a local release.
    assert!(matches!(new(Mode::Local, 1, 1.0, 1e5, 1, 1), Err(ParameterError::ModulusTooSmall { bits: 32, .. })));
    assert!(new(Mode::Local, 1, 1.0, 1e3, 1, 1).unwrap().with_grid(1 << 14, 16).is_err());
}

#[test]
fn the_masked_grid_matches_the_specification() {
    // PRIVACY specification, section 4, step 6: z = 1, N_min = 0.6 n, nobody corrupt; the columns are
    // d', n, b, the sensitivity's inflation Delta2 / (s c), and sigma_loc.
    let rows: [(u32, u32, u8, f64, Option<f64>); 8] = [
        (15, 200, 16, 1.0003, Some(391.0)),
        (17, 200, 16, 1.0007, Some(473.0)),
        (17, 1000, 16, 1.0031, Some(98.0)),
        (20, 1000, 16, 1.0066, Some(184.0)),
        (22, 1000, 16, 1.0188, Some(215.0)),
        (20, 10_000, 16, 1.2174, Some(9.5)),
        (20, 10_000, 24, 1.0000, None),
        (22, 1000, 24, 1.0000, None),
    ];
    for (d, n, bits, inflation, sigma) in rows {
        let p = ReleaseParameters::new(Mode::Distributed, 1 << d, 1.0, 1.0, n, n * 6 / 10).unwrap();
        let p = p.with_corrupt_fraction(0.0).unwrap().with_modulus_bits(bits).unwrap();
        let found = p.delta2() / f64::from(p.clip_units());
        assert!((found - inflation).abs() < 2e-4, "{d} {n} {bits}: {found}");
        if let Some(sigma) = sigma {
            // The table leaves the inflation out of sigma_loc.
            let found = p.sigma().unwrap().as_f64() / inflation;
            assert!((found - sigma).abs() < 0.5 + sigma * 0.01, "{d} {n} {bits}: {found}");
        }
    }
}

#[test]
fn shares_of_the_honest_add_up_to_the_promise() {
    let new = |gamma| {
        ReleaseParameters::new(Mode::Distributed, 1000, 1.0, 1.5, 100, 80).unwrap().with_corrupt_fraction(gamma)
    };
    for (gamma, h) in [(0.0, 80), (0.1, 70), (0.25, 55)] {
        let p = new(gamma).unwrap();
        assert_eq!(p.honest_reports(), h);
        let total = p.sigma().unwrap().as_f64() * f64::from(h).sqrt();
        assert!(total >= 1.5 * p.delta2() && total < 1.5 * p.delta2() * 1.001, "{gamma}");
        // tau is far below what a float shows.
        assert!((p.rho() - 0.5 / 2.25).abs() < 1e-12);
    }
    let none = ReleaseParameters::new(Mode::Distributed, 10, 1.0, 1.0, 100, 10).unwrap_err();
    assert_eq!(none, ParameterError::NoHonestNoise { min_reports: 10, corrupt: 10 });
    assert!(matches!(new(0.5), Err(ParameterError::OutOfRange { field: "corrupt_fraction", .. })));
}

#[test]
fn tau_is_the_published_series() {
    let p = ReleaseParameters::new(Mode::Distributed, 16, 1.0, 1.0, 3, 3).unwrap().with_corrupt_fraction(0.0).unwrap();
    // sigma_loc = 0.5: 10 (exp(-pi^2/4) + exp(-pi^2/3)).
    let expected = 10.0 * ((-std::f64::consts::PI.powi(2) / 4.0).exp() + (-std::f64::consts::PI.powi(2) / 3.0).exp());
    assert!((p.tau(0.5) - expected).abs() < 1e-12);
}

#[test]
fn a_masked_grid_of_the_aggregators_choice_is_refused() {
    let p = ReleaseParameters::new(Mode::Distributed, 1000, 1.0, 1.0, 100, 80).unwrap();
    let expected = p.clip_units();
    for found in [expected - 1, expected + 1, 1 << 14] {
        assert_eq!(p.clone().with_grid(found, 16), Err(ParameterError::Grid { expected, found }));
    }
    assert!(p.clone().with_grid(expected, 16).is_ok());
    // So much noise, and so little modulus, that the shares are no longer nearly Gaussian.
    let crowded = ReleaseParameters::new(Mode::Distributed, 1000, 1.0, 1.0, 10_000, 9_000).unwrap();
    assert!(crowded.with_modulus_bits(16).is_err());
}

#[test]
fn only_the_masked_mode_pads_and_rotates() {
    for (mode, len) in [(Mode::Central, 1000), (Mode::Local, 1000), (Mode::Distributed, 1024)] {
        let p = ReleaseParameters::new(mode, 1000, 1.0, 1.0, 100, 80).unwrap().with_rotation(7);
        assert_eq!((p.dimension(), p.released_len()), (1000, len));
        assert_eq!(p.rotation(), (mode == Mode::Distributed).then_some(7));
        assert_eq!(p.byte_len(), len * usize::from(p.modulus_bits() / 8));
    }
}
