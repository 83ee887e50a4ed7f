//! What a person or a machine is told before a run starts.

use silhouette_query::robust::trimmed_noise_sd;
use silhouette_simulation::{Dataset, People, SimulationConfig, noise_estimate};

use crate::people::skipped;
use crate::terminal;

pub(super) fn introduce_json(data: &Dataset, config: &SimulationConfig, why: &str) -> anyhow::Result<()> {
    let texts = data.train.examples();
    let plan = config.plan(data.train.len())?;
    let cohort = config.cohort_of(data.train.len())?;
    let facts = serde_json::json!({
        "users": data.train.len(), "users_test": data.test.len(), "texts": texts, "computed_by": why,
        "read": data.read, "duplicates": data.duplicates, "notes": data.notes,
        "noise_multiplier": plan.as_ref().map(|p| p.noise_multiplier.get()),
        "participations": plan.as_ref().map(|p| p.participations_per_user),
        "evaluation": plan.as_ref().and_then(|p| p.evaluation),
        "label_counts": plan.as_ref().and_then(|p| p.label_counts),
        "rho_total": plan.as_ref().map(|p| p.rho_total.get()),
        "clock": config.clock.as_ref().map(|clock| clock.pace.describe(cohort)),
        "groups": config.groups, "trim": config.trim, "poison": config.poison.map(|p| p.to_string()),
        "seconds_of_noise": noise_estimate(data, config)?.map(|noise| noise.seconds()),
    });
    terminal::json_event("data", facts)
}

/// The noise of the groups' trimmed mean over that of one sum of all their devices.
fn noise_of_groups(config: &SimulationConfig) -> f64 {
    let groups = config.groups as usize;
    f64::from(config.groups) * trimmed_noise_sd(&vec![1.0; groups], config.trim as usize)
}

pub(super) fn introduce(data: &Dataset, config: &SimulationConfig, why: &str) -> anyhow::Result<()> {
    let texts = data.train.examples();
    let (train, test) = (data.train.len(), data.test.len());
    terminal::line(&match &data.train {
        People::Kept(_) => format!("{train} people train on {texts} texts, {test} are held out"),
        People::Made(maker) if texts > 0 => {
            format!("{train} people train on {texts} texts, {}, {test} are held out", maker.whence())
        }
        People::Made(maker) => format!("{train} made-up people train, {}, {test} are held out", maker.whence()),
    })?;
    terminal::line(&format!("computed by {why}"))?;
    skipped(&data.read).iter().try_for_each(|line| terminal::line(line))?;
    if data.duplicates > 0 {
        terminal::line(&format!("left out {} texts that repeat an earlier one of the same person", data.duplicates))?;
    }
    data.notes.iter().try_for_each(|note| terminal::line(&format!("note: {note}")))?;
    match config.plan(data.train.len())? {
        Some(plan) => {
            terminal::line(&format!(
                "noise multiplier {:.3} for epsilon {} at delta {:e}, {} participations per user",
                plan.noise_multiplier.get(),
                plan.epsilon.get(),
                plan.delta.get(),
                plan.participations_per_user
            ))?;
            if let Some(epsilon) = config.stop_at_epsilon {
                terminal::line(&format!(
                    "ends before the first round that would take a device past epsilon {epsilon}"
                ))?;
            }
            let others = [("evaluation", plan.evaluation), ("label counts", plan.label_counts)];
            for (name, kind) in others.into_iter().filter_map(|(name, kind)| Some((name, kind?))) {
                terminal::line(&format!(
                    "of that budget, for {name}: {} % of rho, noise multiplier {:.3}, {} participations per user",
                    100.0 * kind.share,
                    kind.noise_multiplier.get(),
                    kind.participations_per_user
                ))?;
            }
        }
        None => terminal::line("NO NOISE: this run promises no privacy")?,
    }
    if config.groups > 1 {
        terminal::line(&format!(
            "{} groups of {}, {} trimmed at each end; {:.2} times the noise of one sum over all",
            config.groups,
            config.group_of(data.train.len())?,
            config.trim,
            noise_of_groups(config)
        ))?;
    }
    if let Some(poison) = config.poison {
        let count = poison.count(data.train.len());
        terminal::line(&format!("RESEARCH: {count} of {} devices are malicious ({poison})", data.train.len()))?;
    }
    introduce_clock(data, config)?;
    let Some(noise) = noise_estimate(data, config)? else { return Ok(()) };
    terminal::line(&format!(
        "the devices' own noise: {:.3} billion draws, {:.1} million a second and thread on {} threads: about {:.0} s, \
         training not counted",
        noise.draws / 1e9,
        noise.draws_per_second / 1e6,
        noise.threads,
        noise.seconds()
    ))
}

/// Who is there when, and what comes of it.
fn introduce_clock(data: &Dataset, config: &SimulationConfig) -> anyhow::Result<()> {
    let Some(clock) = &config.clock else { return Ok(()) };
    let cohort = config.cohort_of(data.train.len())?;
    terminal::line(&format!("virtual clock: {}", clock.pace.describe(cohort)))?;
    let unlisted = clock.trace.unlisted(&data.train)?;
    if unlisted > 0 {
        terminal::line(&format!("note: {unlisted} people are not in the trace's list: their devices are never there"))?;
    }
    Ok(())
}
