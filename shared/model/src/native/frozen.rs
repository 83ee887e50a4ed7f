//! The frozen bag, whose only parameters are the head's.

use silhouette_wire::LocalTraining;

use super::batch_size;
use crate::engine::{Change, activate, epoch_order};
use crate::examples::{Compact, Examples};
use crate::parameters::Model;
use crate::task::{Target, Task};
use crate::vector::TextVector;

/// The rows of the head that one device's texts touch, gathered side by side.
struct LocalHead<'a> {
    /// Rows touched, sorted.
    rows: &'a [u32],
    /// `[rows, outputs]`: the rows' weights.
    weights: Vec<f32>,
    outputs: usize,
}

impl<'a> LocalHead<'a> {
    fn gather(model: &Model, compact: &'a Compact, outputs: usize) -> Self {
        let rows = compact.rows.as_slice();
        let mut weights = Vec::with_capacity(rows.len() * outputs);
        let head = model.tensor("head.weight");
        for &row in rows {
            let at = row as usize * outputs;
            weights.extend_from_slice(&head[at..at + outputs]);
        }
        Self { rows, weights, outputs }
    }

    /// Raw outputs of a text given by local row numbers.
    fn forward(&self, entries: &[(u32, f32)], out: &mut [f32]) {
        out.fill(0.0);
        for &(row, x) in entries {
            let at = row as usize * self.outputs;
            for (o, w) in out.iter_mut().zip(&self.weights[at..at + self.outputs]) {
                *o += x * w;
            }
        }
    }

    /// Adds `x (outer) delta` to a gradient of the same shape.
    fn backward(&self, entries: &[(u32, f32)], delta: &[f32], gradient: &mut [f32]) {
        for &(row, x) in entries {
            let at = row as usize * self.outputs;
            for (g, d) in gradient[at..at + self.outputs].iter_mut().zip(delta) {
                *g += x * d;
            }
        }
    }

    /// The change from `before`, at its places in the flat vector.
    fn scatter(&self, before: &[f32], model: &Model) -> Change {
        let change = self.weights.iter().zip(before).map(|(now, then)| now - then);
        let mut whole = Change { dimension: model.layout().total(), values: change.collect(), ..Change::default() };
        self.rows.iter().for_each(|&row| whole.touch(row as usize * self.outputs, self.outputs));
        whole
    }
}

/// The gradient of one text's loss by its raw outputs, in place.
pub(super) fn loss_gradient(task: &Task, targets: &[Option<Target>], raw: &mut [f32]) {
    for ((head, range), target) in task.ranges().zip(targets) {
        let z = &mut raw[range];
        match target {
            Some(Target::Class(label)) if !head.labels().is_empty() => {
                crate::engine::softmax(z);
                z[*label as usize] -= 1.0;
            }
            Some(Target::Score(value)) => z[0] = 2.0 * (z[0] - value),
            _ => z.fill(0.0),
        }
    }
}

/// Trains the head's touched rows on one device's examples; see [`Engine::train`](crate::Engine::train).
pub(super) fn train(model: &Model, examples: &Examples, training: &LocalTraining, seed: u64) -> Change {
    let outputs = model.task().outputs();
    let (compact, texts) = (examples.compact(), examples.len());
    let mut head = LocalHead::gather(model, compact, outputs);
    let before = head.weights.clone();
    let mut gradient = vec![0.0; head.weights.len()];
    let mut raw = vec![0.0; outputs];
    for epoch in 0..training.epochs {
        let order = epoch_order(training, texts, seed, epoch);
        for batch in order.chunks(batch_size(training, order.len())) {
            gradient.fill(0.0);
            for &i in batch {
                head.forward(compact.text(i), &mut raw);
                loss_gradient(model.task(), &examples.items()[i].targets, &mut raw);
                head.backward(compact.text(i), &raw, &mut gradient);
            }
            let step = (training.learning_rate / batch.len() as f64) as f32;
            let pull = (training.learning_rate * training.proximal_mu) as f32;
            for ((w, g), w0) in head.weights.iter_mut().zip(&gradient).zip(&before) {
                *w -= step * g + pull * (*w - w0);
            }
        }
    }
    head.scatter(&before, model)
}

