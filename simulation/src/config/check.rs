//! Which settings make a run.
//!
//! Every bound here also holds without noise, where no manifest is made whose own checks would
//! refuse the rest.

use std::fmt::Display;

use silhouette_model::LocalTraining;

use silhouette_privacy::Mode;
use silhouette_query::OptimiserKind;

use super::{ConfigError, EncoderChoice, PrivacyChoice, SimulationConfig};
use crate::recipe::Recipe;

/// Largest learning rate, clip norm and mu. The recipe's are 3, 0.2 and 0; beyond this a 32-bit
/// model only overflows.
const LARGEST: f64 = 1e3;

/// Most local epochs and largest batch: what a manifest can say.
const MAX_EPOCHS: u32 = 1_000;
const MAX_BATCH: u32 = 65_536;

/// Most rounds: far beyond what one process trains, and small enough to count charges exactly.
pub(crate) const MAX_ROUNDS: u64 = 1_000_000;

/// Most worker threads.
const MAX_THREADS: usize = 1_024;

pub(crate) fn ensure(holds: bool, field: &'static str, expected: &str, found: impl Display) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::Setting { field, expected: expected.to_owned(), found: found.to_string() })
}

/// Above zero and at most [`LARGEST`]; an absent value is the recipe's. NaN fails every comparison.
fn positive(field: &'static str, value: Option<f64>) -> Result<(), ConfigError> {
    let Some(value) = value else { return Ok(()) };
    ensure(value > 0.0 && value <= LARGEST, field, "a number above 0, at most 1000", value)
}

