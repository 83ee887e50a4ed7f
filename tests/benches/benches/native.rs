//! What the hand-written engine costs: one device's training of a round, and prediction.
//!
//! Run: `cargo bench -p silhouette-model --bench native`
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may panic, and its macros make public items")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use silhouette_model::{
    BagSpec, EncoderSpec, Engine, Examples, LocalTraining, Model, NativeEngine, Task, TextVector, Vectoriser,
};
use silhouette_text::Event;

/// Texts of one person.
const TEXTS: usize = 30;

/// Words of the made-up texts, a few of each label's.
const WORDS: [&str; 8] = ["guitar", "goal", "recipe", "novel", "flight", "足球", "音乐", "花园"];

fn task() -> Task {
    let labels = WORDS.map(str::to_owned).into();
    Task::of_labels("topic", labels, EncoderSpec::Bag(BagSpec::default())).unwrap()
}

fn events() -> Vec<Event> {
    let event = |i: usize| {
        let [a, b] = [WORDS[i % 8], WORDS[i * 3 % 8]];
        let text =
            format!("The {a} I told you about was better than last year, {b} and all, 今天也说了{a}和{b}的事情。");
        let mut event = Event::new("me", text);
        event.extra.insert("topic".into(), a.into());
        event
    };
    (0..TEXTS).map(event).collect()
}

fn native(c: &mut Criterion) {
    let (task, events) = (task(), events());
    let model = Model::new(task.clone(), 1);
    let vectoriser = Vectoriser::new(&task.encoder).unwrap();
    let examples = Examples::of(&task, &vectoriser, &events).unwrap();
    let vectors: Vec<&TextVector> = examples.items().iter().map(|example| &example.vector).collect();
    // The recipe of the simulator and the demo: one step over all texts of the person.
    let step = LocalTraining { epochs: 1, batch: 65_536, learning_rate: 3.0, proximal_mu: 0.0, shuffled: true };
    let small = LocalTraining { batch: 4, ..step };

    let mut group = c.benchmark_group("native");
    group.throughput(Throughput::Elements(TEXTS as u64));
    group.bench_function("vectorise", |b| {
        b.iter(|| {
            events.iter().map(|event| vectoriser.vectorise(black_box(&event.text)).values().len()).sum::<usize>()
        });
    });
    group.bench_function("train_one_step", |b| {
        b.iter(|| NativeEngine.train(&model, black_box(&examples), &step, 1).unwrap());
    });
    group.bench_function("train_batches_of_four", |b| {
        b.iter(|| NativeEngine.train(&model, black_box(&examples), &small, 1).unwrap());
    });
    group.bench_function("predict", |b| b.iter(|| NativeEngine.predict(&model, black_box(&vectors)).unwrap()));
    group.finish();

    let mut group = c.benchmark_group("model_file");
    let bytes = model.to_safetensors().unwrap();
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("write", |b| b.iter(|| model.to_safetensors().unwrap()));
    group.bench_function("read", |b| b.iter(|| Model::from_safetensors(black_box(&bytes)).unwrap()));
    group.finish();
}

criterion_group!(benches, native);
criterion_main!(benches);
