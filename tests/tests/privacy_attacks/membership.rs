//! Membership inference on released models.

use silhouette_simulation::TaskChoice;
use silhouette_simulation::audit::canaries::{CanaryConfig, Membership, Outcome, run};
use silhouette_tests::people::people;

/// Four thousand canaries: a thousand of each kind to fit on, a thousand to measure.
fn audit(without_noise: bool) -> Outcome {
    let config = CanaryConfig {
        canaries: 4_000,
        rounds: 1,
        epsilon: 4.0,
        buckets_log2: Some(13),
        without_noise,
        ..CanaryConfig::default()
    };
    let events = people(12).into_iter().flatten().collect();
    run(events, &TaskChoice::Field("interest".into()), &config, &mut |_| {}).unwrap()
}

fn at(outcome: &Outcome, target: f64) -> &Membership {
    outcome.membership.iter().find(|m| m.target == target).unwrap()
}

#[test]
fn members_are_found_no_more_often_than_epsilon_allows() {
    let outcome = audit(false);
    for m in &outcome.membership {
        // TPR <= e^epsilon FPR + delta, as far as the counts can tell.
        assert!(!m.breaks_the_claim(), "{m:?}");
        // The false positives are about as many as the threshold was set for: the attack is no straw man.
        assert!(m.false_positive_rate() < 2.0 * m.target + 0.004, "{m:?}");
    }
    // It does find more members than it accuses others, where there are enough of both to count.
    let often = at(&outcome, 0.1);
    assert!(often.true_positive_rate() > 1.5 * often.false_positive_rate(), "{often:?}");
    let m = at(&outcome, 0.001);
    println!("epsilon 4: true positives {} at false positives {}", m.true_positive_rate(), m.false_positive_rate());
}

#[test]
fn control_without_noise_every_member_is_found() {
    let outcome = audit(true);
    let m = at(&outcome, 0.001);
    assert!(m.breaks_the_claim() && m.true_positives == m.members, "{m:?}");
}
