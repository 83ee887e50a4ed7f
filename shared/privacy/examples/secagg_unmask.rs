//! What one round costs the aggregator: a thousand devices, a tenth of which drop out after sharing.
//!
//! `cargo run --release -p silhouette-privacy --example secagg_unmask [devices] [log2 of the
//! dimension] [degree]`; without a degree, the one that the rates imply. Devices run one after the
//! other, so the time of a step is the work of all devices and the aggregator together.
#![allow(clippy::unwrap_used, reason = "an example may panic")]

use std::time::Instant;

use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::secagg::{
    Adversary, Advertise, Client, Closed, Entropy, GraphParameters, Invited, Policy, Server, Terms,
};
use silhouette_privacy::{Mode, Private, Release, ReleaseParameters, Rounding, release};
use silhouette_wire::{ContentHash, DeviceId, Nonce, TaskId};

fn id(index: u32) -> DeviceId {
    let mut id = [1; 32];
    id[..4].copy_from_slice(&index.to_le_bytes());
    DeviceId(id)
}

fn index(id: DeviceId) -> usize {
    u32::from_le_bytes(id.0[..4].try_into().unwrap()) as usize
}

fn vector(dimension: usize) -> Release {
    let parameters = ReleaseParameters::new(Mode::Central, dimension, 1.0, 1.0, 1000, 500).unwrap();
    let noise = parameters.draw_noise(&mut OpenDpNoise::new()).unwrap();
    let update = vec![0.5 / (dimension as f32).sqrt(); dimension];
    release(Private::new(update), &parameters, noise, &mut Rounding::seeded([1; 32])).unwrap()
}

fn main() {
    let argument = |place| std::env::args().nth(place).map(|text| text.parse::<u32>().unwrap());
    let devices = argument(1).unwrap_or(1000);
    let dimension = 1 << argument(2).unwrap_or(17);
    let degree = argument(3);
    let terms = Terms {
        task: TaskId::new("bench").unwrap(),
        round: 1,
        manifest: ContentHash([4; 32]),
        dimension,
        modulus_bits: 16,
        cohort: devices,
        min_reports: devices * 17 / 20,
        corrupt_fraction: 0.05,
        adversary: Adversary::Curious,
        graph: degree.map(|degree| GraphParameters { degree, threshold: degree / 2 }),
        deadline: u64::MAX,
    };
    let graph = terms.graph_parameters(devices).unwrap();
    println!(
        "{devices} devices, 2^{} entries of 16 bits, degree {}, threshold {}",
        dimension.ilog2(),
        graph.degree,
        graph.threshold
    );
    let invited: Invited = (0..devices).map(|i| (id(i), Nonce([0; 16]))).collect();
    let mut server = Server::new(terms.clone(), invited, None).unwrap();
    let start = |_| {
        let entropy = Entropy::from_system().unwrap();
        Client::new(Advertise::new(terms.clone(), Policy { min_reports: 10 }, Nonce([0; 16]), None, entropy).unwrap())
    };
    let mut clients: Vec<Client> = (0..devices).map(start).collect();
    let clock = Instant::now();
    for (i, client) in (0..).zip(&mut clients) {
        server.advert(0, id(i), &client.advertise(0).unwrap()).unwrap();
    }
    let Closed::Rosters(rosters) = server.close(0).unwrap() else { unreachable!() };
    println!("advertise: {:.2} s", clock.elapsed().as_secs_f64());
    let clock = Instant::now();
    for (id, roster) in rosters {
        server.shares(0, id, &clients[index(id)].share(0, &roster).unwrap()).unwrap();
    }
    let Closed::Inboxes(inboxes) = server.close(0).unwrap() else { unreachable!() };
    println!("share: {:.2} s", clock.elapsed().as_secs_f64());
    let clock = Instant::now();
    let mut folding = 0.0;
    for (id, inbox) in inboxes {
        let (message, body) = clients[index(id)].mask(0, &inbox, vector(dimension)).unwrap();
        // One in ten falls silent here.
        if !index(id).is_multiple_of(10) {
            let clock = Instant::now();
            server.masked_input(0, id, &message, body.as_bytes()).unwrap();
            folding += clock.elapsed().as_secs_f64();
        }
    }
    let Closed::Unmask(requests) = server.close(0).unwrap() else { unreachable!() };
    println!(
        "masked input: {:.2} s, of which the aggregator's adding up {folding:.2} s",
        clock.elapsed().as_secs_f64()
    );
    let clock = Instant::now();
    for (id, request) in requests {
        server.revealed(0, id, &clients[index(id)].unmask(0, &request).unwrap()).unwrap();
    }
    println!("reveal: {:.2} s", clock.elapsed().as_secs_f64());
    let clock = Instant::now();
    let Closed::Sum(sum) = server.close(0).unwrap() else { unreachable!() };
    println!("unmask {} survivors: {:.2} s", sum.survivors.len(), clock.elapsed().as_secs_f64());
    let one = silhouette_wire::unpack(vector(dimension).as_bytes(), 16).unwrap();
    let count = sum.survivors.len() as i64;
    // Modulo 2^16, as the sum is.
    assert!(sum.values().iter().zip(&one).all(|(sum, one)| (one * count - sum).rem_euclid(1 << 16) == 0));
}
