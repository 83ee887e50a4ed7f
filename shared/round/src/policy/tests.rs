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
