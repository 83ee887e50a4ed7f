use super::*;
use crate::synth::{Population, SynthConfig};

fn people() -> Vec<Event> {
    let config = SynthConfig { users: 12, seed: 3, ..SynthConfig::default() };
    Population::generate(config).unwrap().events().cloned().collect()
}

fn audit(config: &CanaryConfig) -> Result<Outcome, CanaryError> {
    run(people(), &TaskChoice::Field("interest".into()), config, &mut |_| {})
}

/// Enough canaries to break a claim of 2, and few enough for every day.
fn small() -> CanaryConfig {
    CanaryConfig {
        canaries: 600,
        guesses: 200,
        epsilon: 2.0,
        rounds: 3,
        buckets_log2: Some(13),
        ..CanaryConfig::default()
    }
}

#[test]
fn the_claim_is_kept_and_canaries_are_felt() {
    let found = audit(&small()).unwrap();
    assert!(found.keeps_the_claim(), "{found:?}");
    assert!(found.epsilon_tight < found.epsilon_claimed);
    // The attack is a real one: the scores of canaries that were in are as far away as the noise says.
    let expected = (found.rounds as f64).sqrt() / found.noise_multiplier;
    assert!((found.separation - expected).abs() < 0.3, "{} {expected}", found.separation);
    assert!(found.guesses.made == 200 && found.guesses.right > 110, "{:?}", found.guesses);
}

#[test]
fn control_without_noise_breaks_the_claim() {
    let found = audit(&CanaryConfig { without_noise: true, ..small() }).unwrap();
    assert_eq!((found.guesses.right, found.noise_multiplier), (200, 0.0));
    assert!(found.epsilon_lower > found.epsilon_claimed, "{found:?}");
    assert!(found.membership.iter().all(|m| m.true_positives == m.members), "{:?}", found.membership);
    assert!(found.membership.iter().any(Membership::breaks_the_claim), "{:?}", found.membership);
}

#[test]
fn in_mode_distributed_the_shares_hide_canaries_as_well() {
    let config =
        CanaryConfig { mode: Mode::Distributed, canaries: 100, guesses: 40, buckets_log2: Some(11), ..small() };
    let found = audit(&config).unwrap();
    assert!(found.keeps_the_claim() && found.noise_multiplier > 0.0, "{found:?}");
}

#[test]
fn what_can_not_be_audited_is_named() {
    let named = |config: CanaryConfig| audit(&config).unwrap_err().to_string();
    assert!(named(CanaryConfig { canaries: 3, ..small() }).starts_with("canaries: expected 20 to"));
    assert!(named(CanaryConfig { guesses: 7, ..small() }).starts_with("guesses: expected an even number"));
    let crowded = named(CanaryConfig { buckets_log2: Some(9), ..small() });
    assert!(crowded.starts_with("canaries: expected at most the"), "{crowded}");
    assert!(named(CanaryConfig { epsilon: -1.0, ..small() }).contains("epsilon"));
}

#[test]
fn guesses_abstain_in_the_middle() {
    let score = |(included, value)| Score { included, value };
    let scores = [(false, 0.0), (true, 0.1), (false, 0.5), (true, 0.6), (true, 0.9), (true, 1.0)].map(score);
    assert_eq!(Guesses::of(&scores, 4), Guesses { made: 4, right: 3 });
    assert_eq!(Guesses::of(&scores, 2), Guesses { made: 2, right: 2 });
}
