//! What a text costs on its way to numbers: clean, segment, hash.
//!
//! Run: `cargo bench -p silhouette-text --bench text`
#![allow(missing_docs, reason = "the macros of criterion make public items")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use silhouette_text::{CleanOptions, Cleaner, NgramHasher, Segmenter};

/// A review of ordinary length in each language, with a little dirt to clean.
const TEXTS: [(&str, &str); 2] = [
    (
        "en",
        "I bought this guitar two months ago &amp; I still play it every evening. The neck is straight, the tuners \
         hold, and the low strings sound warm without buzzing!!!! Shipping took a week; see https://example.com/x \
         for my photos. If you're a beginner, get this one rather than the cheaper model my brother returned.",
    ),
    (
        "zh",
        "这把吉他买了两个月，几乎每天晚上都在弹。琴颈很直，弦钮也稳，低音弦声音温暖，没有杂音！！！！物流用了一个星期，\
         照片見 https://example.com/x 。初學者可以直接選這一款，比我弟弟退掉的那把便宜貨好得多&amp;耐用，客服态度也很好。",
    ),
];

fn texts(c: &mut Criterion) {
    let cleaner = Cleaner::new(CleanOptions::default());
    let hasher = NgramHasher::default();
    for (language, text) in TEXTS {
        let mut group = c.benchmark_group(language);
        let clean = cleaner.clean(text);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::from_parameter("clean"), |b| b.iter(|| cleaner.clean(black_box(text))));
        group.bench_function(BenchmarkId::from_parameter("segment"), |b| {
            b.iter(|| Segmenter::default().tokens(black_box(&clean)).len());
        });
        group
            .bench_function(BenchmarkId::from_parameter("features"), |b| b.iter(|| hasher.features(black_box(&clean))));
        group.bench_function(BenchmarkId::from_parameter("whole"), |b| {
            b.iter(|| hasher.features(&cleaner.clean(black_box(text))));
        });
        group.finish();
    }
}

criterion_group!(benches, texts);
criterion_main!(benches);
