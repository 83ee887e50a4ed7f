use silhouette_wire::{AdaptiveClip, Correlation};

use super::*;
use crate::fixtures::manifest;

fn history() -> History {
    History { account: Account::new(100.0, 100.0), ..History::default() }
}

#[test]
fn a_round_that_can_not_be_charged_is_refused() {
    let terms = manifest(Mode::Central, 1, 10, 8);
    let silent = ReleaseParameters::new(Mode::Central, 5, 1.0, 0.0, 10, 8).unwrap();
    for rho in [0.0, 0.125, f64::INFINITY, f64::NAN] {
        let stated = Manifest { noise_multiplier: 0.0, rho, ..terms.clone() };
        let refusal = examine_charge(&stated, &silent, &history());
        assert!(matches!(refusal, Err(Refusal::Budget(ChargeError::NotChargeable { .. }))), "{rho}: {refusal:?}");
    }
}

#[test]
fn the_stated_charge_has_to_be_the_computed_one() {
    let terms = manifest(Mode::Central, 1, 10, 8);
    let parameters = ReleaseParameters::try_from(&terms).unwrap();
    assert_eq!(examine_charge(&terms, &parameters, &history()), Ok(()));
    for rho in [terms.rho * 1.001, terms.rho * 0.999, 0.0, f64::INFINITY, f64::NAN] {
        let stated = Manifest { rho, ..terms.clone() };
        assert!(matches!(examine_charge(&stated, &parameters, &history()), Err(Refusal::Rho { .. })), "{rho}");
    }
}

#[test]
fn a_tree_is_charged_by_how_often_and_how_close_together_a_device_takes_part() {
    let tree = |max_participations, min_separation| Manifest {
        correlation: Correlation::Tree { rounds: 128 },
        max_participations,
        min_separation,
        ..manifest(Mode::Central, 20, 10, 8)
    };
    // z = 2, so 1/8 for a node. 8 rounds at least 16 apart: 15.5 of them a participation.
    let agreed = tree(8, 16);
    let parameters = ReleaseParameters::try_from(&agreed).unwrap();
    assert!((parameters.rho() - 15.5 / 8.0).abs() < 1e-9);
    let stated = |rho, terms: &Manifest| Manifest { rho, ..terms.clone() };
    let examine = |terms: &Manifest| {
        let parameters = ReleaseParameters::try_from(terms).unwrap();
        examine_charge(terms, &parameters, &history())
    };
    assert_eq!(examine(&stated(15.5 / 8.0, &agreed)), Ok(()));
    // As if the noise were independent, as if a device took part once, as if rounds were further apart.
    for rho in [1.0 / 8.0, 1.0, 15.0 / 8.0] {
        assert!(matches!(examine(&stated(rho, &agreed)), Err(Refusal::Rho { .. })), "{rho}");
    }
    for closer in [tree(8, 15), tree(8, 1), tree(9, 14)] {
        assert!(matches!(examine(&stated(15.5 / 8.0, &closer)), Err(Refusal::Rho { .. })), "{closer:?}");
    }
    // And the ledger holds the device to it.
    let past = |last_round, participations| History {
        last_round,
        participations: Participations::in_training(participations),
        ..history()
    };
    assert_eq!(examine_limits(&agreed, &past(4, 7)), Ok(()));
    assert_eq!(examine_limits(&agreed, &past(5, 7)), Err(Refusal::Separation { least: 16, found: 15 }));
    assert_eq!(
        examine_limits(&agreed, &past(4, 8)),
        Err(Refusal::Participations { query: QueryKind::Train, most: 8, found: 8 })
    );
}

#[test]
fn a_moving_clip_is_held_to_the_policy() {
    let policy = Policy { max_clip: 2.0, ..crate::fixtures::policy() };
    let adaptive = AdaptiveClip { quantile: 0.5, learning_rate: 0.2, count_noise: 2.0, largest: 9.0 };
    let at = |clip| Manifest { clip, adaptive_clip: Some(adaptive), ..manifest(Mode::Central, 1, 10, 8) };
    assert_eq!(policy.examine_terms(&at(2.0)), Ok(()));
    assert!(matches!(policy.examine_terms(&at(2.1)), Err(Refusal::Policy { field: "clip", .. })));
    // The charge is that of one release, whatever the clip.
    let terms = at(0.01);
    let parameters = ReleaseParameters::try_from(&terms).unwrap();
    assert_eq!((parameters.rho(), parameters.released_len()), (terms.rho, 6));
    assert_eq!(examine_charge(&terms, &parameters, &history()), Ok(()));
}
