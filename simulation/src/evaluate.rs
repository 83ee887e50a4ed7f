//! How well a model does on people it was never trained on.

use silhouette_model::{Confusion, Engine, EngineError, Model, Target, argmax, user_top1};

use crate::dataset::User;

/// Texts predicted at a time: bounds memory.
const CHUNK: usize = 512;

/// Figures of one model on held-out people, for the task's first classes head.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Counts of (true, predicted).
    pub confusion: Confusion,
    /// Mean cross-entropy, in nats.
    pub loss: f64,
    /// Share of people whose top label is right.
    pub user_top1: f64,
    /// Accuracy of each person's texts.
    pub user_accuracy: Vec<f64>,
}

/// Predicts every text of `users`.
///
/// # Errors
/// When the engine fails.
pub fn evaluate(engine: &dyn Engine, model: &Model, users: &[User]) -> Result<Evaluation, EngineError> {
    let Some((index, range, labels)) = first_classes(model) else { return Ok(Evaluation::default()) };
    let mut confusion = Confusion::new(labels);
    let (mut loss, mut texts, mut hits) = (0.0, 0_u64, 0_u64);
    let mut user_accuracy = Vec::with_capacity(users.len());
    for user in users {
        let mut counts = vec![0_u64; labels];
        let mut mean = vec![0.0_f32; labels];
        let mut right = 0_u64;
        for chunk in user.examples.items().chunks(CHUNK) {
            let vectors: Vec<_> = chunk.iter().map(|e| &e.vector).collect();
            for (outputs, example) in engine.predict(model, &vectors)?.iter().zip(chunk) {
                let Some(Target::Class(truth)) = example.targets[index] else { continue };
                let p = &outputs[range.clone()];
                let predicted = argmax(p);
                confusion.add(truth as usize, predicted);
                counts[truth as usize] += 1;
                right += u64::from(predicted == truth as usize);
                loss -= f64::from(p[truth as usize].max(1e-12)).ln();
                mean.iter_mut().zip(p).for_each(|(m, p)| *m += p);
            }
        }
        let n: u64 = counts.iter().sum();
        texts += n;
        if n > 0 {
            hits += u64::from(user_top1(&counts, &mean));
            user_accuracy.push(right as f64 / n as f64);
        }
    }
    let per = |sum: f64, n: usize| if n > 0 { sum / n as f64 } else { 0.0 };
    Ok(Evaluation {
        loss: per(loss, texts as usize),
        user_top1: per(hits as f64, user_accuracy.len()),
        confusion,
        user_accuracy,
    })
}

fn first_classes(model: &Model) -> Option<(usize, std::ops::Range<usize>, usize)> {
    model
        .task()
        .ranges()
        .enumerate()
        .find(|(_, (head, _))| !head.labels().is_empty())
        .map(|(i, (head, range))| (i, range, head.labels().len()))
}
