//! One budget over training, evaluation and label counts.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use silhouette_privacy::accounting::{
    Accountant, Alongside, CohortSampling, Delta, Epsilon, NoiseCorrelation, PlanRequest, PrivacyPlan, Rho,
    calibrate::{self, CalibrateError, Part},
    plan::{Assumption, PlanError, PlannedKind},
    zcdp,
};
use silhouette_privacy::{Account, Charge, ChargeError};

/// Twenty rounds that everybody joins, an evaluation after every fifth, labels counted once.
fn request() -> PlanRequest {
    PlanRequest {
        epsilon: Epsilon::new(8.0).unwrap(),
        delta: Delta::new(1e-5).unwrap(),
        rounds: 20,
        cohort: 100,
        population: 100,
        sampling: CohortSampling::BalancedSchedule,
        participation_cap: None,
        noise: NoiseCorrelation::Independent,
        evaluation: Alongside { rounds: 4, share: 0.1 },
        label_counts: Alongside { rounds: 1, share: 0.02 },
    }
}

fn charge(rho: Rho) -> Charge {
    Charge::of(rho.get()).unwrap()
}

/// Charges everything that is planned, kind by kind, to an account that holds the plan's total.
fn spend_as_planned(plan: &PrivacyPlan) -> Account {
    let (task, cap) = ("t".parse().unwrap(), plan.rho_total.get());
    let mut account = Account::new(cap, cap);
    let training = (plan.rho_per_participation, plan.participations_per_user);
    let of = |kind: &Option<PlannedKind>| kind.map(|kind| (kind.rho_per_participation, kind.participations_per_user));
    let kinds = [Some(training), of(&plan.evaluation), of(&plan.label_counts)];
    for (rho, times) in kinds.into_iter().flatten() {
        (0..times).for_each(|_| account.charge(&task, charge(rho)).unwrap());
    }
    account
}

#[test]
fn all_kinds_together_keep_the_promise_and_use_it_up() {
    let plan = PrivacyPlan::new(&request()).unwrap();
    let (evaluation, counts) = (plan.evaluation.unwrap(), plan.label_counts.unwrap());
    assert_eq!((plan.participations_per_user, evaluation.participations_per_user), (20, 4));
    assert_eq!((evaluation.rounds, counts.rounds, counts.participations_per_user), (4, 1, 1));
    // rho_total = T_train rho_train + T_eval rho_eval + rho_counts, in each ledger's billionths.
    let sum = charge(plan.rho_per_participation).times(20).billionths()
        + charge(evaluation.rho_per_participation).times(4).billionths()
        + charge(counts.rho_per_participation).billionths();
    assert_eq!(charge(plan.rho_total).billionths(), sum);
    // The shares are of rho.
    let total = plan.rho_total.get();
    assert!((4.0 * evaluation.rho_per_participation.get() / total - 0.1).abs() < 1e-6);
    assert!((counts.rho_per_participation.get() / total - 0.02).abs() < 1e-6);
    assert!((20.0 * plan.rho_per_participation.get() / total - 0.88).abs() < 1e-6);
    assert!(zcdp::epsilon(plan.rho_total, plan.delta) <= plan.epsilon);
    assert!(zcdp::epsilon(plan.rho_total, plan.delta).get() > 7.9999);
    assert!(plan.eps_vs_aggregator <= plan.epsilon && plan.eps_vs_aggregator.get() > 7.9999);
    assert!(plan.against_aggregator.eps_pld.unwrap() < plan.eps_vs_aggregator);
    assert_eq!(plan.assumptions[3], Assumption::OtherKindsAreCapped { evaluations: 4, label_counts: 1 });
}

#[test]
fn training_that_would_fit_alone_is_refused_beside_evaluation() {
    // The noise of a plan without other kinds, under the ledger's cap of that promise.
    let alone = PrivacyPlan::new(&PlanRequest {
        evaluation: Alongside::default(),
        label_counts: Alongside::default(),
        ..request()
    });
    let (alone, joint) = (alone.unwrap(), PrivacyPlan::new(&request()).unwrap());
    assert!(alone.noise_multiplier < joint.noise_multiplier);
    let (task, cap) = ("t".parse().unwrap(), alone.rho_total.get());
    let mut account = Account::new(cap, cap);
    let evaluation = charge(joint.evaluation.unwrap().rho_per_participation);
    (0..4).for_each(|_| account.charge(&task, evaluation).unwrap());
    let fitted = (0..20).take_while(|_| account.charge(&task, charge(alone.rho_per_participation)).is_ok()).count();
    assert_eq!(fitted, 18, "two of its rounds were evaluation's");
    // The joint plan's training fits, and no more than that.
    let mut account = spend_as_planned(&joint);
    let refused = account.charge(&task, charge(joint.rho_per_participation));
    assert!(matches!(refused, Err(ChargeError::TaskCap { .. })), "{refused:?}");
}

