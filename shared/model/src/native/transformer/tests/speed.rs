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

fn users(bytes: &[u8]) -> (Vec<Examples>, Vec<u32>, u32) {
    let at = &mut 8;
    let size: Vec<usize> = integers(bytes, at, 11, 4).into_iter().map(|v| v as usize).collect();
    let users = integers(bytes, at, size[4] + 1, 4);
    let offsets = integers(bytes, at, size[5] + 1, 4);
    let tokens = integers(bytes, at, size[6], 2);
    let labels = integers(bytes, at, size[5], 2);
    *at += 4 * (size[7] + 1) + 2 * size[8] + 2 * size[7];
    let schedule = integers(bytes, at, size[9] * size[10], 2);
    let example = |t: usize| {
        let tokens = &tokens[offsets[t] as usize..offsets[t + 1] as usize];
        let vector = TextVector::from_entries(tokens.iter().map(|&id| (id, 1.0)).collect());
        Example { vector, targets: vec![Some(Target::Class(labels[t]))] }
    };
    let length = |u: u32| {
        let [first, last] = [users[u as usize], users[u as usize + 1]];
        offsets[last as usize] - offsets[first as usize]
    };
    let all = schedule.iter().map(|&u| length(u)).sum();
    let examples =
        users.windows(2).map(|w| Examples::from_items((w[0] as usize..w[1] as usize).map(example).collect()));
    (examples.collect(), schedule, all)
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
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("SILHOUETTE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let path = format!("{shared}/bench/peers/data/w1.bin");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIPPED: no file {path}; nothing was timed");
        return;
    };
    let (users, schedule, tokens) = users(&bytes);
    let encoder = EncoderSpec::Transformer(TransformerSpec {
        buckets_log2: 13,
        length: 64,
        dim: 64,
        layers: 2,
        heads: 4,
        feed_forward: 256,
        activation: Activation::Gelu,
    });
    let task = Task::of_labels("peers", (0..16).map(|i| format!("{i:02}")).collect(), encoder).unwrap();
    let model = Model::new(task, 1);
    let training = LocalTraining { epochs: 1, batch: 16, learning_rate: 0.5, proximal_mu: 0.0, shuffled: false };
    let mut best = f64::INFINITY;
    let mut fastest = vec![f64::INFINITY; schedule.len()];
    for _ in 0..std::env::var("REPEATS").map_or(3, |r| r.parse().unwrap()) {
        let (started, busy_before) = (Instant::now(), busy());
        let mut sum = 0.0;
        for (&user, fastest) in schedule.iter().zip(&mut fastest) {
            let begun = Instant::now();
            let change = NativeEngine.train(&model, &users[user as usize], &training, 1).unwrap();
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
