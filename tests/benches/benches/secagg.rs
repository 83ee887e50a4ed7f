//! What one round of secure aggregation costs a device: `cargo bench -p silhouette-privacy`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench may panic, and its macros document nothing")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::secagg::{
    Adversary, Advertise, Client, Closed, Entropy, GraphParameters, Invited, Policy, Server, Terms,
};
use silhouette_privacy::{Mode, Private, Release, ReleaseParameters, Rounding, release};
use silhouette_wire::message::{SecaggInbox, SecaggRoster, SecaggUnmask};
use silhouette_wire::{ContentHash, DeviceId, Nonce, TaskId};

/// k = 100 neighbours.
const DEVICES: u32 = 101;

/// d' = 2^17 entries.
const DIMENSION: usize = 1 << 17;

fn terms() -> Terms {
    Terms {
        task: TaskId::new("bench").unwrap(),
        round: 1,
        manifest: ContentHash([4; 32]),
        dimension: DIMENSION,
        modulus_bits: 16,
        cohort: DEVICES,
        min_reports: 80,
        corrupt_fraction: 0.1,
        adversary: Adversary::Curious,
        graph: Some(GraphParameters { degree: DEVICES - 1, threshold: 67 }),
        deadline: u64::MAX,
    }
}

fn seed(index: u32) -> [u8; 32] {
    let mut seed = [1; 32];
    seed[..4].copy_from_slice(&index.to_le_bytes());
    seed
}

fn client(index: u32) -> Client {
    let entropy = Entropy::dangerous_for_simulation_only(seed(index));
    let policy = Policy { min_reports: 10 };
    Client::new(Advertise::new(terms(), policy, Nonce([0; 16]), None, entropy).unwrap())
}

fn vector() -> Release {
    let parameters = ReleaseParameters::new(Mode::Central, DIMENSION, 1.0, 1.0, DEVICES, 80).unwrap();
    let noise = parameters.draw_noise(&mut OpenDpNoise::new()).unwrap();
    release(Private::new(vec![0.001_f32; DIMENSION]), &parameters, noise, &mut Rounding::seeded([1; 32])).unwrap()
}

/// What device 0 is told in a round; its keys are the same every time, so it can be told again.
fn round() -> (SecaggRoster, SecaggInbox, SecaggUnmask) {
    let mut clients: Vec<Client> = (0..DEVICES).map(client).collect();
    let id = |index: u32| DeviceId(seed(index));
    let index = |id: DeviceId| u32::from_le_bytes(id.0[..4].try_into().unwrap());
    let invited: Invited = (0..DEVICES).map(|i| (id(i), Nonce([0; 16]))).collect();
    let mut server = Server::new(terms(), invited, None).unwrap();
    for (i, client) in (0..).zip(&mut clients) {
        server.advert(0, id(i), &client.advertise(0).unwrap()).unwrap();
    }
    let Closed::Rosters(rosters) = server.close(0).unwrap() else { unreachable!() };
    for (id, roster) in &rosters {
        server.shares(0, *id, &clients[index(*id) as usize].share(0, roster).unwrap()).unwrap();
    }
    let Closed::Inboxes(inboxes) = server.close(0).unwrap() else { unreachable!() };
    let mut device = 0;
    for (id, inbox) in &inboxes {
        let (message, body) = clients[index(*id) as usize].mask(0, inbox, vector()).unwrap();
        server.masked_input(0, *id, &message, body.as_bytes()).unwrap();
        device += 1;
    }
    assert_eq!(device, DEVICES);
    let Closed::Unmask(requests) = server.close(0).unwrap() else { unreachable!() };
    let of_first = |found: &DeviceId| index(*found) == 0;
    let roster = rosters.into_iter().find(|(id, _)| of_first(id)).unwrap().1;
    let inbox = inboxes.into_iter().find(|(id, _)| of_first(id)).unwrap().1;
    let request = requests.into_iter().find(|(id, _)| of_first(id)).unwrap().1;
    (roster, inbox, request)
}

fn device(criterion: &mut Criterion) {
    let (roster, inbox, request) = round();
    let mut group = criterion.benchmark_group("secagg device, k=100, d=2^17, b=16");
    group.sample_size(20);
    group.bench_function("share", |bencher| {
        let ready = || {
            let mut client = client(0);
            client.advertise(0).unwrap();
            client
        };
        bencher.iter_batched(ready, |mut client| black_box(client.share(0, &roster).unwrap()), BatchSize::PerIteration);
    });
    group.bench_function("masked input", |bencher| {
        let ready = || {
            let mut client = client(0);
            client.advertise(0).unwrap();
            client.share(0, &roster).unwrap();
            (client, vector())
        };
        let mask = |(mut client, vector): (Client, Release)| black_box(client.mask(0, &inbox, vector).unwrap());
        bencher.iter_batched(ready, mask, BatchSize::PerIteration);
    });
    group.bench_function("whole round", |bencher| {
        let run = |(mut client, vector): (Client, Release)| {
            black_box(client.advertise(0).unwrap());
            black_box(client.share(0, &roster).unwrap());
            black_box(client.mask(0, &inbox, vector).unwrap());
            client.unmask(0, &request).unwrap()
        };
        bencher.iter_batched(|| (client(0), vector()), run, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, device);
criterion_main!(benches);