#[test]
fn the_exact_accountant_shares_one_gaussian() {
    let plan = PrivacyPlan::with_accountant(&request(), Accountant::Pld).unwrap();
    let epsilon = plan.against_aggregator.eps_pld.unwrap().get();
    assert!((7.99..=8.0).contains(&epsilon), "{epsilon}");
    assert!(plan.noise_multiplier < PrivacyPlan::new(&request()).unwrap().noise_multiplier);
}

#[test]
fn chosen_noise_has_the_same_joint_cost() {
    let plan = PrivacyPlan::new(&request()).unwrap();
    let again = PrivacyPlan::of_noise(&request(), plan.noise_multiplier).unwrap();
    let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-6;
    assert!(near(again.rho_total.get(), plan.rho_total.get()));
    let z = |plan: &PrivacyPlan| plan.evaluation.unwrap().noise_multiplier.get();
    assert!(near(z(&again), z(&plan)));
    assert_eq!(zcdp::epsilon(again.rho_total, again.delta), again.epsilon);
}

#[test]
fn a_sampled_cohort_counts_the_other_rounds_too() {
    let sampled = PlanRequest { sampling: CohortSampling::Poisson, population: 2_000, ..request() };
    let joint = PrivacyPlan::new(&sampled).unwrap();
    let less = PrivacyPlan::of_noise(
        &PlanRequest { evaluation: Alongside::default(), label_counts: Alongside::default(), ..sampled },
        joint.noise_multiplier,
    );
    assert!(joint.eps_vs_release.unwrap() > less.unwrap().eps_vs_release.unwrap());
    assert!(joint.evaluation.unwrap().participations_per_user >= 1);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let refused = |request| PrivacyPlan::new(&request).unwrap_err();
    for share in [0.0, -0.1, f64::NAN, 1.0] {
        let evaluation = Alongside { rounds: 4, share };
        let error = refused(PlanRequest { evaluation, ..request() });
        assert!(matches!(error, PlanError::Calibrate(CalibrateError::Share { .. })), "{share}: {error}");
    }
    let tree = NoiseCorrelation::Tree { min_separation: 1 };
    assert_eq!(refused(PlanRequest { noise: tree, ..request() }), PlanError::TreeAlongside);
    // Without rounds the share counts for nothing.
    let none = PlanRequest { evaluation: Alongside { rounds: 0, share: 0.5 }, ..request() };
    assert_eq!(PrivacyPlan::new(&none).unwrap().evaluation, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_plan_promises_less_than_its_participations_cost(
        epsilon in 0.5_f64..10.0,
        rounds in 1_u64..200,
        cohort in 1_u64..50,
        others in 0_u64..300,
        evaluation in (0_u64..40, 0.01_f64..0.6),
        label_counts in (0_u64..2, 0.001_f64..0.3),
    ) {
        let of = |(rounds, share)| Alongside { rounds, share };
        let request = PlanRequest {
            epsilon: Epsilon::new(epsilon).unwrap(),
            rounds,
            cohort,
            population: cohort + others,
            evaluation: of(evaluation),
            label_counts: of(label_counts),
            ..request()
        };
        let plan = PrivacyPlan::new(&request).unwrap();
        let spent = spend_as_planned(&plan).spent(&"t".parse().unwrap());
        prop_assert_eq!(spent, plan.rho_total.get());
        prop_assert!(zcdp::epsilon(Rho::new(spent).unwrap(), plan.delta).get() <= epsilon);
        prop_assert!(plan.eps_vs_aggregator.get() <= epsilon);
    }

    #[test]
    fn without_parts_nothing_changes(epsilon in 0.5_f64..10.0, training in 1_u64..500) {
        let (epsilon, delta) = (Epsilon::new(epsilon).unwrap(), Delta::new(1e-5).unwrap());
        let (z, none) = calibrate::for_ledgers_together(epsilon, delta, training, &[]).unwrap();
        prop_assert_eq!((z, none.len()), (calibrate::for_ledgers(epsilon, delta, training).unwrap(), 0));
        // A part takes its share from training.
        let part = Part { participations: 3, share: 0.25 };
        let (more, _) = calibrate::for_ledgers_together(epsilon, delta, training, &[part]).unwrap();
        prop_assert!((more.get() / z.get() / (1.0 / 0.75_f64).sqrt() - 1.0).abs() < 1e-4);
    }
}
