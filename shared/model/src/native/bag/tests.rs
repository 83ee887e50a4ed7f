use super::*;
use crate::encoder::EncoderSpec;
use crate::examples::Example;
use crate::task::{HeadKind, Task};
use crate::{Engine, NativeEngine};

fn task(dim: usize, hidden: Option<usize>) -> Task {
    let bag = BagSpec { buckets_log2: 6, dim: Some(dim), hidden, words: false, ..BagSpec::default() };
    let labels = (0..5).map(|i| format!("{i}")).collect();
    let mut task = Task::of_labels("t", labels, EncoderSpec::Bag(bag)).unwrap();
    task.heads.push(Head::new("s", "s", HeadKind::Score { min: 0.0, max: 1.0 }));
    task
}

/// No parameter is zero.
fn model(task: &Task) -> Model {
    let n = Model::new(task.clone(), 1).values().len();
    let values = (0..n).map(|i| ((i * 7919 % 2003) as f32 - 1000.5) / 1500.0).collect();
    Model::with_values(task.clone(), values).unwrap()
}

fn examples() -> Examples {
    let item = |i: usize| {
        let entries = (0..i % 4 + 1).map(|j| ((i * 5 + j * 3) as u32 % 23, 0.2 + 0.1 * j as f32)).collect();
        let score = (!i.is_multiple_of(3)).then_some(Target::Score(0.1 * i as f32));
        Example { vector: TextVector::from_entries(entries), targets: vec![Some(Target::Class(i as u32 % 5)), score] }
    };
    let mut items: Vec<Example> = (0..9).map(item).collect();
    items.push(Example { vector: TextVector::default(), targets: vec![Some(Target::Class(2)), None] });
    Examples::from_items(items)
}

fn training(epochs: u32, batch: u32) -> LocalTraining {
    LocalTraining { epochs, batch, learning_rate: 0.5, proximal_mu: 0.0, shuffled: true }
}

/// The mean loss in double precision, written as the definition reads.
fn loss(task: &Task, values: &[f64], spec: &BagSpec, scores: bool) -> f64 {
    let layout = crate::Layout::of(task);
    let tensor = |name: &str| layout.tensor(name).map_or(&[][..], |t| &values[t.range()]);
    let (dim, outputs) = (spec.dim.unwrap(), task.outputs());
    let linear = |x: &[f64], name: &str, width: usize| -> Vec<f64> {
        let (weight, bias) = (tensor(&format!("{name}.weight")), tensor(&format!("{name}.bias")));
        (0..width)
            .map(|o| bias[o] + x.iter().enumerate().map(|(i, x)| x * weight[i * width + o]).sum::<f64>())
            .collect()
    };
    let data = examples();
    let of_text = |example: &Example| -> f64 {
        let mut pooled = vec![0.0; dim];
        for (&row, &x) in example.vector.indices().iter().zip(example.vector.values()) {
            (0..dim).for_each(|d| pooled[d] += f64::from(x) * tensor("table")[row as usize * dim + d]);
        }
        if let Some(hidden) = spec.hidden {
            pooled = linear(&pooled, "hidden", hidden).into_iter().map(|v| v.max(0.0)).collect();
        }
        let raw = linear(&pooled, "head", outputs);
        let classes = match example.targets[0] {
            Some(Target::Class(label)) => raw[..5].iter().map(|z| z.exp()).sum::<f64>().ln() - raw[label as usize],
            _ => 0.0,
        };
        let score = match example.targets[1] {
            Some(Target::Score(value)) if scores => (raw[5] - f64::from(value)).powi(2),
            _ => 0.0,
        };
        classes + score
    };
    data.items().iter().map(of_text).sum::<f64>() / data.len() as f64
}

#[test]
fn one_step_is_the_derivative_of_the_loss() {
    for (dim, hidden) in [(8, None), (16, Some(20)), (5, Some(3)), (64, Some(64))] {
        let task = task(dim, hidden);
        let EncoderSpec::Bag(spec) = task.encoder.clone() else { panic!() };
        let model = model(&task);
        let change = NativeEngine.train(&model, &examples(), &training(1, 100), 1).unwrap().to_dense();
        let values: Vec<f64> = model.values().iter().map(|&v| v.into()).collect();
        for i in (0..values.len()).filter(|i| i % 7 == 0 || *i > 64 * dim) {
            let at = |by: f64| {
                let mut moved = values.clone();
                moved[i] += by;
                loss(&task, &moved, &spec, true)
            };
            let expected = -0.5 * (at(1e-4) - at(-1e-4)) / 2e-4;
            assert!((expected - f64::from(change[i])).abs() < 2e-5, "{dim} {hidden:?} {i}: {expected} {}", change[i]);
        }
    }
}

#[test]
fn rows_that_no_text_touches_are_not_in_the_change() {
    let (task, data) = (task(8, Some(4)), examples());
    let change = NativeEngine.train(&model(&task), &data, &training(3, 4), 1).unwrap();
    let touched: usize = change.runs.iter().map(|run| run.len as usize).sum();
    let small = model(&task).layout().total() - 64 * 8;
    assert_eq!(touched, data.compact().rows.len() * 8 + small);
    let dense = change.to_dense();
    for row in (0..64).filter(|row| !data.compact().rows.contains(row)) {
        assert!(dense[row as usize * 8..][..8].iter().all(|&v| v == 0.0));
    }
}

#[test]
fn what_a_thread_trained_before_changes_nothing() {
    let (wide, narrow) = (task(64, Some(64)), task(5, None));
    let fresh = NativeEngine.train(&model(&narrow), &examples(), &training(2, 3), 9).unwrap();
    NativeEngine.train(&model(&wide), &examples(), &training(2, 3), 9).unwrap();
    assert_eq!(NativeEngine.train(&model(&narrow), &examples(), &training(2, 3), 9).unwrap(), fresh);
}

#[test]
fn the_proximal_term_pulls_back_and_keeps_both_copies_of_a_weight_alike() {
    let task = task(16, Some(20));
    let model = model(&task);
    let train = |proximal_mu| {
        let training = LocalTraining { proximal_mu, ..training(8, 3) };
        let change = NativeEngine.train(&model, &examples(), &training, 3).unwrap();
        change.values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt()
    };
    assert!(train(1.0) < 0.8 * train(0.0));
}

#[test]
fn prediction_is_the_forward_pass() {
    for (dim, hidden) in [(8, None), (20, Some(33))] {
        let task = task(dim, hidden);
        let model = model(&task);
        let EncoderSpec::Bag(spec) = &task.encoder else { panic!() };
        let data = examples();
        let texts: Vec<_> = data.items().iter().map(|e| &e.vector).collect();
        let predicted = NativeEngine.predict(&model, &texts).unwrap();
        // The mean loss says the same of all of them at once; a score is shown within its range, so not that part.
        let label = |e: &Example| match e.targets[0] {
            Some(Target::Class(label)) => label as usize,
            _ => panic!(),
        };
        let loss_of_classes = |(p, e): (&Vec<f32>, &Example)| -f64::from(p[label(e)]).ln();
        let found = predicted.iter().zip(data.items()).map(loss_of_classes).sum::<f64>() / predicted.len() as f64;
        let values: Vec<f64> = model.values().iter().map(|&v| v.into()).collect();
        let expected = loss(&task, &values, spec, false);
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        assert!(predicted.iter().all(|p| (p[..5].iter().sum::<f32>() - 1.0).abs() < 1e-5));
    }
}
