//! What the wire costs: packing vectors, and frames of a control message.
//!
//! Run: `cargo bench -p silhouette-wire --bench wire`
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may panic, and its macros make public items")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use silhouette_wire::{ContentHash, Limits, Nonce, Unpacker, Upload, decode_frame, encode_frame, pack, unpack};

/// Entries of a wide model.
const DIMENSION: usize = 1 << 17;

/// Bytes that arrive at once.
const CHUNK: usize = 64 << 10;

fn packing(c: &mut Criterion) {
    let mut group = c.benchmark_group("pack");
    for bits in [16_u8, 24, 32] {
        let values: Vec<i64> = (0..DIMENSION as i64).map(|i| i * 7919 % 65_536 - 32_768).collect();
        let bytes = pack(&values, bits).unwrap();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("pack", bits), |b| b.iter(|| pack(black_box(&values), bits).unwrap()));
        group.bench_function(BenchmarkId::new("unpack", bits), |b| b.iter(|| unpack(black_box(&bytes), bits).unwrap()));
        group.bench_function(BenchmarkId::new("unpack_as_it_arrives", bits), |b| {
            b.iter(|| {
                let (mut unpacker, mut sum) = (Unpacker::new(bits).unwrap(), 0_i64);
                for chunk in black_box(&bytes).chunks(CHUNK) {
                    unpacker.feed(chunk, |_, value| sum = sum.wrapping_add(value));
                }
                (unpacker.finish().unwrap(), sum)
            });
        });
    }
    group.finish();
}

fn frames(c: &mut Criterion) {
    let upload = Upload {
        task: "news.en-1".parse().unwrap(),
        round: 3,
        nonce: Nonce([9; 16]),
        manifest_hash: ContentHash([4; 32]),
        dimension: 1000,
        modulus_bits: 24,
        byte_len: 3000,
        sha256: ContentHash([5; 32]),
    };
    let frame = encode_frame(&upload).unwrap();
    let limits = Limits::default();
    let mut group = c.benchmark_group("frame");
    group.throughput(Throughput::Bytes(frame.len() as u64));
    group.bench_function("encode", |b| b.iter(|| encode_frame(black_box(&upload)).unwrap()));
    group.bench_function("decode", |b| b.iter(|| decode_frame::<Upload>(&mut black_box(&frame[..]), &limits).unwrap()));
    group.finish();
}

criterion_group!(benches, packing, frames);
criterion_main!(benches);
