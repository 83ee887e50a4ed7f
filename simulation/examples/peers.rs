//! A fixed federated-learning job that other frameworks do as well, to be timed beside them.
//!
//! Run: `cargo run --release -p silhouette-simulation --example peers -- --workload w1 --data w1.bin`
//!
//! W1 is a small text classifier (an embedding bag with a hidden layer), W2 a small transformer; 20 rounds of 100
//! clients each, who train one epoch of plain SGD from the global model; updates are clipped to 0.5 and their sum
//! gets Gaussian noise of `--noise` times that on every parameter. Prints one line of JSON.
#![allow(clippy::unwrap_used, reason = "an example may panic on what it was not made for")]

use std::time::Instant;

use silhouette_model::{
    Activation, BagSpec, EncoderSpec, Example, Examples, LocalTraining, Model, NativeEngine, Target, Task, TextVector,
    TransformerSpec,
};
use silhouette_privacy::Mode;
use silhouette_query::{OptimiserConfig, OptimiserKind};
use silhouette_simulation::{Dataset, PrivacyChoice, Recipe, SimulationConfig, User, run_from};

/// Local learning rate, clip norm, texts in a batch, rounds between two evaluations.
const LEARNING_RATE: f64 = 0.5;
const CLIP: f64 = 0.5;
const BATCH: u32 = 16;
const EVALUATE_EVERY: u64 = 5;

const USAGE: &str = "usage: peers --workload w1|w2 --data FILE [--noise 0.5] [--threads N] [--rounds 20] [--json]";

struct Options {
    workload: String,
    data: String,
    noise: f64,
    threads: usize,
    rounds: Option<u64>,
}

fn options() -> Result<Options, String> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut options = Options { workload: "w1".into(), data: String::new(), noise: 0.5, threads, rounds: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--json" {
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name}: expected a value\n{USAGE}"))?;
        let wrong = |e: &dyn std::fmt::Display| format!("{name} {value}: {e}\n{USAGE}");
        match name.as_str() {
            "--workload" => options.workload.clone_from(&value),
            "--data" => options.data.clone_from(&value),
            "--noise" => options.noise = value.parse().map_err(|e| wrong(&e))?,
            "--threads" => options.threads = value.parse().map_err(|e| wrong(&e))?,
            "--rounds" => options.rounds = Some(value.parse().map_err(|e| wrong(&e))?),
            _ => return Err(format!("{name}: unknown\n{USAGE}")),
        }
    }
    if options.data.is_empty() || !matches!(options.workload.as_str(), "w1" | "w2") {
        return Err(USAGE.to_owned());
    }
    Ok(options)
}

/// The data file: a header, then arrays of little-endian integers.
struct File {
    bytes: Vec<u8>,
    position: usize,
}

impl File {
    fn integers(&mut self, count: usize, width: usize) -> Vec<u32> {
        let slice = &self.bytes[self.position..self.position + count * width];
        self.position += count * width;
        let value = |b: &[u8]| b.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
        slice.chunks_exact(width).map(value).collect()
    }

    fn texts(&mut self, count: usize, tokens: usize) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
        (self.integers(count + 1, 4), self.integers(tokens, 2), self.integers(count, 2))
    }
}

struct Job {
    train: Vec<User>,
    test: Vec<User>,
    schedule: Vec<Vec<u32>>,
}

fn read(path: &str, transformer: bool) -> Job {
    let mut file = File { bytes: std::fs::read(path).unwrap_or_else(|e| panic!("{path}: {e}")), position: 8 };
    assert!(file.bytes.starts_with(b"SILHW1\0\0"), "{path}: expected the file of the comparison's workloads");
    let header = file.integers(11, 4);
    let size = |i: usize| header[i] as usize;
    let users = file.integers(size(4) + 1, 4);
    let (offsets, tokens, labels) = file.texts(size(5), size(6));
    let (test_offsets, test_tokens, test_labels) = file.texts(size(7), size(8));
    let schedule = file.integers(size(9) * size(10), 2);
    let example = |offsets: &[u32], tokens: &[u32], labels: &[u32], i: usize| Example {
        vector: vector(&tokens[offsets[i] as usize..offsets[i + 1] as usize], transformer),
        targets: vec![Some(Target::Class(labels[i]))],
    };
    let user = |id: String, examples| User { id, examples: Examples::from_items(examples), unseen: Vec::new() };
    let train = users.windows(2).enumerate().map(|(i, w)| {
        user(i.to_string(), (w[0] as usize..w[1] as usize).map(|t| example(&offsets, &tokens, &labels, t)).collect())
    });
    let test = (0..size(7)).map(|t| example(&test_offsets, &test_tokens, &test_labels, t)).collect();
    Job {
        train: train.collect(),
        test: vec![user("test".into(), test)],
        schedule: schedule.chunks_exact(size(10)).map(<[u32]>::to_vec).collect(),
    }
}

/// The bag takes the mean of the tokens' rows, the transformer the tokens in their order.
fn vector(tokens: &[u32], transformer: bool) -> TextVector {
    if transformer {
        return TextVector::from_entries(tokens.iter().map(|&t| (t, 1.0)).collect());
    }
    let mut sorted = tokens.to_vec();
    sorted.sort_unstable();
    let entry = |same: &[u32]| (same[0], same.len() as f32 / tokens.len() as f32);
    TextVector::from_entries(sorted.chunk_by(|a, b| a == b).map(entry).collect())
}

