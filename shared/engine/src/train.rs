//! [`BurnEngine`]: local SGD and prediction on one Burn device.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use silhouette_model::{
    Change, Engine, EngineError, Example, Examples, LocalTraining, Model, Target, TextVector, activate, epoch_order,
};

use crate::forward::{Batch, forward, table_of};
use crate::leaves::Leaves;

/// Burn on one device.
pub struct BurnEngine {
    name: &'static str,
    device: Device,
}

impl BurnEngine {
    /// An engine on `device`, called `name` in reports.
    pub(crate) fn new(name: &'static str, device: Device) -> Self {
        Self { name, device }
    }

    fn failed(&self, reason: &str) -> EngineError {
        EngineError::Device { engine: self.name, reason: reason.to_owned() }
    }
}

/// Rows of the feature table that these texts touch, sorted.
fn touched<'a>(texts: impl Iterator<Item = &'a TextVector>) -> Vec<u32> {
    let mut rows: Vec<u32> = texts.flat_map(|t| t.indices().iter().copied()).collect();
    rows.sort_unstable();
    rows.dedup();
    if rows.is_empty() {
        rows.push(0);
    }
    rows
}

/// The mean loss of a batch: per text the sum over heads that know its label.
fn loss(model: &Model, raw: Tensor<2>, examples: &[&Example], device: &Device) -> Tensor<1> {
    let n = examples.len();
    let mut total = Tensor::<1>::zeros([1], device);
    for (index, (head, range)) in model.task().ranges().enumerate() {
        let width = range.len();
        let mut wanted = vec![0.0_f32; n * width];
        let mut known = vec![0.0_f32; n];
        for (i, example) in examples.iter().enumerate() {
            match example.targets.get(index) {
                Some(Some(Target::Class(label))) => wanted[i * width + *label as usize] = 1.0,
                Some(Some(Target::Score(value))) => {
                    wanted[i * width] = *value;
                    known[i] = 1.0;
                }
                _ => {}
            }
        }
        let wanted = Tensor::<2>::from_data(TensorData::new(wanted, [n, width]), device);
        let outputs = raw.clone().slice([0..n, range]);
        let sum = if head.labels().is_empty() {
            let known = Tensor::<2>::from_data(TensorData::new(known, [n, 1]), device);
            ((outputs - wanted).powi_scalar(2) * known).sum()
        } else {
            // A text without this label has an all-zero row of `wanted` and adds nothing.
            -(log_softmax(outputs, 1) * wanted).sum()
        };
        total = total + sum;
    }
    total / n as f32
}

impl Engine for BurnEngine {
    fn name(&self) -> &str {
        self.name
    }

    fn train(
        &self,
        model: &Model,
        examples: &Examples,
        training: &LocalTraining,
        seed: u64,
    ) -> Result<Change, EngineError> {
        let device = self.device.clone().autodiff();
        let encoder = &model.task().encoder;
        let items = examples.items();
        let rows = touched(items.iter().map(|e| &e.vector));
        let mut leaves = Leaves::new(model, table_of(encoder), &rows, &device, true);
        let size = if training.batch == 0 { items.len() } else { training.batch as usize };
        for epoch in 0..training.epochs {
            for order in epoch_order(training, items.len(), seed, epoch).chunks(size.max(1)) {
                let chosen: Vec<&Example> = order.iter().map(|&i| &items[i]).collect();
                let batch = Batch { texts: chosen.iter().map(|e| &e.vector).collect(), rows: &rows };
                let raw = forward(encoder, &leaves, &batch, &device)
                    .ok_or_else(|| self.failed("the layout lacks a tensor of its encoder"))?;
                let gradients = loss(model, raw, &chosen, &device).backward();
                for leaf in leaves.iter_mut() {
                    let Some(gradient) = leaf.tensor.grad(&gradients) else { continue };
                    let now = leaf.tensor.clone().inner();
                    let mut step = gradient * training.learning_rate;
                    if training.proximal_mu > 0.0 {
                        let pull = training.learning_rate * training.proximal_mu;
                        step = step + (now.clone() - leaf.origin(&self.device)) * pull;
                    }
                    leaf.tensor = Tensor::from_inner(now - step).require_grad();
                }
            }
        }
        let flat = leaves.change(model).ok_or_else(|| self.failed("parameters could not be read back"))?;
        Ok(Change::of_dense(&flat))
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let encoder = &model.task().encoder;
        let rows = touched(texts.iter().copied());
        let leaves = Leaves::new(model, table_of(encoder), &rows, &self.device, false);
        let batch = Batch { texts: texts.to_vec(), rows: &rows };
        let raw = forward(encoder, &leaves, &batch, &self.device)
            .ok_or_else(|| self.failed("the layout lacks a tensor of its encoder"))?;
        let raw: Vec<f32> =
            raw.into_data().try_into_vec::<f32>().map_err(|_| self.failed("outputs could not be read back"))?;
        let mut outputs: Vec<Vec<f32>> = raw.chunks(model.task().outputs()).map(<[f32]>::to_vec).collect();
        outputs.iter_mut().for_each(|o| activate(model, o));
        Ok(outputs)
    }
}
