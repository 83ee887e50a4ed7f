//! What the one door costs: clip, rotate, round and release; adding up; drawing noise.
//!
//! Run: `cargo bench -p silhouette-privacy --bench release`
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may panic, and its macros make public items")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use silhouette_privacy::noise::simulation::SeededNoise;
use silhouette_privacy::noise::{DyadicSigma, NoiseSource, OpenDpNoise};
use silhouette_privacy::{Accumulator, Mode, Private, ReleaseParameters, Rounding, Update, clip, release, rotate};

/// Dimensions of a small and of a wide model.
const DIMENSIONS: [usize; 2] = [1 << 14, 1 << 17];

/// Of a sparse update, one entry in this many is touched: what a person's texts touch of a bag.
const SPARSITY: usize = 64;

fn parameters(mode: Mode, dimension: usize) -> ReleaseParameters {
    ReleaseParameters::new(mode, dimension, 1.0, 1.0, 100, 80).unwrap()
}

/// A vector longer than the clip norm, so that clipping has work to do.
fn dense(dimension: usize) -> Vec<f32> {
    (0..dimension).map(|i| ((i * 7919 % 2003) as f32 - 1001.0) / 1e4).collect()
}

fn sparse(dimension: usize) -> Update {
    let entries = dense(dimension).into_iter().enumerate().step_by(SPARSITY).map(|(i, v)| (i as u32, v));
    Update::of_entries(dimension, &entries.collect::<Vec<_>>())
}

fn steps(c: &mut Criterion) {
    let mut group = c.benchmark_group("steps");
    for d in DIMENSIONS {
        group.throughput(Throughput::Elements(d as u64));
        group.bench_function(BenchmarkId::new("clip", d), |b| {
            b.iter_batched_ref(|| dense(d), |v| clip(v, 1.0), BatchSize::LargeInput);
        });
        group.bench_function(BenchmarkId::new("rotate", d), |b| {
            b.iter_batched(|| dense(d), |v| rotate(v, 1), BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// Mode central: no noise on the device; packing is part of it.
fn releases(c: &mut Criterion) {
    let mut group = c.benchmark_group("release");
    for d in DIMENSIONS {
        let p = parameters(Mode::Central, d);
        group.throughput(Throughput::Elements(d as u64));
        let mut bench = |name, update: &dyn Fn() -> Update| {
            group.bench_function(BenchmarkId::new(name, d), |b| {
                let setup = || {
                    let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
                    (Private::new(update()), noise, Rounding::seeded([1; 32]))
                };
                let work = |(update, noise, mut rounding)| {
                    let released = release(update, &p, noise, &mut rounding).unwrap();
                    black_box(released.as_bytes().len())
                };
                b.iter_batched(setup, work, BatchSize::LargeInput);
            });
        };
        bench("dense", &|| Update::Dense(dense(d)));
        bench("sparse", &|| sparse(d));
    }
    group.finish();
}

fn folds(c: &mut Criterion) {
    let mut group = c.benchmark_group("fold");
    for d in DIMENSIONS {
        let p = parameters(Mode::Central, d);
        let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let update = Private::new(dense(d));
        let released = release(update, &p, noise, &mut Rounding::seeded([1; 32])).unwrap();
        group.throughput(Throughput::Bytes(p.byte_len() as u64));
        group.bench_function(BenchmarkId::new("bytes", d), |b| {
            let setup = || Accumulator::new(p.clone());
            b.iter_batched_ref(setup, |sum| sum.fold(released.as_bytes()).unwrap(), BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn samplers(c: &mut Criterion) {
    let mut group = c.benchmark_group("discrete_gaussian");
    let sigma = DyadicSigma::rounded_up(16_384.0).unwrap();
    let mut out = vec![0; 10_000];
    group.throughput(Throughput::Elements(out.len() as u64)).sample_size(20);
    group.bench_function("opendp", |b| {
        b.iter(|| OpenDpNoise::new().sample_discrete_gaussian(sigma, black_box(&mut out)).unwrap());
    });
    group.bench_function("seeded", |b| {
        let mut noise = SeededNoise::dangerous_for_simulation_only([1; 32], 0);
        b.iter(|| noise.sample_discrete_gaussian(sigma, black_box(&mut out)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, steps, releases, folds, samplers);
criterion_main!(benches);
