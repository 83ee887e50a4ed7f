//! What the tests of several queries start from.

use silhouette_model::{BagSpec, EncoderSpec, Example, Examples, Target, Task, TextVector};
use silhouette_model::{Change, Engine, EngineError, LocalTraining, Model};
use silhouette_privacy::noise::simulation::SeededNoise;
use silhouette_privacy::{
    Accumulator, Mode, NoiseShare, NoisySum, Private, ReleaseParameters, Rounding, Update, release,
};
use std::sync::Mutex;

/// A task of labels `0`, `1` ... .
pub(crate) fn task(labels: usize) -> Task {
    let encoder = EncoderSpec::Bag(BagSpec { buckets_log2: 6, words: false, ..BagSpec::default() });
    Task::of_labels("topic", (0..labels).map(|i| format!("{i:03}")).collect(), encoder).unwrap()
}

/// A text of a label that [`Oracle`] takes for another; `number` makes it a text of its own.
pub(crate) fn text(truth: usize, predicted: usize, number: u32) -> Example {
    let vector = TextVector::from_entries(vec![(predicted as u32, 1.0), (1_000 + number, 0.5)]);
    Example { vector, targets: vec![Some(Target::Class(truth as u32))] }
}

/// Says what a text says it says, and notes what it was trained on.
#[derive(Default)]
pub(crate) struct Oracle {
    pub(crate) trained: Mutex<Vec<TextVector>>,
}

impl Engine for Oracle {
    fn name(&self) -> &str {
        "oracle"
    }

    fn train(&self, m: &Model, e: &Examples, _: &LocalTraining, _: u64) -> Result<Change, EngineError> {
        self.trained.lock().unwrap().extend(e.items().iter().map(|e| e.vector.clone()));
        Ok(Change { dimension: m.layout().total(), ..Change::default() })
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        let outputs = |text: &&TextVector| {
            let mut p = vec![0.0; model.task().outputs()];
            p[text.indices()[0] as usize] = 1.0;
            p
        };
        Ok(texts.iter().map(outputs).collect())
    }
}

/// A person's vector, as the device's half made it.
pub(crate) fn values(vector: &Private<Update>) -> Vec<f32> {
    match vector.expose_on_device() {
        Update::Dense(values) => values.clone(),
        Update::Sparse { .. } => panic!("a dense vector"),
    }
}

/// The noisy sum of these people's vectors, released one by one.
pub(crate) fn summed(people: &[Vec<f32>], mode: Mode, z: f64, round: u64) -> NoisySum {
    let n = people.len() as u32;
    let parameters = ReleaseParameters::new(mode, people[0].len(), 1.0, z, n, n).unwrap().with_rotation(round);
    let mut noise = SeededNoise::dangerous_for_simulation_only([9; 32], round);
    let mut sum = Accumulator::new(parameters.clone());
    for (i, person) in people.iter().enumerate() {
        let share: NoiseShare = parameters.draw_noise(&mut noise).unwrap();
        let mut seed = [round as u8; 32];
        seed[..4].copy_from_slice(&(i as u32).to_le_bytes());
        seed[8..16].copy_from_slice(&round.to_le_bytes());
        let vector = Private::new(Update::Dense(person.clone()));
        sum.fold_release(&release(vector, &parameters, share, &mut Rounding::seeded(seed)).unwrap()).unwrap();
    }
    sum.finish(&mut noise).unwrap()
}

/// Mean and variance of what should be standard normal.
pub(crate) fn moments(scores: &[f64]) -> (f64, f64) {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    (mean, scores.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
}
