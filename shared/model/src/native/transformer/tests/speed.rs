//! The comparison's workload W2, for whoever looks at speed: `cargo test --release -- --ignored --nocapture w2`.

use std::time::Instant;

use fearless_simd::{Level, dispatch};

use crate::encoder::{Activation, EncoderSpec, TransformerSpec};
use crate::native::gemm::{Matrix, Start, multiply_columns, multiply_rows};
use crate::native::kernels::lanes_of;
use crate::{Engine, Example, Examples, LocalTraining, Model, NativeEngine, Target, Task, TextVector};

/// Integers of a little-endian file, from `at` on.
fn integers(bytes: &[u8], at: &mut usize, count: usize, width: usize) -> Vec<u32> {
    let slice = &bytes[*at..*at + count * width];
    *at += count * width;
    slice.chunks_exact(width).map(|b| b.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))).collect()
}

/// The workload: each user's examples, the test texts, the clients of all rounds, the tokens they train on.
struct Job {
    users: Vec<Examples>,
    test: Examples,
    schedule: Vec<u32>,
    tokens: u32,
}

/// The workload's file in `$SILHOUETTE_SHARED`, or in a folder `shared` beside the checkout.
fn job() -> Option<Job> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("SILHOUETTE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let path = format!("{shared}/bench/peers/data/w1.bin");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIPPED: no file {path}; nothing was run");
        return None;
    };
    Some(read(&bytes))
}

fn examples(offsets: &[u32], tokens: &[u32], labels: &[u32], texts: std::ops::Range<usize>) -> Examples {
    let example = |t: usize| {
        let tokens = &tokens[offsets[t] as usize..offsets[t + 1] as usize];
        let vector = TextVector::from_entries(tokens.iter().map(|&id| (id, 1.0)).collect());
        Example { vector, targets: vec![Some(Target::Class(labels[t]))] }
    };
    Examples::from_items(texts.map(example).collect())
}

fn read(bytes: &[u8]) -> Job {
    let at = &mut 8;
    let size: Vec<usize> = integers(bytes, at, 11, 4).into_iter().map(|v| v as usize).collect();
    let users = integers(bytes, at, size[4] + 1, 4);
    let mut texts = |texts: usize, tokens: usize| {
        (integers(bytes, at, texts + 1, 4), integers(bytes, at, tokens, 2), integers(bytes, at, texts, 2))
    };
    let (offsets, tokens, labels) = texts(size[5], size[6]);
    let (test_offsets, test_tokens, test_labels) = texts(size[7], size[8]);
    let schedule = integers(bytes, at, size[9] * size[10], 2);
    let length = |u: &u32| offsets[users[*u as usize + 1] as usize] - offsets[users[*u as usize] as usize];
    Job {
        users: users.windows(2).map(|w| examples(&offsets, &tokens, &labels, w[0] as usize..w[1] as usize)).collect(),
        test: examples(&test_offsets, &test_tokens, &test_labels, 0..size[7]),
        tokens: schedule.iter().map(length).sum(),
        schedule,
    }
}

fn task() -> Task {
    let encoder = EncoderSpec::Transformer(TransformerSpec {
        buckets_log2: 13,
        length: 64,
        dim: 64,
        layers: 2,
        heads: 4,
        feed_forward: 256,
        activation: Activation::Gelu,
    });
    Task::of_labels("peers", (0..16).map(|i| format!("{i:02}")).collect(), encoder).unwrap()
}

const TRAINING: LocalTraining =
    LocalTraining { epochs: 1, batch: 16, learning_rate: 0.5, proximal_mu: 0.0, shuffled: false };

/// The comparison's initial parameters: each a hash of its place in a flat vector whose linear weights are
/// `[outputs, inputs]`, while ours are `[inputs, outputs]`.
fn initial() -> Model {
    let mut model = Model::new(task(), 0);
    let mut values = model.values().to_vec();
    let mut place = 0;
    for tensor in model.layout().tensors() {
        let slot = &mut values[tensor.range()];
        let (rows, columns) = (tensor.shape[0], tensor.shape.get(1).copied().unwrap_or(1));
        let table = matches!(tensor.name.as_str(), "token" | "position");
        let reach = match tensor.name.as_str() {
            "token" => 3_f64.sqrt(),
            "position" => 0.1,
            _ => (3.0 / rows as f64).sqrt(),
        };
        for (i, v) in slot.iter_mut().enumerate().filter(|_| tensor.shape.len() == 2) {
            let theirs = if table { i } else { i % columns * rows + i / columns };
            *v = (unit(place + theirs as u64) * reach) as f32;
        }
        place += tensor.len() as u64;
    }
    model.set_values(&values).unwrap();
    model
}

/// Uniform in [-1, 1): SplitMix64.
fn unit(i: u64) -> f64 {
    let mut z = (i + 8).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    2.0 * (((z ^ (z >> 31)) >> 40) as f64 * 2_f64.powi(-24)) - 1.0
}

/// Accuracy and mean cross-entropy.
fn evaluate(model: &Model, test: &Examples) -> (f64, f64) {
    let texts: Vec<_> = test.items().iter().map(|e| &e.vector).collect();
    let predicted = NativeEngine.predict(model, &texts).unwrap();
    let (mut right, mut loss) = (0, 0.0);
    for (p, example) in predicted.iter().zip(test.items()) {
        let Some(Target::Class(label)) = example.targets[0] else { continue };
        right += usize::from(p.iter().all(|v| *v <= p[label as usize]));
        loss -= f64::from(p[label as usize]).ln();
    }
    (right as f64 / texts.len() as f64, loss / texts.len() as f64)
}

