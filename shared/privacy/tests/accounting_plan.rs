//! Plans: what a task costs, before it starts.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use silhouette_privacy::Charge;
use silhouette_privacy::accounting::{
    Accountant, Alongside, CohortSampling, Delta, Epsilon, NoiseCorrelation, PlanRequest, PrivacyPlan, SamplingRate,
    calibrate,
    plan::{Assumption, PlanError, Warning},
    rdp::{Orders, RdpCurve},
    tree::TreeSchedule,
    zcdp,
};

fn request() -> PlanRequest {
    PlanRequest {
        epsilon: Epsilon::new(4.0).unwrap(),
        delta: Delta::new(1e-6).unwrap(),
        rounds: 100,
        cohort: 50,
        population: 1000,
        sampling: CohortSampling::BalancedSchedule,
        participation_cap: None,
        noise: NoiseCorrelation::Independent,
        evaluation: Alongside::default(),
        label_counts: Alongside::default(),
    }
}

#[test]
fn a_balanced_schedule_costs_its_average() {
    let plan = PrivacyPlan::new(&request()).unwrap();
    assert_eq!(plan.participations_per_user, 5);
    let z = calibrate::for_ledgers(plan.epsilon, plan.delta, 5).unwrap();
    assert_eq!(plan.noise_multiplier, z);
    assert_eq!(plan.rho_per_participation, zcdp::gaussian(z));
    let charge = Charge::of(plan.rho_per_participation.get()).unwrap();
    assert_eq!(plan.rho_total.get(), charge.times(5).rho());
    assert!(zcdp::epsilon(plan.rho_total, plan.delta) <= plan.epsilon);
    assert!(plan.eps_vs_aggregator <= plan.epsilon);
    assert!(plan.eps_vs_aggregator.get() > 3.9999);
    assert_eq!(plan.eps_vs_release, None);
    assert!(plan.warnings.is_empty());
}

#[test]
fn noise_that_was_chosen_costs_what_noise_for_that_budget_costs() {
    let plan = PrivacyPlan::new(&request()).unwrap();
    let again = PrivacyPlan::of_noise(&request(), plan.noise_multiplier).unwrap();
    assert_eq!((again.rho_total, again.eps_vs_aggregator), (plan.rho_total, plan.eps_vs_aggregator));
    let cost = again.epsilon.get();
    assert!(cost <= plan.epsilon.get() && cost > 3.9999, "{cost}");
    let tree = PlanRequest { noise: NoiseCorrelation::Tree { min_separation: 20 }, ..request() };
    assert_eq!(PrivacyPlan::of_noise(&tree, plan.noise_multiplier), Err(PlanError::GivenTree));
}

#[test]
fn an_uneven_schedule_is_rounded_up() {
    let plan = PrivacyPlan::new(&PlanRequest { cohort: 51, ..request() }).unwrap();
    assert_eq!(plan.participations_per_user, 6);
}

#[test]
fn everyone_every_round() {
    let plan = PrivacyPlan::new(&PlanRequest { population: 50, ..request() }).unwrap();
    assert_eq!(plan.participations_per_user, 100);
    assert_eq!(plan.warnings, [Warning::EveryoneEveryRound]);
}

#[test]
fn only_poisson_sampling_claims_amplification() {
    let request = PlanRequest { sampling: CohortSampling::Poisson, ..request() };
    let plan = PrivacyPlan::new(&request).unwrap();
    // Mean 5, six standard deviations above.
    assert_eq!(plan.participations_per_user, 19);
    let q = SamplingRate::new(0.05).unwrap();
    let curve = RdpCurve::poisson_gaussian(&Orders::default(), q, plan.noise_multiplier);
    let release = plan.eps_vs_release.unwrap();
    assert_eq!(release, curve.repeated(100).epsilon(plan.delta));
    assert!(release < plan.eps_vs_aggregator);
    assert!(plan.assumptions.contains(&Assumption::DevicesFlipTheirOwnCoins));
    assert!(plan.assumptions.contains(&Assumption::CohortIsNeverCut));
}