impl SimulationConfig {
    /// Checks every setting on its own. What depends on the data or on the recipe is checked when
    /// they are known: [`cohort_of`](Self::cohort_of), [`plan`](Self::plan), [`Recipe::check`].
    ///
    /// # Errors
    /// Names the first setting outside its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        ensure((1..=MAX_ROUNDS).contains(&self.rounds), "rounds", "1 to 1000000", self.rounds)?;
        if let Some(cohort) = self.cohort {
            ensure(cohort >= 1, "cohort", "at least 1", cohort)?;
        }
        self.validate_schedule()?;
        self.validate_noise()?;
        self.validate_queries()?;
        positive("clip", self.clip)?;
        positive("lr", self.learning_rate)?;
        if let Some(epochs) = self.local_epochs {
            ensure((1..=MAX_EPOCHS).contains(&epochs), "local-epochs", "1 to 1000", epochs)?;
        }
        if let Some(batch) = self.batch {
            ensure((1..=MAX_BATCH).contains(&batch), "batch", "1 to 65536", batch)?;
        }
        let mu = self.proximal_mu;
        ensure((0.0..=LARGEST).contains(&mu), "prox-mu", "a number from 0 to 1000", mu)?;
        positive("server-lr", self.server_learning_rate)?;
        if let Some(EncoderChoice::TrainedBag(width)) = self.encoder {
            ensure((1..=512).contains(&width), "encoder bag:DIM", "a width of 1 to 512", width)?;
        }
        if self.encoder == Some(EncoderChoice::Bert) && self.encoder_weights.is_none() {
            return Err(ConfigError::Setting {
                field: "encoder-weights",
                expected: "the folder of the encoder's weights, with --encoder bert".into(),
                found: "none".into(),
            });
        }
        if let Some(buckets) = self.buckets_log2 {
            let most = if self.encoder == Some(EncoderChoice::Transformer) { 16 } else { 20 };
            ensure((6..=most).contains(&buckets), "buckets", &format!("6 to {most}"), buckets)?;
        }
        self.check_groups()?;
        self.clock.as_ref().map_or(Ok(()), |clock| clock.validate(self))?;
        self.partition.map_or(Ok(()), |partition| partition.check())?;
        ensure((1..=MAX_THREADS).contains(&self.threads), "threads", "1 to 1024", self.threads)
    }

    fn validate_schedule(&self) -> Result<(), ConfigError> {
        let Some(schedule) = &self.schedule else { return Ok(()) };
        ensure(schedule.len() as u64 == self.rounds, "schedule", "as many rounds as there are", schedule.len())?;
        ensure(self.groups == 1, "groups", "1 with a schedule", self.groups)?;
        ensure(self.participations.is_none(), "participations", "none with a schedule, which says it", "a number")?;
        ensure(self.cohort.is_none(), "cohort", "none with a schedule, which says it", "a number")?;
        let size = schedule.first().map_or(0, Vec::len);
        for (round, users) in (1..).zip(schedule) {
            let distinct = users.iter().collect::<std::collections::BTreeSet<_>>().len();
            let right = size > 0 && users.len() == size && distinct == size;
            let found = format!("{} of whom {distinct} are different in round {round}", users.len());
            ensure(right, "schedule", "as many different users in every round as in the first", found)?;
        }
        Ok(())
    }

    /// Private evaluation and label counts.
    fn validate_queries(&self) -> Result<(), ConfigError> {
        let queries = self.queries()?;
        ensure((1..=50).contains(&self.held_out), "held-out", "1 to 50 per cent", self.held_out)?;
        for (field, share) in
            [("evaluation-share", self.evaluation_share), ("label-counts-share", self.label_counts_share)]
        {
            ensure(share > 0.0 && share < 0.9, field, "a number above 0, below 0.9", share)?;
        }
        if queries.rounds() == self.rounds {
            return Ok(());
        }
        let others = "--evaluate-privately or --label-counts";
        let without =
            |field, expected: &str, holds, found| ensure(holds, field, &format!("{expected} with {others}"), found);
        without("noise", "independent", !self.tree, "tree")?;
        without("schedule", "none", self.schedule.is_none(), "one")?;
        without("poison", "none", self.poison.is_none(), "one")
    }

    /// Who takes part when, the tree of noise, and the clip that moves.
    fn validate_noise(&self) -> Result<(), ConfigError> {
        if let Some(most) = self.participations {
            ensure((1..=self.rounds).contains(&most), "participations", "1 to the number of rounds", most)?;
        }
        positive("noise-multiplier", self.noise_multiplier)?;
        let fixed = self.noise_multiplier.is_some();
        positive("stop-at-epsilon", self.stop_at_epsilon)?;
        let stops = self.stop_at_epsilon.map(|epsilon| epsilon.to_string());
        ensure(
            fixed || stops.is_none(),
            "stop-at-epsilon",
            "none without --noise-multiplier",
            stops.unwrap_or_default(),
        )?;
        let clocked = self.clock.is_some() && self.stop_at_epsilon.is_some();
        ensure(!clocked, "stop-at-epsilon", "none with a virtual clock", "one")?;
        ensure(self.stop_when_flat != Some(0), "stop-when-flat", "at least 1 look", 0)?;
        ensure(!(fixed && self.tree), "noise", "independent with --noise-multiplier", "tree")?;
        ensure(!(fixed && self.privacy == PrivacyChoice::None), "mode", "one with noise for a multiplier", "none")?;
        ensure(self.min_separation >= 1, "min-separation", "at least 1", self.min_separation)?;
        if let Some(adaptive) = &self.adaptive_clip {
            let (quantile, rate) = (adaptive.quantile, adaptive.learning_rate);
            ensure(quantile > 0.0 && quantile < 1.0, "target-quantile", "a number in (0, 1)", quantile)?;
            ensure(rate > 0.0 && rate <= 2.0, "clip-lr", "a number in (0, 2]", rate)?;
            positive("count-noise", adaptive.count_noise)?;
            ensure(!self.tree, "noise", "independent with --adaptive-clip: a tree has one clip", "tree")?;
        }
        if !self.tree {
            return Ok(());
        }
        let mode = match self.privacy {
            PrivacyChoice::None => "none".to_owned(),
            PrivacyChoice::Budget { mode, .. } => mode.to_string(),
        };
        ensure(mode == Mode::Central.to_string(), "mode", "central with --noise tree", mode)?;
        ensure(self.rounds <= 65_536, "rounds", "at most 65536 with --noise tree", self.rounds)?;
        match self.server_optimiser {
            None | Some(OptimiserKind::Sgd) => Ok(()),
            Some(kind) => {
                let found = format!("{kind:?}").to_lowercase();
                ensure(false, "server-opt", "sgd with --noise tree: it has to be linear in the updates", found)
            }
        }
    }
}

