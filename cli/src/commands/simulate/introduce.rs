//! What a person or a machine is told before a run starts.

use silhouette_simulation::{Dataset, SimulationConfig, noise_estimate};

use crate::people::skipped;
use crate::terminal;

pub(super) fn introduce_json(data: &Dataset, config: &SimulationConfig, why: &str) -> anyhow::Result<()> {
    let texts: usize = data.train.iter().map(|u| u.examples.len()).sum();
    let plan = config.plan(data.train.len())?;
    let facts = serde_json::json!({
        "users": data.train.len(), "users_test": data.test.len(), "texts": texts, "computed_by": why,
        "read": data.read, "duplicates": data.duplicates, "notes": data.notes,
        "noise_multiplier": plan.as_ref().map(|p| p.noise_multiplier.get()),
        "participations": plan.as_ref().map(|p| p.participations_per_user),
        "seconds_of_noise": noise_estimate(data, config)?.map(|noise| noise.seconds()),
    });
    terminal::json_event("data", facts)
}

pub(super) fn introduce(data: &Dataset, config: &SimulationConfig, why: &str) -> anyhow::Result<()> {
    let texts: usize = data.train.iter().map(|u| u.examples.len()).sum();
    terminal::line(&format!("{} people train on {texts} texts, {} are held out", data.train.len(), data.test.len()))?;
    terminal::line(&format!("computed by {why}"))?;
    skipped(&data.read).iter().try_for_each(|line| terminal::line(line))?;
    if data.duplicates > 0 {
        terminal::line(&format!("left out {} texts that repeat an earlier one of the same person", data.duplicates))?;
    }
    data.notes.iter().try_for_each(|note| terminal::line(&format!("note: {note}")))?;
    match config.plan(data.train.len())? {
        Some(plan) => terminal::line(&format!(
            "noise multiplier {:.3} for epsilon {} at delta {:e}, {} participations per user",
            plan.noise_multiplier.get(),
            plan.epsilon.get(),
            plan.delta.get(),
            plan.participations_per_user
        ))?,
        None => terminal::line("NO NOISE: this run promises no privacy")?,
    }
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