#[test]
fn the_release_never_tells_more_than_the_aggregator_knows() {
    let request = PlanRequest {
        sampling: CohortSampling::Poisson,
        participation_cap: Some(1),
        rounds: 1000,
        cohort: 900,
        ..request()
    };
    let plan = PrivacyPlan::new(&request).unwrap();
    assert_eq!(plan.eps_vs_release, Some(plan.eps_vs_aggregator));
}

#[test]
fn caps_are_checked() {
    let capped = |cap| PrivacyPlan::new(&PlanRequest { participation_cap: Some(cap), ..request() });
    assert_eq!(capped(8).unwrap().participations_per_user, 8);
    let refused = |found| PlanError::CapOutOfRange { lowest: 5, rounds: 100, found };
    assert_eq!(capped(4), Err(refused(4)));
    assert_eq!(capped(101), Err(refused(101)));
}

#[test]
fn shapes_without_sense_are_refused() {
    let plan = |rounds, cohort, population| PrivacyPlan::new(&PlanRequest { rounds, cohort, population, ..request() });
    assert_eq!(plan(0, 1, 1), Err(PlanError::NoRounds));
    assert_eq!(plan(1, 0, 9), Err(PlanError::CohortOutOfRange { cohort: 0, population: 9 }));
    assert_eq!(plan(1, 10, 9), Err(PlanError::CohortOutOfRange { cohort: 10, population: 9 }));
}

#[test]
fn warnings_are_data_with_words() {
    let request = PlanRequest { delta: Delta::new(0.01).unwrap(), epsilon: Epsilon::new(12.0).unwrap(), ..request() };
    let plan = PrivacyPlan::new(&request).unwrap();
    assert_eq!(plan.warnings, [Warning::DeltaAboveInversePopulation, Warning::WeakEpsilon]);
    assert!(plan.warnings[0].to_string().starts_with("delta is above one over the population"));
}

#[test]
fn assumptions_are_data_with_words() {
    let plan = PrivacyPlan::new(&request()).unwrap();
    let words: Vec<String> = plan.assumptions.iter().map(ToString::to_string).collect();
    assert!(words.contains(&"each device takes part at most 5 times, by its own ledger".to_owned()));
    assert!(words.iter().any(|w| w.contains("honest participants' noise only")));
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["adjacency"], "add_or_remove_user");
    assert_eq!(json["sampling"], "balanced_schedule");
    assert_eq!(json["eps_vs_release"], serde_json::Value::Null);
}

#[test]
fn a_tree_of_noise_keeps_the_same_promise() {
    let independent = PrivacyPlan::new(&request()).unwrap();
    let noise = NoiseCorrelation::Tree { min_separation: 20 };
    let request = PlanRequest { noise, ..request() };
    let schedule = TreeSchedule::new(100, 5, 20).unwrap();
    for accountant in [Accountant::Zcdp, Accountant::Pld] {
        let plan = PrivacyPlan::with_accountant(&request, accountant).unwrap();
        let z = plan.noise_multiplier;
        assert_eq!(plan.participations_per_user, 5);
        // Four participations are dearer on average than five, and each is charged the same.
        assert!(plan.eps_vs_aggregator <= plan.epsilon && plan.eps_vs_aggregator.get() > 3.6, "{plan:?}");
        // Five charges hold what five participations cost.
        assert!(plan.rho_total.get() >= schedule.rho(z, 5).unwrap().get());
        if accountant == Accountant::Zcdp {
            assert!(zcdp::epsilon(plan.rho_total, plan.delta) <= plan.epsilon);
        }
        // More noise in a node than in a round, less in the sum of all rounds: of the nodes of 100, three.
        assert!(z.get() > independent.noise_multiplier.get());
        assert!(z.get() * 3_f64.sqrt() < independent.noise_multiplier.get() * 10.0);
    }
    let refused = |request| PrivacyPlan::new(&request).unwrap_err();
    let apart = PlanRequest { noise: NoiseCorrelation::Tree { min_separation: 21 }, ..request };
    assert_eq!(refused(apart), PlanError::Separation { most: 20, found: 21 });
    assert_eq!(refused(PlanRequest { sampling: CohortSampling::Poisson, ..request }), PlanError::SampledTree);
    let never = PlanRequest { noise: NoiseCorrelation::Tree { min_separation: 0 }, ..request };
    assert!(matches!(refused(never), PlanError::Tree(_)));
}