#[test]
#[ignore = "takes seconds; needs the file of the comparison's workloads"]
fn w2_without_noise_is_the_peers_work() {
    let Some(job) = job() else { return };
    // Rounds 5, 10, 15 and 20 of PyTorch, as the comparison gives them.
    let mut peers = [(0.1696, 2.6069), (0.4041, 2.3493), (0.5578, 2.1393), (0.6595, 1.9582)].into_iter();
    let mut model = initial();
    assert!((model.values()[0] - 0.940_664_8).abs() < 1e-6 && (model.values()[3] + 0.358_645_6).abs() < 1e-6);
    for (round, clients) in job.schedule.chunks(100).enumerate() {
        let mut values = model.values().to_vec();
        for &user in clients {
            let change = NativeEngine.train(&model, &job.users[user as usize], &TRAINING, 1).unwrap().to_dense();
            let norm = change.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
            let share = (0.01 * (0.5 / norm).min(1.0)) as f32;
            values.iter_mut().zip(&change).for_each(|(v, c)| *v += share * c);
        }
        model.set_values(&values).unwrap();
        if round % 5 == 4 {
            let ((accuracy, loss), (theirs, their_loss)) = (evaluate(&model, &job.test), peers.next().unwrap());
            eprintln!("round {}: {accuracy:.4} {loss:.4}; PyTorch {theirs} {their_loss}", round + 1);
            assert!((accuracy - theirs).abs() < 0.02 && (loss - their_loss).abs() < 0.02);
        }
    }
}

/// Seconds that this thread has run on a core: on a busy machine the clock says more than that.
fn busy() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() * 1e-9
}

/// Floating-point operations of the products of one token, there and back, without attention.
const PER_TOKEN: f64 = 3.0 * 2.0 * 2.0 * (4.0 * 64.0 * 64.0 + 2.0 * 64.0 * 256.0);

#[test]
#[ignore = "prints times; needs the file of the comparison's workloads"]
fn w2_on_one_thread() {
    let Some(Job { users, schedule, tokens, .. }) = job() else { return };
    let model = Model::new(task(), 1);
    let mut best = f64::INFINITY;
    let mut fastest = vec![f64::INFINITY; schedule.len()];
    for _ in 0..std::env::var("REPEATS").map_or(3, |r| r.parse().unwrap()) {
        let (started, busy_before) = (Instant::now(), busy());
        let mut sum = 0.0;
        for (&user, fastest) in schedule.iter().zip(&mut fastest) {
            let begun = Instant::now();
            let change = NativeEngine.train(&model, &users[user as usize], &TRAINING, 1).unwrap();
            sum += change.values.iter().map(|v| v.abs()).take(100).sum::<f32>();
            *fastest = fastest.min(begun.elapsed().as_secs_f64());
        }
        let (clock, seconds) = (started.elapsed().as_secs_f64(), busy() - busy_before);
        best = best.min(seconds);
        eprintln!("{seconds:.3} s on a core, {clock:.3} s by the clock; {sum}");
    }
    let rate = |seconds: f64| PER_TOKEN * f64::from(tokens) / seconds * 1e-9;
    eprintln!(
        "W2: {} trainings, {tokens} tokens, best {best:.3} s on a core, {:.1} GFLOP/s",
        schedule.len(),
        rate(best)
    );
    let fastest = fastest.iter().sum();
    eprintln!("W2: each training's best added up: {fastest:.3} s, {:.1} GFLOP/s", rate(fastest));
}

#[test]
#[ignore = "prints times"]
fn w2_peak() {
    for (rows, depth, lanes) in [
        (72_usize, 64_usize, 4_usize),
        (72, 64, 12),
        (72, 64, 16),
        (72, 256, 4),
        (80, 64, 12),
        (20, 16, 2),
        (20, 20, 1),
    ] {
        let (mut a, mut b, mut c) = (Matrix::default(), Matrix::default(), Matrix::default());
        a.shape(rows, lanes_of(depth));
        b.shape(depth, lanes);
        c.shape(rows, lanes);
        let operations = 2.0 * (rows * depth * lanes * 16) as f64;
        let repeats = (2e8 / operations) as usize + 1;
        let time = |work: &mut dyn FnMut()| {
            (0..20).fold(f64::INFINITY, |best: f64, _| {
                let started = Instant::now();
                (0..repeats).for_each(|_| work());
                best.min(started.elapsed().as_secs_f64())
            })
        };
        let by_rows = time(&mut || {
            let size = (rows, depth, lanes);
            dispatch!(Level::new(), simd => multiply_rows(simd, a.view(), b.view(), c.view_mut(), size, Start::Zero));
        });
        // The same product's gradient: [depth, lanes] from [rows, depth] and [rows, lanes].
        let by_columns = time(&mut || {
            let size = (depth, rows, lanes);
            dispatch!(Level::new(), simd => multiply_columns(simd, a.view(), c.view(), b.view_mut(), size, Start::There));
        });
        let rate = |seconds: f64| operations * repeats as f64 / seconds * 1e-9;
        eprintln!("{rows} x {depth} x {}: {:.1} and {:.1} GFLOP/s", lanes * 16, rate(by_rows), rate(by_columns));
    }
}
