mod reference;
mod speed;

use fearless_simd::Level;

use self::reference::{erf, loss, outputs};
use super::{Work, train_at};
use crate::encoder::{Activation, EncoderSpec, TransformerSpec};
use crate::native::transformer::predict;
use crate::{Engine, Example, Examples, Head, HeadKind, LocalTraining, Model, NativeEngine, Target, Task, TextVector};

fn spec(dim: usize, heads: usize, feed_forward: usize, activation: Activation) -> TransformerSpec {
    TransformerSpec { buckets_log2: 6, length: 9, dim, layers: 2, heads, feed_forward, activation }
}

/// Widths that fill lanes and tiles, and widths that do not; heads narrower and wider than a lane.
fn specs() -> Vec<TransformerSpec> {
    vec![
        spec(12, 3, 20, Activation::Gelu),
        TransformerSpec { layers: 1, ..spec(64, 4, 256, Activation::Gelu) },
        spec(32, 2, 64, Activation::Relu),
        TransformerSpec { layers: 1, ..spec(40, 2, 100, Activation::Gelu) },
        TransformerSpec { length: 70, layers: 1, ..spec(16, 1, 4, Activation::Relu) },
        spec(5, 5, 7, Activation::Gelu),
    ]
}

fn model(spec: &TransformerSpec) -> Model {
    let classes = |n: usize| HeadKind::Classes { labels: (0..n).map(|i| format!("c{i}")).collect() };
    let head = |name: &str, kind| Head::new(name, name, kind);
    let score = HeadKind::Score { min: 0.0, max: 1.0 };
    let task = Task {
        name: "t".into(),
        encoder: EncoderSpec::Transformer(spec.clone()),
        heads: vec![head("a", classes(3)), head("b", score), head("c", classes(17))],
    };
    let mut values = Model::new(task.clone(), 5).values().to_vec();
    values.iter_mut().enumerate().for_each(|(i, v)| *v += ((i * 31 % 23) as f32 - 11.0) * 0.01);
    Model::with_values(task, values).unwrap()
}

/// Texts of 0 to 13 tokens, some too long for the model, and one of 75; some labels are not known.
fn examples() -> Examples {
    let item = |i: usize| {
        let tokens = if i == 7 { 75 } else { i * 5 % 14 };
        let vector = TextVector::from_entries((0..tokens).map(|t| ((1 + (i * i + t * 7) % 40) as u32, 1.0)).collect());
        let targets = vec![
            (!i.is_multiple_of(4)).then_some(Target::Class(i as u32 % 3)),
            i.is_multiple_of(3).then_some(Target::Score(i as f32 / 30.0)),
            Some(Target::Class(i as u32 % 17)),
        ];
        Example { vector, targets }
    };
    Examples::from_items((0..29).map(item).collect())
}

fn training(batch: u32, epochs: u32) -> LocalTraining {
    LocalTraining { epochs, batch, learning_rate: 0.05, proximal_mu: 0.0, shuffled: true }
}

fn train(model: &Model, training: &LocalTraining) -> Vec<f32> {
    NativeEngine.train(model, &examples(), training, 3).unwrap().to_dense()
}

#[test]
fn the_gradient_is_the_derivative_of_the_loss_by_every_tensor() {
    for spec in specs() {
        let model = model(&spec);
        let data = Examples::from_items(examples().items()[..13].to_vec());
        let whole = LocalTraining { learning_rate: 1.0, ..training(0, 1) };
        let update = NativeEngine.train(&model, &data, &whole, 3).unwrap().to_dense();
        let values: Vec<f64> = model.values().iter().map(|&v| f64::from(v)).collect();
        let at = |i: usize, by: f64| {
            let mut moved = values.clone();
            moved[i] += by;
            loss(&model, &spec, &moved, data.items())
        };
        for tensor in model.layout().tensors() {
            let largest = update[tensor.range()].iter().fold(0_f32, |most, v| most.max(v.abs()));
            // A key's bias adds the same to all of a row's scores, which a softmax does not see.
            let seen = largest > 1e-5 || tensor.name.ends_with("key.bias");
            assert!(seen, "{}: the test sees no gradient", tensor.name);
            for i in tensor.range().step_by((tensor.len() / 5).max(1)) {
                let numeric = (at(i, 1e-6) - at(i, -1e-6)) / 2e-6;
                let error = (numeric + f64::from(update[i])).abs();
                assert!(
                    error < 2e-5 + 1e-4 * f64::from(largest),
                    "{spec:?} {} {i}: {numeric} {}",
                    tensor.name,
                    update[i]
                );
            }
        }
    }
}

#[test]
fn predictions_are_those_of_the_plain_reference() {
    for spec in specs() {
        let (model, data) = (model(&spec), examples());
        let values: Vec<f64> = model.values().iter().map(|&v| f64::from(v)).collect();
        let texts: Vec<&TextVector> = data.items().iter().map(|e| &e.vector).collect();
        let found = predict(&model, &spec, &texts);
        for (found, text) in found.iter().zip(&texts) {
            let mut expected: Vec<f32> = outputs(&spec, &model, &values, text).into_iter().map(|v| v as f32).collect();
            crate::engine::activate(&model, &mut expected);
            found.iter().zip(&expected).for_each(|(f, e)| assert!((f - e).abs() < 2e-5, "{spec:?} {f} {e}"));
        }
    }
}