fn encoder(transformer: bool) -> EncoderSpec {
    if transformer {
        let (dim, layers, heads, feed_forward) = (64, 2, 4, 256);
        let activation = Activation::Gelu;
        let spec = TransformerSpec { buckets_log2: 13, length: 64, dim, layers, heads, feed_forward, activation };
        EncoderSpec::Transformer(spec)
    } else {
        let dim = Some(64);
        EncoderSpec::Bag(BagSpec { buckets_log2: 13, dim, hidden: dim, words: false, ..BagSpec::default() })
    }
}

/// The comparison's initial parameters: each a hash of its place in the peers' flat vector, whose linear weights
/// are `[outputs, inputs]` while ours are `[inputs, outputs]`.
fn initial(task: &Task) -> Model {
    let mut model = Model::new(task.clone(), 0);
    let mut values = model.values().to_vec();
    let mut place = 0_u64;
    for tensor in model.layout().tensors() {
        let slot = &mut values[tensor.range()];
        let (rows, columns) = (tensor.shape[0], tensor.shape.get(1).copied().unwrap_or(1));
        let reach = match tensor.name.as_str() {
            "table" | "token" => 3_f64.sqrt(),
            "position" => 0.1,
            _ => (3.0 / rows as f64).sqrt(),
        };
        let table = matches!(tensor.name.as_str(), "table" | "token" | "position");
        if tensor.shape.len() == 2 {
            for row in 0..rows {
                for column in 0..columns {
                    let theirs = if table { row * columns + column } else { column * rows + row };
                    slot[row * columns + column] = (unit(place + theirs as u64) * reach) as f32;
                }
            }
        }
        place += slot.len() as u64;
    }
    model.set_values(&values).unwrap();
    model
}

/// Uniform in [-1, 1): splitmix64.
fn unit(i: u64) -> f64 {
    let mut z = (i + 8).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    2.0 * ((z >> 40) as f64 * 2_f64.powi(-24)) - 1.0
}

/// User and system time of this process so far, in seconds; 0 where there is no `/proc`.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |i: usize| stat.rsplit(") ").next()?.split(' ').nth(i)?.parse::<f64>().ok();
    ticks(11).zip(ticks(12)).map_or(0.0, |(user, system)| (user + system) / 100.0)
}

fn main() -> Result<(), String> {
    let options = options()?;
    let transformer = options.workload == "w2";
    let job = read(&options.data, transformer);
    let labels = (0..16).map(|i| format!("{i:02}")).collect();
    let task = Task::of_labels("peers", labels, encoder(transformer)).unwrap();
    let recipe = Recipe {
        encoder: task.encoder.clone(),
        clip: CLIP,
        training: LocalTraining {
            epochs: 1,
            batch: BATCH,
            learning_rate: LEARNING_RATE,
            proximal_mu: 0.0,
            shuffled: false,
        },
        optimiser: OptimiserConfig {
            kind: OptimiserKind::Sgd,
            learning_rate: 1.0,
            momentum: 0.0,
            averaging: 0.0,
            ..OptimiserConfig::default()
        },
    };
    let rounds = options.rounds.unwrap_or(job.schedule.len() as u64).min(job.schedule.len() as u64);
    let noisy = options.noise > 0.0;
    let budget = PrivacyChoice::Budget { mode: Mode::Central, epsilon: 1.0, delta: 1e-5 };
    let config = SimulationConfig {
        privacy: if noisy { budget } else { PrivacyChoice::None },
        noise_multiplier: noisy.then_some(options.noise),
        rounds,
        schedule: Some(job.schedule[..rounds as usize].to_vec()),
        evaluate_every: EVALUATE_EVERY,
        threads: options.threads,
        ..SimulationConfig::default()
    };
    let data = Dataset::of_examples(task, recipe, job.train, job.test).map_err(|e| e.to_string())?;
    let model = initial(&data.task);
    let (mut seconds, mut evaluations) = (Vec::new(), Vec::new());
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let result = run_from(model, &data, &config, &NativeEngine, &mut |record| {
        seconds.push(record.seconds);
        if let (Some(accuracy), Some(loss)) = (record.accuracy, record.loss) {
            evaluations.push((record.round, accuracy, loss));
        }
    })
    .map_err(|e| e.to_string())?;
    let total = started.elapsed().as_secs_f64();
    let mut sorted = seconds.clone();
    sorted.sort_by(f64::total_cmp);
    let evals: Vec<String> = evaluations.iter().map(|(r, a, l)| format!("[{r}, {a:.4}, {l:.4}]")).collect();
    let last = evaluations.last().copied().unwrap_or_default();
    println!(
        "{{\"peer\": \"silhouette\", \"workload\": \"{}\", \"noise\": {}, \"threads\": {}, \"seconds_total\": {total:.4}, \
         \"cpu_seconds_total\": {:.2}, \"seconds_round_median\": {:.5}, \"seconds_round_min\": {:.5}, \
         \"seconds_round_first\": {:.4}, \"rounds\": {rounds}, \"evals\": [{}], \"accuracy\": {:.4}, \"loss\": {:.4}, \
         \"model_sha256\": \"{}\"}}",
        options.workload.to_uppercase(),
        options.noise,
        options.threads,
        cpu_seconds() - cpu,
        sorted[sorted.len() / 2],
        sorted[0],
        seconds[0],
        evals.join(", "),
        last.1,
        last.2,
        result.rounds.last().map_or("", |record| &record.model_sha256),
    );
    Ok(())
}