impl SimulationConfig {
    fn check_groups(&self) -> Result<(), ConfigError> {
        let real = self.secure_aggregation && self.mode() == Some(Mode::Distributed);
        let expected = "mode distributed with --secure-aggregation";
        ensure(real || !self.active_mode, "active-mode", expected, "other settings")?;
        let masked = matches!(self.privacy, PrivacyChoice::Budget { mode: Mode::Distributed, .. });
        let most = if masked { 1_000 } else { 1 };
        ensure((1..=most).contains(&self.groups), "groups", "1 to 1000, and 1 outside mode distributed", self.groups)?;
        let trim = u64::from(self.trim);
        ensure(2 * trim < u64::from(self.groups), "trim", "less than half of the groups", trim)?;
        let Some(poison) = self.poison else { return Ok(()) };
        let moving = self.adaptive_clip.is_some();
        ensure(masked && !moving, "poison", "mode distributed without --adaptive-clip", poison)
    }
}

impl Recipe {
    /// Checks what several settings make together.
    ///
    /// # Errors
    /// When FedProx pulls further than back: a local step multiplies the distance from the global
    /// model by `1 - lr mu`, which must stay above -1 (gradient descent on `mu/2 |w - w_global|^2`
    /// converges for `lr mu < 2` only).
    pub fn check(&self) -> Result<(), ConfigError> {
        let LocalTraining { learning_rate, proximal_mu, .. } = self.training;
        let most = 2.0 / learning_rate;
        ensure(
            proximal_mu < most,
            "prox-mu",
            &format!("below 2 / lr = {most} with a local learning rate of {learning_rate}"),
            proximal_mu,
        )
    }
}

#[cfg(test)]
mod tests {
    use silhouette_query::AdaptiveClipConfig;

    use super::*;

