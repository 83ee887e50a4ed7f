//! Which encoder fits a device and a promise.
//!
//! Every encoder is weighed by what is known before any training: what it takes of memory and of the network, how long a
//! text takes on this machine, and how loud the promise's noise is against what is trained. The rules that choose are
//! few and stand at [`Fit`].

use std::time::Instant;

use serde::{Deserialize, Serialize};
use silhouette_model::{
    BagSpec, EncoderError, EncoderSpec, Engine, EngineError, Layout, Model, Task, TaskError, TransformerSpec,
    Vectoriser,
};
use silhouette_privacy::accounting::plan::PlanError;
use silhouette_privacy::accounting::plan::{Alongside, CohortSampling, NoiseCorrelation, PlanRequest};
use silhouette_privacy::accounting::{self, Delta, Epsilon, PrivacyPlan};
use silhouette_privacy::{Mode, ParameterError, ReleaseParameters};
use thiserror::Error;

use crate::synth::{self, Population, SynthConfig};

/// Texts that are timed.
const TIMED: usize = 400;

/// Above this the noise on the mean of a run drowns what the cohort has to say, whose updates are at most one clip norm
/// long each and seldom point the same way.
const LOUDEST: f64 = 0.3;

/// Memory of the Chinese dictionary and the English word table, once loaded, in MiB.
const TABLES: f64 = 38.0;

/// What is known of the deployment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Needs {
    /// Memory that a device can spare, in MiB.
    pub ram_mib: f64,
    /// Devices that take part in a round.
    pub cohort: u32,
    /// Rounds.
    pub rounds: u64,
    /// Labels of all heads together.
    pub labels: usize,
    /// The promise, epsilon over all rounds; `None` without privacy.
    pub epsilon: Option<f64>,
    /// Its delta.
    pub delta: f64,
    /// Megabytes a device may send in a round.
    pub megabytes: f64,
}

/// Why an encoder is or is not for this deployment; checked in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fit {
    /// It takes more memory than a device can spare.
    Memory,
    /// An update is larger than a device may send.
    Network,
    /// The noise is longer than 0.3 clip norms.
    Noise,
    /// It fits. Of those that do the first is chosen, in the order of the table: the most accurate first, by what was
    /// measured (docs/benchmarks.md).
    Fits,
}

/// One encoder weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// How `--encoder` names it.
    pub encoder: String,
    /// Numbers that are trained.
    pub parameters: usize,
    /// Memory of the encoder and of training it, in MiB.
    pub ram_mib: f64,
    /// What a device sends in a round, in megabytes.
    pub megabytes_up: f64,
    /// What it fetches.
    pub megabytes_down: f64,
    /// From a text to its labels, in milliseconds, on one core of this machine; Chinese and English made-up texts.
    pub milliseconds: f64,
    /// The length of the noise on the mean of a cohort's updates, averaged over the rounds, in clip norms: `z sqrt(d) /
    /// (n sqrt(T))`, with d = 1 for a frozen encoder, whose texts have length one. 0 without privacy.
    pub noise: f64,
    /// Whether it is for this deployment.
    pub fit: Fit,
}

