//! How long an accountant takes: `cargo bench -p silhouette-privacy --bench accounting`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench may panic")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use silhouette_privacy::accounting::{
    Delta, Epsilon, NoiseMultiplier, Rho, SamplingRate, calibrate,
    pld::PrivacyLoss,
    rdp::{Orders, RdpCurve},
    zcdp,
};

fn accountants(criterion: &mut Criterion) {
    let delta = Delta::new(1e-8).unwrap();
    let (q, z) = (SamplingRate::new(0.0005).unwrap(), NoiseMultiplier::new(1.0).unwrap());
    let mut group = criterion.benchmark_group("accounting");
    group.sample_size(10);
    let rho = Rho::new(0.5).unwrap();
    group.bench_function("zcdp epsilon", |bench| bench.iter(|| zcdp::epsilon(black_box(rho), delta)));
    group.bench_function("rdp epsilon, 20000 sampled rounds", |bench| {
        bench.iter(|| RdpCurve::poisson_gaussian(&Orders::default(), black_box(q), z).repeated(20_000).epsilon(delta));
    });
    let loss = PrivacyLoss::poisson_gaussian(q, z).repeated(20_000).unwrap();
    group.bench_function("pld epsilon, 20000 sampled rounds", |bench| {
        bench.iter(|| black_box(&loss).epsilon(delta).unwrap());
    });
    group.bench_function("pld lower bound, 20000 sampled rounds", |bench| {
        bench.iter(|| black_box(&loss).epsilon_lower(delta).unwrap());
    });
    let plain = PrivacyLoss::gaussian(z).repeated(20_000).unwrap();
    group.bench_function("pld epsilon, 20000 plain rounds", |bench| {
        bench.iter(|| black_box(&plain).epsilon(delta).unwrap());
    });
    let target = Epsilon::new(1.0).unwrap();
    group.bench_function("pld calibration, 1000 sampled rounds", |bench| {
        let q = SamplingRate::new(0.01).unwrap();
        bench.iter(|| calibrate::for_release_by_pld(black_box(target), Delta::new(1e-6).unwrap(), q, 1000).unwrap());
    });
    group.finish();
}

criterion_group!(benches, accountants);
criterion_main!(benches);
