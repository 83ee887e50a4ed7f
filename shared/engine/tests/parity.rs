//! Every engine computes the same model: the hand-written one, Burn's CPU backends, and wgpu.
#![cfg(feature = "burn")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use std::io::Write;

use silhouette_engine::{Backend, canary, choose};
use silhouette_model::{
    Activation, BagSpec, EncoderSpec, Engine, Example, Examples, Head, HeadKind, LocalTraining, Model, NativeEngine,
    Target, Task, TransformerSpec, Vectoriser,
};

/// Said past the test harness, which keeps what a passing test prints to itself.
fn skipped(what: &str) {
    let mut out = std::io::stderr().lock();
    writeln!(out, "SKIPPED: {what}").unwrap();
}

fn task(encoder: EncoderSpec) -> Task {
    let classes = |n: usize| HeadKind::Classes { labels: (0..n).map(|i| format!("c{i}")).collect() };
    let head = |name: &str, kind| Head::new(name, name, kind);
    Task {
        name: "parity".into(),
        encoder,
        heads: vec![head("a", classes(3)), head("b", HeadKind::Score { min: 0.0, max: 1.0 }), head("c", classes(2))],
    }
}

fn examples(task: &Task) -> Examples {
    let vectoriser = Vectoriser::new(&task.encoder).unwrap();
    let texts = [
        "a fine guitar",
        "今天的比赛很精彩",
        "",
        "the late train 晚点了",
        "cheap and good",
        "不好吃",
        "one two three four five six seven",
    ];
    let items = texts.iter().enumerate().map(|(i, text)| Example {
        vector: vectoriser.vectorise(text),
        targets: vec![
            (i % 4 != 0).then_some(Target::Class(i as u32 % 3)),
            (i % 2 == 0).then_some(Target::Score(i as f32 / 7.0)),
            Some(Target::Class(i as u32 % 2)),
        ],
    });
    Examples::from_items(items.collect())
}

/// A model whose every parameter is away from zero, so that every gradient is too.
fn model(task: &Task) -> Model {
    let mut values = Model::new(task.clone(), 5).values().to_vec();
    values.iter_mut().enumerate().for_each(|(i, v)| *v += ((i * 31 % 23) as f32 - 11.0) * 0.01);
    Model::with_values(task.clone(), values).unwrap()
}

fn training() -> LocalTraining {
    LocalTraining { epochs: 5, batch: 3, learning_rate: 0.02, proximal_mu: 0.1, shuffled: true }
}

fn encoders() -> [EncoderSpec; 5] {
    [
        EncoderSpec::Bag(BagSpec { buckets_log2: 8, ..BagSpec::default() }),
        EncoderSpec::Bag(BagSpec { buckets_log2: 8, dim: Some(8), ..BagSpec::default() }),
        EncoderSpec::Bag(BagSpec { buckets_log2: 8, dim: Some(8), hidden: Some(12), ..BagSpec::default() }),
        EncoderSpec::Transformer(TransformerSpec { buckets_log2: 8, layers: 2, ..TransformerSpec::default() }),
        EncoderSpec::Transformer(TransformerSpec {
            buckets_log2: 8,
            activation: Activation::Gelu,
            ..TransformerSpec::default()
        }),
    ]
}

fn relative_distance(a: &[f32], b: &[f32]) -> f64 {
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b))) / norm(&mut b.iter().map(|&v| f64::from(v)))
}

fn assert_agree(engine: &dyn Engine, reference: &dyn Engine, encoder: EncoderSpec, tolerance: f64) {
    let task = task(encoder);
    let (model, examples) = (model(&task), examples(&task));
    let a = engine.train(&model, &examples, &training(), 3).unwrap().to_dense();
    let b = reference.train(&model, &examples, &training(), 3).unwrap().to_dense();
    let distance = relative_distance(&a, &b);
    assert!(distance <= tolerance, "{} and {}: {distance:e}", engine.name(), reference.name());
    let texts: Vec<_> = examples.items().iter().map(|e| &e.vector).collect();
    for (a, b) in engine.predict(&model, &texts).unwrap().iter().zip(reference.predict(&model, &texts).unwrap()) {
        a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() <= tolerance as f32, "{a} {b}"));
    }
}

#[test]
fn burn_and_the_hand_written_engine_agree() {
    let flex = choose(Backend::Flex).unwrap().engine;
    for encoder in encoders() {
        assert_agree(&NativeEngine, flex.as_ref(), encoder, 1e-5);
    }
}

#[test]
fn the_two_cpu_backends_agree() {
    let flex = choose(Backend::Flex).unwrap().engine;
    match choose(Backend::Ndarray) {
        Ok(chosen) => encoders().into_iter().for_each(|e| assert_agree(chosen.engine.as_ref(), flex.as_ref(), e, 1e-4)),
        Err(e) => skipped(&format!("{e}; the ndarray backend was NOT checked")),
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_the_cpu() {
    let flex = choose(Backend::Flex).unwrap().engine;
    for encoder in encoders() {
        let task = task(encoder);
        let (model, examples) = (model(&task), examples(&task));
        let once = flex.train(&model, &examples, &training(), 9).unwrap();
        assert_eq!(once, flex.train(&model, &examples, &training(), 9).unwrap());
        assert_ne!(once, flex.train(&model, &examples, &training(), 10).unwrap());
    }
}

#[test]
fn wgpu_agrees_with_the_cpu() {
    let flex = choose(Backend::Flex).unwrap().engine;
    let chosen = match choose(Backend::Wgpu) {
        Ok(chosen) => chosen,
        Err(e) => {
            skipped(&format!("{e}. wgpu was NOT checked against the CPU."));
            // Where a driver was installed on purpose, its absence is a failure.
            assert!(std::env::var_os("SILHOUETTE_REQUIRE_WGPU").is_none(), "{e}");
            return;
        }
    };
    eprintln!("{}", chosen.why);
    for encoder in encoders() {
        assert_agree(chosen.engine.as_ref(), flex.as_ref(), encoder, 1e-3);
    }
    canary(chosen.engine.as_ref(), flex.as_ref()).unwrap();
}

#[test]
fn a_transformer_learns_a_separable_task() {
    let flex = choose(Backend::Flex).unwrap().engine;
    let labels = ["0".to_owned(), "1".to_owned()].into();
    let encoder = EncoderSpec::Transformer(TransformerSpec { buckets_log2: 8, ..TransformerSpec::default() });
    let task = Task::of_labels("t", labels, encoder).unwrap();
    let vectoriser = Vectoriser::new(&task.encoder).unwrap();
    let texts = ["good fine nice", "bad awful poor", "nice and fine", "poor and bad"];
    let items = texts
        .iter()
        .enumerate()
        .map(|(i, t)| Example { vector: vectoriser.vectorise(t), targets: vec![Some(Target::Class(i as u32 % 2))] });
    let examples = Examples::from_items(items.collect());
    let model = Model::new(task.clone(), 1);
    let training = LocalTraining { epochs: 60, batch: 4, learning_rate: 0.3, proximal_mu: 0.0, shuffled: true };
    let update = flex.train(&model, &examples, &training, 1).unwrap().to_dense();
    let trained = model.values().iter().zip(&update).map(|(w, u)| w + u).collect();
    let trained = Model::with_values(task, trained).unwrap();
    let vectors: Vec<_> = examples.items().iter().map(|e| &e.vector).collect();
    for (i, p) in flex.predict(&trained, &vectors).unwrap().iter().enumerate() {
        assert!(p[i % 2] > 0.8, "{p:?}");
    }
}