/// The heads' activated outputs for each text.
pub(super) fn predict(model: &Model, texts: &[&TextVector]) -> Vec<Vec<f32>> {
    let outputs = model.task().outputs();
    let weight = model.tensor("head.weight");
    texts
        .iter()
        .map(|text| {
            let mut raw = vec![0.0; outputs];
            for (&row, &x) in text.indices().iter().zip(text.values()) {
                let at = row as usize * outputs;
                raw.iter_mut().zip(&weight[at..at + outputs]).for_each(|(o, w)| *o += x * w);
            }
            activate(model, &mut raw);
            raw
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::{BagSpec, EncoderSpec};
    use crate::examples::Example;
    use crate::{Engine, NativeEngine};

    fn task() -> Task {
        let encoder = EncoderSpec::Bag(BagSpec { buckets_log2: 8, words: false, ..BagSpec::default() });
        Task::of_labels("t", ["a".into(), "b".into()].into(), encoder).unwrap()
    }

    fn examples() -> Examples {
        let item = |indices: &[u32], label| Example {
            vector: TextVector::from_entries(indices.iter().map(|&i| (i, 0.5)).collect()),
            targets: vec![Some(Target::Class(label))],
        };
        Examples::from_items(vec![item(&[1, 2], 0), item(&[2, 3], 1), item(&[1, 9], 0), item(&[3, 4], 1)])
    }

    fn training(epochs: u32, proximal_mu: f64) -> LocalTraining {
        LocalTraining { epochs, batch: 2, learning_rate: 1.0, proximal_mu, shuffled: true }
    }

    #[test]
    fn training_separates_what_can_be_separated() {
        let model = Model::new(task(), 1);
        let update = NativeEngine.train(&model, &examples(), &training(50, 0.0), 3).unwrap().to_dense();
        let trained = Model::with_values(task(), update).unwrap();
        let data = examples();
        let texts: Vec<_> = data.items().iter().map(|e| &e.vector).collect();
        let predicted = NativeEngine.predict(&trained, &texts).unwrap();
        for (p, e) in predicted.iter().zip(data.items()) {
            let Some(Target::Class(label)) = e.targets[0] else { panic!() };
            assert!(p[label as usize] > 0.8);
        }
    }

    #[test]
    fn untouched_rows_stay_exactly_zero() {
        let update = NativeEngine.train(&Model::new(task(), 1), &examples(), &training(3, 0.0), 3).unwrap().to_dense();
        for row in 0..257 {
            let touched = [1, 2, 3, 4, 9].contains(&row);
            assert_eq!(update[2 * row] != 0.0, touched, "{row}");
        }
    }

    #[test]
    fn the_gradient_is_the_derivative_of_the_loss() {
        // One full-batch step of rate r gives -r times the gradient of the mean loss.
        let base = Model::new(task(), 1);
        let mut values = base.values().to_vec();
        values.iter_mut().enumerate().for_each(|(i, v)| *v = ((i * 37 % 11) as f32 - 5.0) * 0.1);
        let model = Model::with_values(task(), values.clone()).unwrap();
        let one = LocalTraining { epochs: 1, batch: 100, learning_rate: 1.0, proximal_mu: 0.0, shuffled: true };
        let update = NativeEngine.train(&model, &examples(), &one, 1).unwrap().to_dense();
        let loss = |values: &[f32]| -> f64 {
            let model = Model::with_values(task(), values.to_vec()).unwrap();
            let data = examples();
            let texts: Vec<_> = data.items().iter().map(|e| &e.vector).collect();
            let p = NativeEngine.predict(&model, &texts).unwrap();
            p.iter()
                .zip(data.items())
                .map(|(p, e)| match e.targets[0] {
                    Some(Target::Class(l)) => -f64::from(p[l as usize]).ln(),
                    _ => 0.0,
                })
                .sum::<f64>()
                / 4.0
        };
        for i in [2, 3, 6, 18, 19] {
            let (mut up, mut down) = (values.clone(), values.clone());
            up[i] += 1e-2;
            down[i] -= 1e-2;
            let numeric = (loss(&up) - loss(&down)) / 2e-2;
            assert!((numeric + f64::from(update[i])).abs() < 2e-4, "{i}: {numeric} {}", update[i]);
        }
    }

    #[test]
    fn the_proximal_term_holds_the_model_back() {
        let norm = |mu| {
            let update =
                NativeEngine.train(&Model::new(task(), 1), &examples(), &training(20, mu), 3).unwrap().to_dense();
            update.iter().map(|v| v * v).sum::<f32>()
        };
        assert!(norm(0.5) < 0.5 * norm(0.0));
    }
}
