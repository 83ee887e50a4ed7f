//! `silhouette plan`: what a promise costs.

mod cases;

use std::path::PathBuf;

use silhouette_privacy::accounting::plan::{
    Accountant, Alongside, CohortSampling, NoiseCorrelation, PlanRequest, View,
};
use silhouette_privacy::accounting::{Delta, Epsilon, PrivacyPlan};

use crate::terminal;

/// Compute the noise that keeps a promise, with every assumption; or evaluate a file of cases.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette plan --epsilon 8 --delta 1e-5 --rounds 20 --cohort 100 --population 1000
  silhouette plan --rounds 128 --cohort 60 --population 1000 --noise tree --min-separation 16
  silhouette plan --epsilon 8 --rounds 20 --cohort 100 --population 100 --evaluations 4 --label-counts 1
  silhouette plan --cases mechanisms.json --json")]
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
    /// Fresh noise in every round, or one tree of noise over all rounds (DP-FTRL): mode central only.
    #[arg(long, value_enum, default_value_t = NoiseName::Independent)]
    noise: NoiseName,
    /// Rounds between two participations of one device, at least; counts with --noise tree.
    #[arg(long, default_value_t = 1)]
    min_separation: u64,
    /// Rounds of private evaluation, within the same promise.
    #[arg(long, default_value_t = 0)]
    evaluations: u64,
    /// The share of rho that they get.
    #[arg(long, default_value_t = 0.1)]
    evaluation_share: f64,
    /// Rounds that count labels, within the same promise.
    #[arg(long, default_value_t = 0)]
    label_counts: u64,
    /// The share of rho that they get.
    #[arg(long, default_value_t = 0.02)]
    label_counts_share: f64,
    /// The bound that the noise is calibrated with. Ledgers add up zCDP; pld needs less noise, but
    /// ledgers will then show more than the promise.
    #[arg(long, value_enum, default_value_t = AccountantName::Zcdp)]
    accountant: AccountantName,
    /// Evaluate the mechanisms in this file (JSON: id, kind, input) by every accountant instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "epsilon", "delta", "rounds", "cohort", "population", "poisson", "max_participations", "accountant",
        "noise", "min_separation", "evaluations", "evaluation_share", "label_counts", "label_counts_share",
    ])]
    cases: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum AccountantName {
    Zcdp,
    Pld,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum NoiseName {
    Independent,
    Tree,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    if let Some(file) = &args.cases {
        return cases::run(file, json);
    }
    if args.min_separation > 1 && matches!(args.noise, NoiseName::Independent) {
        return Err(terminal::Usage("--min-separation: it counts with --noise tree only".to_owned()).into());
    }
    let request = PlanRequest {
        epsilon: Epsilon::new(args.epsilon)?,
        delta: Delta::new(args.delta)?,
        rounds: args.rounds,
        cohort: args.cohort,
        population: args.population,
        sampling: if args.poisson { CohortSampling::Poisson } else { CohortSampling::BalancedSchedule },
        participation_cap: args.max_participations,
        noise: match args.noise {
            NoiseName::Independent => NoiseCorrelation::Independent,
            NoiseName::Tree => NoiseCorrelation::Tree { min_separation: args.min_separation },
        },
        evaluation: Alongside { rounds: args.evaluations, share: args.evaluation_share },
        label_counts: Alongside { rounds: args.label_counts, share: args.label_counts_share },
    };
    let accountant = match args.accountant {
        AccountantName::Zcdp => Accountant::Zcdp,
        AccountantName::Pld => Accountant::Pld,
    };
    let plan = PrivacyPlan::with_accountant(&request, accountant)?;
    if json { terminal::json_line(&plan) } else { show(args, &plan) }
}

fn show(args: &Args, plan: &PrivacyPlan) -> anyhow::Result<()> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let calibrated = match args.accountant {
        AccountantName::Zcdp => "zCDP, as in the ledgers",
        AccountantName::Pld => "PLD, tighter than the ledgers",
    };
    terminal::line("Plan (unit: user; adjacency: add or remove one user)")?;
    let mut rows = vec![
        row("promise", format!("epsilon {} at delta {:e}", args.epsilon, args.delta)),
        row("rounds x cohort / population", format!("{} x {} / {}", args.rounds, args.cohort, args.population)),
        row("participations per user, at most", plan.participations_per_user.to_string()),
        row("calibrated with", calibrated.to_owned()),
        row("noise multiplier z", format!("{:.6}", plan.noise_multiplier.get())),
        row("noise of the mean, per unit of clip", format!("{:.6}", plan.noise_multiplier.get() / args.cohort as f64)),
        row("rho per participation", format!("{:.6}", plan.rho_per_participation.get())),
        row("rho in all, all kinds of query (the ledger's cap)", format!("{:.6}", plan.rho_total.get())),
    ];
    if let NoiseCorrelation::Tree { min_separation } = plan.noise {
        let z = plan.noise_multiplier.get() / args.cohort as f64;
        let nodes = f64::from(args.rounds.count_ones());
        rows.push(row("noise", format!("a tree; z and rho are those of its nodes, {min_separation} rounds apart")));
        rows.push(row("noise of the sum of all rounds' means", format!("{:.6}", z * nodes.sqrt())));
    }
    for (name, kind) in [("evaluation", plan.evaluation), ("label counts", plan.label_counts)] {
        let Some(kind) = kind else { continue };
        rows.push(row(
            &format!("{name}: share, z, rho per participation"),
            format!(
                "{} % of rho, {:.6}, {:.6} for at most {}",
                100.0 * kind.share,
                kind.noise_multiplier.get(),
                kind.rho_per_participation.get(),
                kind.participations_per_user
            ),
        ));
    }
    terminal::table(&rows)?;
    let release = plan.against_release.as_ref();
    terminal::line(&format!("{:<42}{:>12}{:>12}{:>12}", "Epsilon", "zCDP", "RDP", "PLD (tight)"))?;
    terminal::line(&view("against the aggregator, no amplification", Some(&plan.against_aggregator)))?;
    terminal::line(&view("against readers of the models", release))?;
    if release.is_none() {
        terminal::line("  (not claimed: the cohort is chosen by a schedule, see --poisson)")?;
    }
    terminal::line(&format!("Accountant: {}", plan.accountant_version))?;
    terminal::line("Assumptions")?;
    plan.assumptions.iter().try_for_each(|a| terminal::line(&format!("  - {a}")))?;
    if !plan.warnings.is_empty() {
        terminal::line("Warnings")?;
        plan.warnings.iter().try_for_each(|w| terminal::line(&format!("  - {w}")))?;
    }
    Ok(())
}

fn view(name: &str, view: Option<&View>) -> String {
    let number = |epsilon: Option<Epsilon>| epsilon.map_or_else(|| "-".to_owned(), |e| format!("{:.4}", e.get()));
    let [zcdp, rdp, pld] = match view {
        Some(view) => [Some(view.eps_zcdp), Some(view.eps_rdp), view.eps_pld].map(number),
        None => [None; 3].map(number),
    };
    format!("  {name:<40}{zcdp:>12}{rdp:>12}{pld:>12}")
}