#[test]
fn the_levels_of_this_machine_agree_to_the_bit() {
    #[cfg(target_arch = "x86_64")]
    if let (Some(narrow), wide @ Level::Avx512(_)) = (Level::new().as_avx2(), Level::new()) {
        for spec in specs() {
            let (model, examples, training) = (model(&spec), examples(), training(8, 2));
            let work = Work { model: &model, spec: &spec, examples: &examples, training: &training };
            let [a, b] = [Level::Avx2(narrow), wide].map(|level| train_at(level, &work, 3));
            assert_eq!(a, b, "{spec:?}");
        }
        return;
    }
    println!("SKIPPED: this machine has not both AVX2 and AVX-512");
}

#[test]
fn a_replica_keeps_nothing_of_what_it_trained_before() {
    let specs = specs();
    let alone: Vec<_> = specs
        .iter()
        .map(|spec| std::thread::scope(|scope| scope.spawn(|| train(&model(spec), &training(4, 1))).join().unwrap()))
        .collect();
    for _ in 0..2 {
        for (spec, alone) in specs.iter().zip(&alone) {
            assert_eq!(&train(&model(spec), &training(4, 1)), alone);
        }
    }
}

#[test]
fn only_rows_and_positions_of_the_texts_change() {
    let spec = &specs()[4];
    let model = model(spec);
    let items = examples().items()[1..6].to_vec();
    let touched: Vec<u32> = items.iter().flat_map(|e| e.vector.indices().to_vec()).collect();
    let longest = items.iter().map(|e| e.vector.indices().len()).max().unwrap();
    let examples = Examples::from_items(items);
    let change = NativeEngine.train(&model, &examples, &training(2, 1), 3).unwrap();
    let held = |entry: usize| change.runs.iter().any(|run| run.range().contains(&entry));
    for row in 0..spec.buckets() {
        assert_eq!(held(row * spec.dim), touched.contains(&(row as u32)), "{row}");
    }
    for place in 0..spec.length {
        assert_eq!(held((spec.buckets() + place) * spec.dim), place < longest, "{place}");
    }
    assert!(held((spec.buckets() + spec.length) * spec.dim) && held(change.dimension - 1));
    assert_eq!(change.runs.iter().map(|r| r.len as usize).sum::<usize>(), change.values.len());
}

#[test]
fn no_examples_and_empty_texts_train_without_harm() {
    let spec = &specs()[0];
    let model = model(spec);
    let none = NativeEngine.train(&model, &Examples::default(), &training(4, 2), 3).unwrap().to_dense();
    assert!(none.iter().all(|&v| v == 0.0));
    let mut empty = examples().items()[1].clone();
    empty.vector = TextVector::default();
    let update = NativeEngine.train(&model, &Examples::from_items(vec![empty; 3]), &training(2, 1), 3).unwrap();
    let update = update.to_dense();
    let bias = model.layout().tensor("head.bias").unwrap().range();
    assert!(update[bias.clone()].iter().all(|v| v.is_finite()) && update[bias.start] != 0.0);
    assert!(update[..bias.start].iter().all(|&v| v == 0.0));
}

#[test]
fn the_proximal_term_is_a_step_back_to_the_start() {
    let spec = &specs()[0];
    let model = model(spec);
    // The first batch ends at w1, where the term is zero still; the second is pulled by mu (w1 - w0).
    let two = |proximal_mu| train(&model, &LocalTraining { proximal_mu, ..training(0, 2) });
    let (one, free, held) = (train(&model, &training(0, 1)), two(0.0), two(0.7));
    for ((one, free), held) in one.iter().zip(free).zip(held) {
        assert!((held - (free - 0.05 * 0.7 * one)).abs() < 1e-6, "{one} {free} {held}");
    }
}

#[test]
fn a_separable_task_is_learned() {
    let spec = spec(16, 2, 32, Activation::Gelu);
    let labels = ["0".to_owned(), "1".to_owned()].into();
    let task = Task::of_labels("t", labels, EncoderSpec::Transformer(spec.clone())).unwrap();
    let model = Model::new(task.clone(), 1);
    let item = |i: u32| Example {
        vector: TextVector::from_entries((0..4).map(|t| (1 + (i * 3 + t * 5) % 20 + 20 * (i % 2), 1.0)).collect()),
        targets: vec![Some(Target::Class(i % 2))],
    };
    let examples = Examples::from_items((0..20).map(item).collect());
    let training = LocalTraining { learning_rate: 0.3, ..training(4, 20) };
    let update = NativeEngine.train(&model, &examples, &training, 1).unwrap().to_dense();
    let trained = model.values().iter().zip(&update).map(|(w, u)| w + u).collect();
    let trained = Model::with_values(task, trained).unwrap();
    let texts: Vec<_> = examples.items().iter().map(|e| &e.vector).collect();
    for (i, p) in NativeEngine.predict(&trained, &texts).unwrap().iter().enumerate() {
        assert!(p[i % 2] > 0.8, "{p:?}");
    }
}

#[test]
fn the_reference_has_the_error_function() {
    // Abramowitz and Stegun, table 7.1.
    for (x, y) in
        [(0.0, 0.0), (0.5, 0.520_499_877_8), (1.0, 0.842_700_792_9), (2.0, 0.995_322_265_0), (-1.5, -0.966_105_146_5)]
    {
        assert!((erf(x) - y).abs() < 1e-10, "{x}");
    }
}