/// Nothing to weigh.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AdviseError {
    /// The promise.
    #[error(transparent)]
    Promise(#[from] accounting::ParameterError),
    /// The plan for it.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The release.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The task.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// An encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The texts that are timed.
    #[error(transparent)]
    Synth(#[from] synth::ConfigError),
}

/// The encoders there are, the most accurate first where all fit: with few people the frozen bag is ahead, and where it
/// is not for this deployment a smaller one is.
fn candidates() -> Vec<(String, EncoderSpec)> {
    let bag = |power| EncoderSpec::Bag(BagSpec { buckets_log2: power, ..BagSpec::default() });
    let without_words = EncoderSpec::Bag(BagSpec { buckets_log2: 10, words: false, ..BagSpec::default() });
    let trained = EncoderSpec::Bag(BagSpec { buckets_log2: 12, dim: Some(32), words: false, ..BagSpec::default() });
    vec![
        ("bag --buckets 16".to_owned(), bag(16)),
        ("bag --buckets 14".to_owned(), bag(14)),
        ("bag --buckets 12".to_owned(), bag(12)),
        ("transformer".to_owned(), EncoderSpec::Transformer(TransformerSpec::default())),
        ("bag:32".to_owned(), trained),
        ("bag without word vectors --buckets 10".to_owned(), without_words),
    ]
}

/// Weighs every encoder; the order is that of the choice.
///
/// # Errors
/// When the needs make no promise, or an encoder can't be run here.
pub fn advise(needs: &Needs, engine: &dyn Engine) -> Result<Vec<Advice>, AdviseError> {
    let z = needs.epsilon.map(|epsilon| noise_multiplier(needs, epsilon)).transpose()?;
    let people = Population::generate(SynthConfig { users: 40, ..SynthConfig::default() })?;
    let texts: Vec<&str> = people.events().map(|event| event.text.as_str()).take(TIMED).collect();
    candidates().into_iter().map(|(name, spec)| weigh(name, spec, needs, z, engine, &texts)).collect()
}

/// z of one round of a cohort that is always the same: the fewest devices a promise has to hold for.
fn noise_multiplier(needs: &Needs, epsilon: f64) -> Result<f64, AdviseError> {
    let request = PlanRequest {
        epsilon: Epsilon::new(epsilon)?,
        delta: Delta::new(needs.delta)?,
        rounds: needs.rounds,
        cohort: needs.cohort.into(),
        population: needs.cohort.into(),
        sampling: CohortSampling::BalancedSchedule,
        participation_cap: None,
        noise: NoiseCorrelation::Independent,
        evaluation: Alongside { rounds: 0, share: 0.1 },
        label_counts: Alongside { rounds: 0, share: 0.02 },
    };
    Ok(PrivacyPlan::new(&request)?.noise_multiplier.get())
}

fn weigh(
    encoder: String,
    spec: EncoderSpec,
    needs: &Needs,
    z: Option<f64>,
    engine: &dyn Engine,
    texts: &[&str],
) -> Result<Advice, AdviseError> {
    let labels = (0..needs.labels.max(2)).map(|i| format!("{i:04}")).collect();
    let frozen = spec.is_frozen();
    let task = Task::of_labels("advise", labels, spec)?;
    let parameters = Layout::of(&task).total();
    // What a release takes on the wire does not hang on its noise.
    let release = ReleaseParameters::new(Mode::Central, parameters, 1.0, z.unwrap_or(1.0), needs.cohort, 1)?;
    let megabytes_up = release.byte_len() as f64 / 1e6;
    // The model, its change and the release of it.
    let ram_mib = TABLES + 3.0 * 4.0 * parameters as f64 / f64::from(1 << 20);
    // A frozen encoder's head is linear in vectors of length one, so that only the noise along them is heard.
    let heard = if frozen { 1.0 } else { parameters as f64 };
    let over = f64::from(needs.cohort) * (needs.rounds.max(1) as f64).sqrt();
    let noise = z.map_or(0.0, |z| z * heard.sqrt() / over);
    let fit = if ram_mib > needs.ram_mib {
        Fit::Memory
    } else if megabytes_up > needs.megabytes {
        Fit::Network
    } else if noise > LOUDEST {
        Fit::Noise
    } else {
        Fit::Fits
    };
    let model = Model::new(task, 1);
    let milliseconds = timed(&model, engine, texts)?;
    let megabytes_down = 4.0 * parameters as f64 / 1e6;
    Ok(Advice { encoder, parameters, ram_mib, megabytes_up, megabytes_down, milliseconds, noise, fit })
}

/// Milliseconds from a text to its labels.
fn timed(model: &Model, engine: &dyn Engine, texts: &[&str]) -> Result<f64, AdviseError> {
    let vectoriser = Vectoriser::new(&model.task().encoder)?;
    let through = |texts: &[&str]| -> Result<(), AdviseError> {
        let vectors: Vec<_> = texts.iter().map(|text| vectoriser.vectorise(text)).collect();
        engine.predict(model, &vectors.iter().collect::<Vec<_>>())?;
        Ok(())
    };
    // Once for the tables.
    through(&texts[..texts.len().min(20)])?;
    let started = Instant::now();
    through(texts)?;
    Ok(1e3 * started.elapsed().as_secs_f64() / texts.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use silhouette_model::NativeEngine;

    use super::*;

    const NEEDS: Needs =
        Needs { ram_mib: 200.0, cohort: 500, rounds: 20, labels: 8, epsilon: Some(8.0), delta: 1e-5, megabytes: 10.0 };

    fn chosen(needs: &Needs) -> Option<Advice> {
        advise(needs, &NativeEngine).unwrap().into_iter().find(|advice| advice.fit == Fit::Fits)
    }

    fn fit(needs: &Needs, encoder: &str) -> Fit {
        advise(needs, &NativeEngine).unwrap().into_iter().find(|a| a.encoder == encoder).unwrap().fit
    }

    #[test]
    fn each_need_rules_something_out() {
        let all = advise(&NEEDS, &NativeEngine).unwrap();
        assert!(all.iter().all(|a| a.parameters > 0 && a.milliseconds > 0.0 && a.megabytes_up > 0.0));
        assert_eq!(chosen(&NEEDS).unwrap().encoder, "bag --buckets 16");
        assert_eq!(chosen(&Needs { megabytes: 0.5, ..NEEDS }).unwrap().encoder, "bag --buckets 14");
        assert_eq!(fit(&Needs { ram_mib: 40.0, ..NEEDS }, "bag --buckets 16"), Fit::Memory);
        assert_eq!(chosen(&Needs { ram_mib: 1.0, ..NEEDS }), None);
    }

    #[test]
    fn what_is_trained_whole_needs_many_people_or_no_promise() {
        assert_eq!(fit(&Needs { cohort: 100, epsilon: Some(1.0), ..NEEDS }, "transformer"), Fit::Noise);
        assert_eq!(fit(&Needs { epsilon: None, ..NEEDS }, "transformer"), Fit::Fits);
        assert_eq!(fit(&Needs { cohort: 100_000, ..NEEDS }, "transformer"), Fit::Fits);
        assert_eq!(fit(&Needs { cohort: 100, epsilon: Some(1.0), ..NEEDS }, "bag --buckets 16"), Fit::Fits);
    }
}
