//! One fixed training step on two devices: a GPU that computes garbage must not be trusted.

use std::panic::{AssertUnwindSafe, catch_unwind};

use silhouette_model::{
    EncoderSpec, Engine, EngineError, Example, Examples, LocalTraining, Model, Target, Task, TransformerSpec,
    Vectoriser,
};
use thiserror::Error;

/// How far the two updates may lie apart, relative to the update's norm.
const TOLERANCE: f64 = 1e-3;

/// Why a device is not to be trusted.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CanaryError {
    /// It could not compute at all.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It panicked.
    #[error("the driver panicked")]
    Panic,
    /// It computed something else.
    #[error("updates differ by {found:.2e} of their norm, {TOLERANCE:.0e} is allowed")]
    Differs {
        /// The relative distance.
        found: f64,
    },
}

/// Trains a small transformer for two steps on both engines and compares the updates.
///
/// # Errors
/// When the first engine fails or disagrees with the second.
pub fn canary(engine: &dyn Engine, reference: &dyn Engine) -> Result<(), CanaryError> {
    let (model, examples) = fixture()?;
    let training = LocalTraining { epochs: 1, batch: 2, learning_rate: 0.1, proximal_mu: 0.0, shuffled: true };
    let found = catch_unwind(AssertUnwindSafe(|| engine.train(&model, &examples, &training, 1)))
        .map_err(|_| CanaryError::Panic)??
        .to_dense();
    let expected = reference.train(&model, &examples, &training, 1)?.to_dense();
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let distance = norm(&mut found.iter().zip(&expected).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let length = norm(&mut expected.iter().map(|&v| f64::from(v)));
    let relative = distance / length.max(f64::MIN_POSITIVE);
    // Written so that NaN fails.
    if relative <= TOLERANCE { Ok(()) } else { Err(CanaryError::Differs { found: relative }) }
}

fn fixture() -> Result<(Model, Examples), CanaryError> {
    let engine_error = |reason: String| EngineError::Device { engine: "canary", reason };
    let encoder = EncoderSpec::Transformer(TransformerSpec { buckets_log2: 7, ..TransformerSpec::default() });
    let labels = ["a".to_owned(), "b".to_owned(), "c".to_owned()].into();
    let task = Task::of_labels("canary", labels, encoder).map_err(|e| engine_error(e.to_string()))?;
    let vectoriser = Vectoriser::new(&task.encoder).map_err(|e| engine_error(e.to_string()))?;
    let texts = ["the quick brown fox", "敏捷的棕色狐狸", "jumps over", "the lazy dog 懒狗 sleeps all day"];
    let items = texts.iter().enumerate().map(|(i, text)| Example {
        vector: vectoriser.vectorise(text),
        targets: vec![Some(Target::Class(i as u32 % 3))],
    });
    let examples = Examples::from_items(items.collect());
    // A zero head passes no gradient to the layers below: start from one that is not.
    let mut values = Model::new(task.clone(), 3).values().to_vec();
    let n = values.len();
    values[n - 99..].iter_mut().enumerate().for_each(|(i, v)| *v = ((i * 29 % 17) as f32 - 8.0) * 0.05);
    let model = Model::with_values(task, values).map_err(EngineError::Model)?;
    Ok((model, examples))
}
