//! `silhouette plan`: what a promise costs.

use silhouette_privacy::accounting::plan::{CohortSampling, PlanRequest};
use silhouette_privacy::accounting::{Delta, Epsilon, PrivacyPlan};

use crate::terminal;

/// Compute the noise that keeps a promise, with every assumption.
#[derive(clap::Args)]
#[command(after_help = "Example: silhouette plan --epsilon 8 --delta 1e-5 --rounds 20 --cohort 100 --population 1000")]
pub(crate) struct Args {
    /// The promise: epsilon over all rounds together, per user.
    #[arg(long, default_value_t = 8.0)]
    epsilon: f64,
    /// The promise: delta.
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
    /// Rounds.
    #[arg(long, default_value_t = 20)]
    rounds: u64,
    /// Devices in one round.
    #[arg(long, default_value_t = 100)]
    cohort: u64,
    /// Devices in all.
    #[arg(long, default_value_t = 1000)]
    population: u64,
    /// Each device flips its own coin each round, and nobody caps the cohort: adds the view of
    /// somebody who sees only the published models.
    #[arg(long)]
    poisson: bool,
    /// Rounds one device agrees to join; derived from the schedule when absent.
    #[arg(long)]
    max_participations: Option<u64>,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let request = PlanRequest {
        epsilon: Epsilon::new(args.epsilon)?,
        delta: Delta::new(args.delta)?,
        rounds: args.rounds,
        cohort: args.cohort,
        population: args.population,
        sampling: if args.poisson { CohortSampling::Poisson } else { CohortSampling::BalancedSchedule },
        participation_cap: args.max_participations,
    };
    let plan = PrivacyPlan::new(&request)?;
    if json {
        return terminal::json_line(&plan);
    }
    let row = |name: &str, value: String| (name.to_owned(), value);
    let release = plan
        .eps_vs_release
        .map_or_else(|| "not claimed: the cohort is chosen by a schedule".to_owned(), |e| format!("{:.4}", e.get()));
    terminal::line("Plan (unit: user; adjacency: add or remove one user)")?;
    terminal::table(&[
        row("promise", format!("epsilon {} at delta {:e}", args.epsilon, args.delta)),
        row("rounds x cohort / population", format!("{} x {} / {}", args.rounds, args.cohort, args.population)),
        row("participations per user, at most", plan.participations_per_user.to_string()),
        row("noise multiplier z", format!("{:.6}", plan.noise_multiplier.get())),
        row("noise of the mean, per unit of clip", format!("{:.6}", plan.noise_multiplier.get() / args.cohort as f64)),
        row("rho per participation", format!("{:.6}", plan.rho_per_participation.get())),
        row("rho in all (the ledger's cap)", format!("{:.6}", plan.rho_total.get())),
        row("epsilon against the aggregator", format!("{:.4}", plan.eps_vs_aggregator.get())),
        row("epsilon against readers of the models", release),
    ])?;
    terminal::line("Assumptions")?;
    plan.assumptions.iter().try_for_each(|a| terminal::line(&format!("  - {a}")))?;
    if !plan.warnings.is_empty() {
        terminal::line("Warnings")?;
        plan.warnings.iter().try_for_each(|w| terminal::line(&format!("  - {w}")))?;
    }
    Ok(())
}