    fn field(change: impl FnOnce(&mut SimulationConfig)) -> &'static str {
        let mut config = SimulationConfig::default();
        change(&mut config);
        match config.validate() {
            Err(ConfigError::Setting { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_default_makes_a_run() {
        assert_eq!(SimulationConfig::default().validate(), Ok(()));
    }

    #[test]
    fn every_setting_outside_its_range_is_named_by_its_flag() {
        for bad in [f64::NAN, f64::INFINITY, -1.0, 1e30] {
            assert_eq!(field(|c| c.learning_rate = Some(bad)), "lr");
            assert_eq!(field(|c| c.clip = Some(bad)), "clip");
            assert_eq!(field(|c| c.server_learning_rate = Some(bad)), "server-lr");
            assert_eq!(field(|c| c.proximal_mu = bad), "prox-mu");
        }
        assert_eq!(field(|c| c.learning_rate = Some(0.0)), "lr");
        assert_eq!(field(|c| c.clip = Some(0.0)), "clip");
        assert_eq!(field(|c| c.local_epochs = Some(0)), "local-epochs");
        assert_eq!(field(|c| c.local_epochs = Some(1_001)), "local-epochs");
        assert_eq!(field(|c| c.batch = Some(0)), "batch");
        assert_eq!(field(|c| c.batch = Some(65_537)), "batch");
        assert_eq!(field(|c| c.rounds = 0), "rounds");
        assert_eq!(field(|c| c.cohort = Some(0)), "cohort");
        assert_eq!(field(|c| c.buckets_log2 = Some(5)), "buckets");
        assert_eq!(field(|c| c.buckets_log2 = Some(21)), "buckets");
        assert_eq!(field(|c| c.encoder = Some(EncoderChoice::TrainedBag(0))), "encoder bag:DIM");
        assert_eq!(field(|c| c.threads = 0), "threads");
        assert_eq!(field(|c| c.participations = Some(0)), "participations");
        assert_eq!(field(|c| c.participations = Some(21)), "participations");
        assert_eq!(field(|c| c.min_separation = 0), "min-separation");
        assert_eq!(field(|c| c.evaluate_privately = 21), "evaluate-privately");
        assert_eq!(field(|c| c.held_out = 51), "held-out");
        assert_eq!(field(|c| c.evaluation_share = 0.0), "evaluation-share");
        assert_eq!(field(|c| c.label_counts_share = f64::NAN), "label-counts-share");
        assert_eq!(field(|c| (c.tree, c.label_counts) = (true, true)), "noise");
        assert_eq!(field(|c| c.active_mode = true), "active-mode");
        assert_eq!(field(|c| (c.active_mode, c.secure_aggregation) = (true, true)), "active-mode");
        assert_eq!(field(|c| c.stop_at_epsilon = Some(2.0)), "stop-at-epsilon");
        assert_eq!(field(|c| (c.noise_multiplier, c.stop_at_epsilon) = (Some(1.0), Some(-1.0))), "stop-at-epsilon");
        assert_eq!(field(|c| c.stop_when_flat = Some(0)), "stop-when-flat");
        assert_eq!(field(|c| c.groups = 2), "groups");
        assert_eq!(field(|c| c.groups = 0), "groups");
        assert_eq!(field(|c| c.trim = 1), "trim");
        assert_eq!(field(|c| c.poison = Some("flip:0.1".parse().unwrap())), "poison");
        let masked = PrivacyChoice::Budget { mode: Mode::Distributed, epsilon: 8.0, delta: 1e-5 };
        assert_eq!(field(|c| (c.privacy, c.groups, c.trim) = (masked, 4, 2)), "trim");
        let small = SimulationConfig { privacy: masked, groups: 4, ..SimulationConfig::default() };
        assert!(small.group_of(15).is_err());
        assert_eq!((small.group_of(17).unwrap(), small.worth_of(100)), (4, 50));
        // The active mode is one of real masks, and of a graph in which everybody knows everybody.
        assert_eq!(field(|c| (c.privacy, c.active_mode) = (masked, true)), "active-mode");
        assert_eq!(field(|c| (c.secure_aggregation, c.active_mode) = (true, true)), "active-mode");
        let (secure_aggregation, active_mode) = (true, true);
        let active = SimulationConfig { secure_aggregation, active_mode, ..small };
        assert_eq!(active.validate(), Ok(()));
        assert!(active.group_of(4 * 256 + 3).is_ok() && active.group_of(4 * 257).is_err());
    }

    #[test]
    fn what_a_tree_or_a_moving_clip_does_not_go_with_is_named() {
        let adaptive = AdaptiveClipConfig::default();
        for quantile in [0.0, 1.0, f64::NAN] {
            assert_eq!(
                field(|c| c.adaptive_clip = Some(AdaptiveClipConfig { quantile, ..adaptive })),
                "target-quantile"
            );
        }
        let rate = AdaptiveClipConfig { learning_rate: 0.0, ..adaptive };
        assert_eq!(field(|c| c.adaptive_clip = Some(rate)), "clip-lr");
        let silent = AdaptiveClipConfig { count_noise: Some(0.0), ..adaptive };
        assert_eq!(field(|c| c.adaptive_clip = Some(silent)), "count-noise");
        let tree = |change: fn(&mut SimulationConfig)| {
            field(|c| {
                c.tree = true;
                change(c);
            })
        };
        assert_eq!(tree(|c| c.adaptive_clip = Some(AdaptiveClipConfig::default())), "noise");
        assert_eq!(tree(|c| c.privacy = PrivacyChoice::None), "mode");
        let local = PrivacyChoice::Budget { mode: Mode::Local, epsilon: 8.0, delta: 1e-5 };
        assert_eq!(field(|c| (c.tree, c.privacy) = (true, local)), "mode");
        assert_eq!(tree(|c| c.server_optimiser = Some(OptimiserKind::Adam)), "server-opt");
        assert_eq!(tree(|c| c.rounds = 65_537), "rounds");
        assert_eq!(SimulationConfig { tree: true, ..SimulationConfig::default() }.validate(), Ok(()));
    }

    #[test]
    fn a_proximal_term_that_diverges_is_refused() {
        // The bag's rate is 3: 2 / 3 is the edge.
        let recipe =
            |mu| Recipe::of(&SimulationConfig { proximal_mu: mu, ..SimulationConfig::default() }, None, 9, None);
        assert_eq!(recipe(0.6).check(), Ok(()));
        assert!(recipe(0.7).check().unwrap_err().to_string().starts_with("--prox-mu: expected below 2 / lr"));
    }
}
