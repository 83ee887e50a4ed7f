//! How long the devices' own noise will take, before a run starts.

use std::time::Instant;

use silhouette_client::LocalRoundError;
use silhouette_model::Layout;
use silhouette_privacy::{Mode, ReleaseParameters};

use crate::config::{PrivacyChoice, SimulationConfig};
use crate::dataset::Dataset;
use crate::device::Streams;
use crate::federation::FederationError;
use crate::run::RunError;

/// Seconds of drawing that are measured: enough to even out a scheduler's slices.
const MEASURED: f64 = 0.2;

/// What the devices' own noise takes. Training and evaluation come on top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseEstimate {
    /// Values drawn over the whole run: rounds x devices a round x length of a vector.
    pub draws: f64,
    /// Values one thread draws in a second, measured just now with the run's own sigma.
    pub draws_per_second: f64,
    /// Threads that draw at the same time.
    pub threads: usize,
}

impl NoiseEstimate {
    /// Seconds of drawing.
    pub fn seconds(&self) -> f64 {
        self.draws / (self.draws_per_second * self.threads as f64)
    }
}

/// Measures how long the run will draw noise; `None` where devices draw none of their own (mode
/// central, where the aggregator draws one vector a round, and no privacy).
///
/// # Errors
/// When the settings make no noise.
pub fn noise_estimate(data: &Dataset, config: &SimulationConfig) -> Result<Option<NoiseEstimate>, RunError> {
    let users = data.train.len();
    let (mode, plan) = match (config.privacy, config.plan(users)?) {
        (PrivacyChoice::Budget { mode, .. }, Some(plan)) if mode != Mode::Central => (mode, plan),
        _ => return Ok(None),
    };
    let (d, group) = (Layout::of(&data.task).total(), config.group_of(users)?);
    let cohort = group * config.groups;
    let z = plan.noise_multiplier.get();
    let parameters =
        ReleaseParameters::new(mode, d, data.recipe.clip, z, group, group).map_err(FederationError::from)?;
    let mut source = Streams::new(config.seed, 0, 0).noise("estimate");
    let (started, mut vectors) = (Instant::now(), 0_u32);
    while vectors == 0 || started.elapsed().as_secs_f64() < MEASURED {
        parameters.draw_noise(&mut source).map_err(|e| FederationError::from(LocalRoundError::from(e)))?;
        vectors += 1;
    }
    let length = parameters.released_len() as f64;
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Some(NoiseEstimate {
        draws: config.rounds as f64 * f64::from(cohort) * length,
        draws_per_second: f64::from(vectors) * length / started.elapsed().as_secs_f64(),
        threads: config.threads.min(processors).clamp(1, cohort as usize),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaskChoice;
    use crate::synth::{Population, SynthConfig};

    #[test]
    fn only_devices_that_draw_noise_have_an_estimate() {
        let people = Population::generate(SynthConfig { users: 12, ..SynthConfig::default() }).unwrap();
        let of = |privacy| {
            let config = SimulationConfig {
                privacy,
                rounds: 4,
                buckets_log2: Some(6),
                threads: 1,
                ..SimulationConfig::default()
            };
            let choice = TaskChoice::Field("interest".into());
            let data = Dataset::of_events(people.events().cloned().collect(), &choice, &config).unwrap();
            let expected = 4.0 * data.train.len() as f64 * Layout::of(&data.task).total() as f64;
            (noise_estimate(&data, &config).unwrap(), expected)
        };
        let budget = |mode| PrivacyChoice::Budget { mode, epsilon: 8.0, delta: 1e-5 };
        assert_eq!(of(PrivacyChoice::None).0, None);
        assert_eq!(of(budget(Mode::Central)).0, None);
        let (estimate, expected) = of(budget(Mode::Local));
        let estimate = estimate.unwrap();
        // Rotation may pad a vector to the next power of two.
        assert!((expected..2.0 * expected).contains(&estimate.draws), "{estimate:?}, {expected}");
        assert!(estimate.draws_per_second > 0.0 && estimate.seconds().is_finite());
        assert!((estimate.seconds() - estimate.draws / estimate.draws_per_second).abs() < 1e-9);
    }
}
