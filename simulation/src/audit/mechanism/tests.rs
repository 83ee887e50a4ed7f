use super::*;

/// Small enough for every day: a delta of a twentieth is resolved by fewer runs.
fn game(mode: Mode, dimension: usize) -> Game {
    Game { runs: 120_000, delta: 0.05, shares: 3, ..Game::new(mode, dimension) }
}

fn outcome(game: &Game) -> Outcome {
    play(game, &|_| {}).unwrap()
}

#[test]
fn the_claim_is_kept_and_nearly_reached_in_every_mode() {
    for (mode, dimension) in [(Mode::Central, 1), (Mode::Central, 64), (Mode::Local, 8), (Mode::Distributed, 8)] {
        let found = outcome(&game(mode, dimension));
        assert!(found.keeps_the_claim(), "{found:?}");
        assert!(found.share() >= LEAST_SHARE, "{found:?}");
        assert!(found.epsilon_tight < found.epsilon_zcdp && found.norm_over_delta2 > 0.99, "{found:?}");
    }
}

#[test]
fn control_half_of_the_noise_and_none_break_the_claim() {
    for mode in [Mode::Central, Mode::Local, Mode::Distributed] {
        for fault in [Fault::HalfNoise, Fault::NoNoise] {
            let found = outcome(&Game { runs: 40_000, fault: Some(fault), ..game(mode, 4) });
            assert!(found.epsilon_lower > found.epsilon_zcdp, "{found:?}");
        }
    }
}

#[test]
fn control_too_much_noise_does_not_reach_the_claim() {
    // The noise of z = 2, held against the claim of z = 1.
    let claimed = outcome(&game(Mode::Central, 1)).epsilon_tight;
    let found = outcome(&Game { noise_multiplier: 2.0, ..game(Mode::Central, 1) });
    assert!(found.epsilon_lower < LEAST_SHARE * claimed, "{found:?}");
}

#[test]
fn the_shipped_sampler_keeps_the_claim() {
    let found = outcome(&Game { runs: 10_000, sampler: Sampler::OpenDp, delta: 0.1, ..game(Mode::Central, 2) });
    assert!(found.keeps_the_claim() && found.epsilon_lower > 0.3 * found.epsilon_tight, "{found:?}");
}

#[test]
fn the_result_depends_on_the_seed_and_not_on_the_threads() {
    let game = Game { runs: 10_000, ..game(Mode::Central, 2) };
    let one = outcome(&Game { threads: 1, ..game.clone() });
    assert_eq!(one, outcome(&Game { threads: 3, ..game.clone() }));
    assert_ne!(one, outcome(&Game { seed: 8, ..game }));
}

#[test]
fn settings_out_of_range_are_named() {
    let named = |change: fn(&mut Game)| {
        let mut game = game(Mode::Central, 2);
        change(&mut game);
        play(&game, &|_| {}).unwrap_err().to_string()
    };
    assert!(named(|g| g.dimension = 0).starts_with("dimension: expected 1 to 65536"));
    assert!(named(|g| g.runs = 3).starts_with("runs: expected 1000"));
    assert!(named(|g| g.shares = 0).starts_with("shares: expected 1"));
    assert!(named(|g| g.threads = 0).starts_with("threads: expected 1"));
    assert!(named(|g| g.delta = 1.0).starts_with("delta: expected"));
    assert!(named(|g| g.noise_multiplier = 0.0).contains("expected"));
}
