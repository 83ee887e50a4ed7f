//! The hand-written engine, for the CPU.
//!
//! It computes on the rows that the device's texts touch and on nothing else. Burn computes the same
//! models on the device; a parity test holds both to each other.

mod bag;
pub(crate) mod bert;
mod frozen;
mod gemm;
mod kernels;
mod transformer;

use silhouette_wire::LocalTraining;

use crate::encoder::{BagSpec, EncoderSpec};
use crate::engine::{Change, Engine, EngineError};
use crate::examples::Examples;
use crate::parameters::Model;
use crate::vector::TextVector;

/// The hand-written CPU engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeEngine;

const NAME: &str = "native";

impl Engine for NativeEngine {
    fn name(&self) -> &str {
        NAME
    }

    fn train(
        &self,
        model: &Model,
        examples: &Examples,
        training: &LocalTraining,
        seed: u64,
    ) -> Result<Change, EngineError> {
        Ok(match &model.task().encoder {
            EncoderSpec::Bag(BagSpec { dim: None, .. }) | EncoderSpec::Bert(_) => {
                frozen::train(model, examples, training, seed)
            }
            EncoderSpec::Bag(spec) => bag::train(model, spec, examples, training, seed),
            EncoderSpec::Transformer(spec) => transformer::train(model, spec, examples, training, seed),
        })
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        Ok(match &model.task().encoder {
            EncoderSpec::Bag(BagSpec { dim: None, .. }) | EncoderSpec::Bert(_) => frozen::predict(model, texts),
            EncoderSpec::Bag(spec) => bag::predict(model, spec, texts),
            EncoderSpec::Transformer(spec) => transformer::predict(model, spec, texts),
        })
    }
}

/// The batch size of a training plan; 0 stands for all examples at once.
pub(crate) fn batch_size(training: &LocalTraining, examples: usize) -> usize {
    if training.batch == 0 { examples.max(1) } else { training.batch as usize }
}
