//! What may not change once a folder has its task.

use super::{Plan, PlanError};

impl Plan {
    /// What was promised to the devices, and what the stored models depend on. The pace (deadlines,
    /// windows, how many are invited) may change between two starts, these may not.
    fn terms(&self) -> [(&'static str, String); 25] {
        let c = &self.config;
        [
            ("task", format!("{:?}", self.task)),
            ("model_seed", c.model_seed.to_string()),
            ("rounds", c.rounds.to_string()),
            ("evaluate_every", c.evaluate_every.to_string()),
            ("label_counts", c.label_counts.to_string()),
            ("evaluation_share", c.evaluation_share.to_string()),
            ("label_counts_share", c.label_counts_share.to_string()),
            ("held_out", c.held_out.to_string()),
            ("max_evaluations", c.max_evaluations.to_string()),
            ("cohort", c.cohort.to_string()),
            ("min_reports", c.min_reports.to_string()),
            ("groups", c.groups.to_string()),
            ("trim", c.trim.to_string()),
            ("mode", c.mode.to_string()),
            ("active_mode", c.active_mode.to_string()),
            ("epsilon", format!("{:?}", c.epsilon)),
            ("noise_multiplier", self.parameters.noise_multiplier().to_string()),
            ("delta", c.delta.to_string()),
            ("noise", format!("{:?}", c.noise)),
            // The first round's; where the clip has moved to since is kept with the rounds.
            ("clip", c.clip.to_string()),
            ("adaptive_clip", format!("{:?}", c.adaptive_clip)),
            ("max_participations", c.max_participations.to_string()),
            ("min_separation", c.min_separation.to_string()),
            ("training", format!("{:?}", c.training)),
            ("optimiser", format!("{:?}", c.optimiser)),
        ]
    }
}

/// The first term in which a new configuration differs from the one a folder was started with.
pub(crate) fn first_difference(stored: &Plan, found: &Plan) -> Option<PlanError> {
    let (old, new) = (stored.terms(), found.terms());
    let differs = old.into_iter().zip(new).find(|((_, old), (_, new))| old != new);
    differs.map(|((term, stored), (_, found))| PlanError::OtherTerms { term, stored, found })
}
