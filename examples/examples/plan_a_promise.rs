//! Teaches accounting: `cargo run --release -p silhouette-examples --example plan_a_promise`
//!
//! How much noise a promise (epsilon, delta) needs, and how a device spends its budget.

use std::error::Error;

use silhouette_privacy::accounting::plan::{Alongside, CohortSampling, NoiseCorrelation, PlanRequest};
use silhouette_privacy::accounting::{Delta, Epsilon, PrivacyPlan};
use silhouette_privacy::{Account, Charge};
use silhouette_wire::TaskId;

fn main() -> Result<(), Box<dyn Error>> {
    println!("20 rounds, 100 of 1000 people in each, delta 1e-6:");
    println!("{:>8} {:>16} {:>12} {:>12}", "epsilon", "times each joins", "noise / clip", "rho a round");
    let mut strict = None;
    for epsilon in [8.0, 4.0, 2.0, 1.0] {
        let plan = PrivacyPlan::new(&request(epsilon, 100)?)?;
        let (z, rho) = (plan.noise_multiplier.get(), plan.rho_per_participation.get());
        println!("{epsilon:>8} {:>16} {z:>12.2} {rho:>12.5}", plan.participations_per_user);
        strict = Some(plan);
    }

    // The same promise with everybody in every round: each joins ten times as often.
    let often = PrivacyPlan::new(&request(1.0, 1000)?)?;
    println!("epsilon 1 with all 1000 in every round needs {:.2} times the clip norm", often.noise_multiplier.get());

    let Some(plan) = strict else { return Ok(()) };
    println!("\nwhat the promise rests on:");
    plan.assumptions.iter().for_each(|assumption| println!("- {assumption}"));

    // A device keeps its own account. What is spent never comes back.
    let task: TaskId = "reviews".parse()?;
    let charge = Charge::of(plan.rho_per_participation.get())?;
    let cap = plan.rho_total.get() + 1e-9 * plan.participations_per_user as f64;
    let mut account = Account::new(cap, cap);
    let mut joined = 0;
    let refused = loop {
        match account.charge(&task, charge) {
            Ok(()) => joined += 1,
            Err(refused) => break refused,
        }
    };
    println!("\nthe device joined {joined} rounds and refused the next: {refused}");
    Ok(())
}

fn request(epsilon: f64, cohort: u64) -> Result<PlanRequest, Box<dyn Error>> {
    Ok(PlanRequest {
        epsilon: Epsilon::new(epsilon)?,
        delta: Delta::new(1e-6)?,
        rounds: 20,
        cohort,
        population: 1000,
        sampling: CohortSampling::BalancedSchedule,
        participation_cap: None,
        noise: NoiseCorrelation::Independent,
        evaluation: Alongside::default(),
        label_counts: Alongside::default(),
    })
}
