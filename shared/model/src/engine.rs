//! What computes: training on one device, and prediction.

mod change;

use silhouette_wire::LocalTraining;
use thiserror::Error;

pub use self::change::Change;
use crate::examples::Examples;
use crate::parameters::{Model, ModelError};
use crate::vector::TextVector;
pub use silhouette_wire::Run;

/// Why an engine could not do its work.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum EngineError {
    /// The compute device failed.
    #[error("engine {engine}: {reason}")]
    Device {
        /// The engine.
        engine: &'static str,
        /// What it said.
        reason: String,
    },
    /// Its result is no model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Local training and prediction for one model. Both engines, the hand-written one here and Burn's,
/// keep this contract and are held to each other by tests.
pub trait Engine: Send + Sync {
    /// A short name for reports: `native`, `flex`, `wgpu` ...
    fn name(&self) -> &str;

    /// Trains a copy of `model` on one device's examples by plain SGD on the mean loss of each
    /// batch and returns the update, weights after minus weights before, flat.
    ///
    /// Batches are taken in an order drawn from `seed`, anew each epoch, or with
    /// `training.shuffled` off in the order of the examples. With `proximal_mu > 0` the
    /// term `mu/2 |w - w_global|^2` is added (FedProx, Li et al. 2020, equation 2). The loss of a
    /// text is the sum over heads that know its label: cross-entropy for classes, squared error for
    /// a score. Equal inputs give equal bits.
    ///
    /// # Errors
    /// When the engine can't train this encoder or its device fails.
    fn train(
        &self,
        model: &Model,
        examples: &Examples,
        training: &LocalTraining,
        seed: u64,
    ) -> Result<Change, EngineError>;

    /// The outputs for each text, `[outputs]` a text: probabilities for classes (softmax within the
    /// head), the scaled value for scores.
    ///
    /// # Errors
    /// When the engine can't run this encoder or its device fails.
    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError>;
}

/// Turns one text's raw outputs into probabilities and scores, in place.
pub fn activate(model: &Model, raw: &mut [f32]) {
    for (head, range) in model.task().ranges() {
        if head.labels().is_empty() {
            continue;
        }
        let raw = &mut raw[range];
        if head.temperature != 1.0 {
            raw.iter_mut().for_each(|z| *z /= head.temperature);
        }
        softmax(raw);
    }
}

/// Softmax in place, shifted by the maximum.
pub fn softmax(z: &mut [f32]) {
    let max = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for v in z.iter_mut() {
        *v = (*v - max).exp();
        sum += *v;
    }
    z.iter_mut().for_each(|v| *v /= sum);
}

/// The order of `n` examples in one epoch: as they stand, or if `training` shuffles a Fisher-Yates
/// shuffle by SplitMix64, written out so that every engine and platform takes the same order.
pub fn epoch_order(training: &LocalTraining, n: usize, seed: u64, epoch: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    if !training.shuffled {
        return order;
    }
    let mut state = seed ^ u64::from(epoch).wrapping_mul(0xA24B_AED4_963E_E407);
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    for i in (1..n).rev() {
        order.swap(i, (next() % (i as u64 + 1)) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_sums_to_one_and_survives_large_inputs() {
        let mut z = [1000.0, 1001.0, -1000.0];
        softmax(&mut z);
        assert!((z.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(z[1] > z[0] && z[2] == 0.0);
    }

    #[test]
    fn an_order_is_a_permutation_fixed_by_its_seed() {
        let mut training = LocalTraining { epochs: 2, batch: 8, learning_rate: 0.1, proximal_mu: 0.0, shuffled: true };
        let order = epoch_order(&training, 50, 3, 0);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
        assert_eq!(order, epoch_order(&training, 50, 3, 0));
        assert_ne!(order, epoch_order(&training, 50, 3, 1));
        training.shuffled = false;
        assert_eq!(epoch_order(&training, 50, 3, 1), sorted);
    }
}
